"""What is in the layer that `layer/build.py` makes, and what is not."""

from __future__ import annotations

import json
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.containers.sniff import RULES
from framefetch.draw.filters import FILTERS
from framefetch.errors import UnsupportedCodec
from framefetch.ffmpeg.opening import DECODERS
from tests.artifact.layer import ARCH, OBJDUMP, built, unzipped_bytes
from tests.artifact.test_versions_lock import LOCK, NOT_SLIM, PROBES
from tests.films import make_film
from tests.films.compatibility import ROWS
from tests.films.unsupported import UNSUPPORTED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.artifact.layer import Bare

EVERYTHING = """
import av, ctypes, glob, json, sys
from av.filter import filters_available
import framefetch.aws, PIL, obstore, urllib3, aws_lambda_powertools
library = ctypes.CDLL(glob.glob(sys.argv[1] + "/python/av.libs/libavformat*")[0])
library.avio_enum_protocols.restype = library.avformat_license.restype = ctypes.c_char_p
protocols = [library.avio_enum_protocols(ctypes.byref(ctypes.c_void_p()), output) for output in (0, 1)]
from PIL import features
print(json.dumps({
    "codecs": sorted(av.codecs_available), "formats": sorted(av.formats_available),
    "filters": sorted(filters_available), "protocols": [one.decode() for one in protocols if one],
    "licence": library.avformat_license().decode(), "webp": features.check("webp"),
    "avif": features.check("avif"), "outside": [
        module.__file__ for module in list(sys.modules.values())
        if getattr(module, "__file__", None) and "site-packages" in module.__file__],
}))
"""

CLOSED = """
import resource, sys
from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource, StoredFile
import os
from PIL import Image
Image.init()

film = os.open(sys.argv[1], os.O_RDONLY)

class Kept(StoredFile):
    def close(self):
        pass

class Opened(FolderSource):
    def open(self, key):
        return Kept(film)

form = sys.argv[2]
service = Service(Settings(), Opened("."))

def ask(at_ms):
    return service.answer(Call("GET", "/film", f"x-oss-process=video/snapshot,t_{at_ms},w_64,f_{form}"))

# What is imported late is there after the first picture.
ask(3000)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
try:
    open("/dev/null")
except OSError:
    pass
else:
    sys.exit("files can still be opened")
answer = ask(1000)
sys.stderr.write(repr(answer.status) + repr(answer.body[:600]) if answer.status != 200 else "")
sys.stdout.buffer.write(answer.body)
sys.exit(answer.status != 200)
"""


PICTURES = """
import json, sys
from io import BytesIO
from PIL import Image
from framefetch.http.call import Call
from framefetch.server.sample import read_frame_number
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource

found = {}
for name in sys.argv[2:]:
    service = Service(Settings(), FolderSource(sys.argv[1]))
    answer = service.answer(Call("GET", "/" + name, "x-oss-process=video/snapshot,t_300,f_png"))
    found[name] = (
        read_frame_number(Image.open(BytesIO(answer.body)).convert("RGB"))
        if answer.status == 200 else answer.body.decode()
    )
print(json.dumps(found))
"""


def test_size() -> None:
    """Layer and function are at most 26 MB zipped and 66 MB unpacked; the layer for OSS 10 and 32.

    For arm64, whose linkers align to 64 KiB in each of a hundred modules, 76 MB unpacked.
    """
    main, function, oss = built("layer"), built("function"), built("oss-layer")
    assert main.stat().st_size + function.stat().st_size <= 26e6
    assert unzipped_bytes(main) + unzipped_bytes(function) <= (66e6 if ARCH == "x86_64" else 76e6)
    assert oss.stat().st_size <= 10e6
    assert unzipped_bytes(oss) <= 32e6


def test_glibc(bare: Bare) -> None:
    """No library of the layer asks for a glibc that is newer than the floor."""
    floor = tuple(int(part) for part in LOCK["glibc"]["floor"].split("."))
    libraries = sorted(bare.layer.rglob("*.so*"))
    assert len(libraries) > 40
    for library in libraries:
        asked = subprocess.run([OBJDUMP, "-T", library], capture_output=True, text=True, check=True).stdout
        for word in asked.split():
            if word.strip("()").startswith("GLIBC_2."):
                version = tuple(int(part) for part in word.strip("()").removeprefix("GLIBC_").split(".")[:2])
                assert version <= floor, f"{library.name}: {word}"


def test_nothing_else_is_in_it(bare: Bare) -> None:
    """FFmpeg has the program's decoders, demuxers and filters, no protocol, no encoder, and is LGPL."""
    has = json.loads(bare.run(EVERYTHING, str(bare.layer)))
    assert set(has["codecs"]) >= set(DECODERS) - NOT_SLIM
    assert has["protocols"] == []
    formats = {name for one in has["formats"] for name in one.split(",")}
    assert formats.isdisjoint({"hls", "dash", "concat", "sdp", "rtsp", "rtp", "image2", "lavfi", "tty"})
    assert formats >= {name for name, _ in RULES}
    assert len(has["formats"]) == len(RULES) + len(PROBES)
    assert set(has["filters"]) >= set(FILTERS)
    assert len(has["filters"]) < 16
    assert has["licence"].startswith("LGPL")
    assert has["webp"]
    assert has["avif"]
    assert has["outside"] == []


@pytest.mark.parametrize(
    ("form", "name"), [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("avif", "AVIF")]
)
def test_picture_with_files_and_network_closed(bare: Bare, sample_film: Path, form: str, name: str) -> None:
    """A picture is taken by a warm process that can open no file and no socket any more."""
    image = bare.run(CLOSED, str(sample_film), form)
    with Image.open(BytesIO(image)) as picture:
        assert picture.format == name
        assert picture.width == 64


def test_the_right_picture_of_every_codec(bare: Bare, tmp_path: Path) -> None:
    """Every codec and depth that the manual's table has, out of one container each."""
    films = [make_film(next(row.recipes())[1], tmp_path) for row in ROWS]
    found = json.loads(bare.run(PICTURES, str(tmp_path), *(film.path.name for film in films)))
    assert found == {film.path.name: film.exact(300).number for film in films}


def test_other_codecs_are_refused_by_name(bare: Bare, tmp_path: Path) -> None:
    """What the slim FFmpeg has no decoder for is refused all the same, by what the file calls its codec."""
    marks = {
        make_film(recipe, tmp_path).path.name: mark
        for row, mark in UNSUPPORTED
        for _, recipe in row.recipes()
    }
    found = json.loads(bare.run(PICTURES, str(tmp_path), *marks))
    for name, mark in marks.items():
        assert f"<Message>The video codec {mark} is not supported.</Message>" in found[name]
        assert f"<EC>{UnsupportedCodec.default_ec}</EC>" in found[name]


def test_byte_code_and_papers(bare: Bare) -> None:
    """Every module has its byte code beside it, every package its licence, and the bill names them."""
    for folder in (bare.layer / "python", bare.function):
        modules = list(folder.rglob("*.py"))
        assert modules
        for path in modules:
            assert (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").is_file(), path
    bill = json.loads((bare.layer / "sbom.json").read_text())
    named = {one["name"].lower() for one in bill["components"]}
    assert named >= {"av", "pillow", "obstore", "urllib3", *(one["name"] for one in LOCK["source"])}
    licences = {path.name.rpartition("-")[0] for path in (bare.layer / "licences").iterdir()}
    assert licences >= {"av", "pillow", "ffmpeg", "dav1d", "libvpx", "zlib"}
