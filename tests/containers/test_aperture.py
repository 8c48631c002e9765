"""The clean aperture of MP4: read from films, and shown where the setting says so."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from framefetch.containers.isobmff.aperture import clean_aperture
from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import RECIPES, make_film
from tests.films.boxes import find, replace_box

if TYPE_CHECKING:
    from pathlib import Path

PATH = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def clap(width: int, height: int, right: int, down: int, scale: int = 1) -> bytes:
    """A `clap` box; offsets are in halves of a sample."""
    numbers = (width * scale, scale, height * scale, scale, right * scale, 2 * scale, down * scale, 2 * scale)
    return box(b"clap", struct.pack(">8i", *numbers))


def header(clap_box: bytes, size: tuple[int, int] = (192, 108)) -> bytes:
    entry = box(b"avc1", bytes(24) + struct.pack(">HH", *size) + bytes(50) + clap_box)
    made = box(b"stsd", struct.pack(">II", 0, 1) + entry)
    for kind in reversed(PATH[:-1]):
        made = box(kind, made)
    return made


@pytest.mark.parametrize(
    ("clap_box", "wanted"),
    [
        (clap(96, 54, 0, 0), (48, 27, 96, 54)),
        (clap(96, 54, 0, 0, scale=90000 // 100), (48, 27, 96, 54)),
        (clap(180, 100, -12, 8), (0, 8, 180, 100)),
        (clap(192, 108, 0, 0), (0, 0, 192, 108)),
        (clap(191, 107, 1, -1), (1, 0, 191, 107)),
        (b"", None),
        (clap(193, 108, 0, 0), None),
        (clap(180, 100, 14, 0), None),
        (clap(0, 54, 0, 0), None),
        (box(b"clap", bytes(32)), None),
        (box(b"clap", bytes(9)), None),
    ],
)
def test_rectangles(clap_box: bytes, wanted: tuple[int, int, int, int] | None) -> None:
    """A clean aperture is where ISO/IEC 14496-12 §12.1.4 puts it; one outside the picture is none."""
    assert clean_aperture(header(clap_box)) == wanted


@given(st.binary(max_size=64), st.integers(0, 200))
def test_any_bytes(noise: bytes, at: int) -> None:
    """Whatever a header film is, it has an aperture within its picture, or none."""
    film = header(clap(96, 54, 0, 0))
    found = clean_aperture(film[:at] + noise + film[at + len(noise) :])
    assert found is None or min(found) >= 0


def with_clap(film: bytes, clap_box: bytes) -> bytes:
    start, stop = find(film, *PATH)
    (entry_size,) = struct.unpack_from(">I", film, start + 16)
    entry = film[start + 16 : start + 16 + entry_size] + clap_box
    entry = struct.pack(">I", len(entry)) + entry[4:]
    new = struct.pack(">I", 16 + len(entry)) + film[start + 4 : start + 16] + entry
    assert start + 16 + entry_size == stop
    return replace_box(film, PATH, new)


def ask(folder: Path, name: str, aperture: str) -> Image.Image:
    service = Service(Settings(aperture=aperture), FolderSource(folder))
    answer = service.answer(Call("GET", f"/{name}", "x-oss-process=video/snapshot,t_0,f_png"))
    assert answer.status == 200, answer.body
    return Image.open(io.BytesIO(answer.body)).convert("RGB")


def test_films(tmp_path: Path) -> None:
    """A film with a clean aperture is cut to it where the setting says so, and shown as a whole without."""
    film = make_film(RECIPES["h264-mp4-end"], tmp_path)
    (tmp_path / "clap.mp4").write_bytes(with_clap(film.path.read_bytes(), clap(100, 50, -12, 8)))
    whole = ask(tmp_path, "clap.mp4", "full")
    assert whole.size == film.display
    cut = ask(tmp_path, "clap.mp4", "clean")
    assert cut.size == (100, 50)
    difference = ImageChops.difference(cut, whole.crop((40, 33, 140, 83)))
    # The colours of the lines at the edges have lost their neighbours.
    assert max(ImageStat.Stat(difference).mean) <= 1.5
    assert ask(tmp_path, "h264-mp4-end.mp4", "clean").size == film.display


def test_real_film(corpus: Path) -> None:
    """A real film with a clean aperture in its middle comes in just that size."""
    assert ask(corpus / "files", "der__clap_centred_640x272.mp4", "full").size == (1280, 544)
    assert ask(corpus / "files", "der__clap_centred_640x272.mp4", "clean").size == (640, 272)
