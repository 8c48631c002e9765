"""The ways to get a picture that are compared. Each is a class with a name, a `prepare` and a `run`.

`run` is what is measured: a URL and a time in, an encoded 800x450 picture out. A way whose program or
package is absent is left out, by name.
"""

from __future__ import annotations

import http.client
import importlib
import importlib.util
import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

WIDTH, HEIGHT = 800, 450
_BLOCK_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Ask:
    """One picture to get.

    Attributes:
        url: of the film, with the latency in its path.
        at_ms: the time wanted.
        fast: whether the keyframe before it will do.
    """

    url: str
    at_ms: int
    fast: bool


class Way:
    """Gets pictures inside a process that has done it before."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Packages."""

    def prepare(self, ask: Ask) -> None:
        """What is done before the clock runs."""

    def run(self, ask: Ask) -> tuple[bytes, float | None]:
        """The encoded picture, and its time in ms where it is told."""
        raise NotImplementedError


class Framefetch(Way):
    """One call of the service, with its real HTTP client; nothing is kept from earlier calls."""

    name = "framefetch, cold"
    index = "own"

    def __init__(self) -> None:
        from framefetch.server.allocator import return_freed_memory  # noqa: PLC0415 - must not count as the bench's own

        # As `framefetch serve` does: what one picture leaves in the heap would count as the next one's.
        return_freed_memory()
        from framefetch.snapshot import Service  # noqa: F401, PLC0415 - imported before the first call
        from framefetch.sources.http import HttpSource  # noqa: F401, PLC0415 - likewise

    def prepare(self, ask: Ask) -> None:
        self.service, self.call = self.made(ask)

    def made(self, ask: Ask) -> tuple[Any, Any]:
        """A service over the film's folder, and the call for the picture."""
        from framefetch.http.call import Call  # noqa: PLC0415
        from framefetch.snapshot import Service  # noqa: PLC0415
        from framefetch.sources.locate import open_source  # noqa: PLC0415

        prefix, _, name = ask.url.rpartition("/")
        settings = settings_of(networks=("127.0.0.0/8",), timeout_s=120.0, access="public", index=self.index)
        mode = ",m_fast" if ask.fast else ""
        process = f"x-oss-process=video/snapshot,t_{ask.at_ms},f_jpg,w_{WIDTH},h_{HEIGHT}{mode}"
        return Service(settings, open_source(prefix, settings)), Call("GET", f"/{name}", process)

    def run(self, ask: Ask) -> tuple[bytes, float | None]:
        answer = self.service.answer(self.call)
        if answer.status != 200:
            message = f"{answer.status}: {answer.body[:400]!r}"
            raise RuntimeError(message)
        return answer.body, float(answer.header("x-framefetch-time"))


class FramefetchCached(Framefetch):
    """The same service is called again: what it keeps between calls counts."""

    name = "framefetch, index cached"

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[Ask, tuple[Any, Any]] = {}

    def prepare(self, ask: Ask) -> None:
        is_first = ask not in self._made
        if is_first:
            self._made[ask] = self.made(ask)
        self.service, self.call = self._made[ask]
        if is_first:
            self.run(ask)


class FramefetchGeneric(Framefetch):
    """The path for containers without an own index reader, made to take this one too."""

    name = "framefetch, FFmpeg's demuxer"
    index = "generic"


def settings_of(**values: Any) -> Any:
    """Settings with these values, but for those that this version does not have."""
    from framefetch.settings import Settings  # noqa: PLC0415

    known = {one.name for one in Settings.table()}
    return Settings(**{name: value for name, value in values.items() if name in known})


class Blocks(io.RawIOBase):
    """A file over blocks of 256 KiB, each fetched once: what one writes in a first hour."""

    def __init__(self, url: str) -> None:
        super().__init__()
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._path = parts.path
        self._blocks: dict[int, bytes] = {}
        self._position = 0
        self._size = 0
        self._block(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        left = self._size - self._position
        size = left if size < 0 else max(0, min(size, left))
        nth, at = divmod(self._position, _BLOCK_BYTES)
        piece = self._block(nth)[at : at + size] if size else b""
        self._position += len(piece)
        return piece

    def close(self) -> None:
        self._connection.close()
        super().close()

    def _block(self, nth: int) -> bytes:
        if nth not in self._blocks:
            start = nth * _BLOCK_BYTES
            self._connection.request(
                "GET", self._path, headers={"Range": f"bytes={start}-{start + _BLOCK_BYTES - 1}"}
            )
            answer = self._connection.getresponse()
            self._blocks[nth] = answer.read()
            self._size = int(answer.headers["Content-Range"].rpartition("/")[2])
        return self._blocks[nth]


def picture_of(file: Any, ask: Ask) -> bytes:
    """Seeks and decodes with PyAV, as its documentation does."""
    import av  # noqa: PLC0415 - only in the processes that need it
    from PIL import Image  # noqa: PLC0415

    with av.open(file) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if ask.fast:
            stream.codec_context.skip_frame = "NONKEY"
        container.seek(ask.at_ms * 1000)
        for frame in container.decode(stream):
            # A picture lasts until the next one comes.
            if ask.fast or (frame.time or 0) * 1000 + 1000 / 30 - 0.5 > ask.at_ms:
                break
        small = frame.reformat(WIDTH, HEIGHT, "rgb24")
        plane = small.planes[0]
        image = Image.frombuffer("RGB", (WIDTH, HEIGHT), bytes(plane), "raw", "RGB", plane.line_size, 1)
        return jpeg(image)


def jpeg(image: Any) -> bytes:
    """As framefetch encodes by default."""
    target = io.BytesIO()
    image.save(target, "JPEG", quality=85)
    return target.getvalue()


class PyavBlocks(Way):
    """PyAV over a file of blocks."""

    name = "PyAV over 256 KiB blocks"
    needs: ClassVar[tuple[str, ...]] = ("av",)

    def __init__(self) -> None:
        for package in ("av", "PIL.Image"):
            importlib.import_module(package)

    def run(self, ask: Ask) -> tuple[bytes, float | None]:
        with Blocks(ask.url) as file:
            return picture_of(file, ask), None


class PyavFsspec(PyavBlocks):
    """PyAV over fsspec's file, as it comes."""

    name = "PyAV over fsspec"
    needs = ("av", "fsspec", "aiohttp")

    def __init__(self) -> None:
        super().__init__()
        self._files = importlib.import_module("fsspec").filesystem("http")

    def run(self, ask: Ask) -> tuple[bytes, float | None]:
        with self._files.open(ask.url) as file:
            return picture_of(file, ask), None


class Download(PyavBlocks):
    """The whole film into memory, then PyAV."""

    name = "download all, then PyAV"

    def run(self, ask: Ask) -> tuple[bytes, float | None]:
        parts = urlsplit(ask.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        connection.request("GET", parts.path)
        film = io.BytesIO(connection.getresponse().read())
        connection.close()
        return picture_of(film, ask), None


class OpenCv(Way):
    """OpenCV's VideoCapture on the URL."""

    name = "OpenCV VideoCapture"
    needs = ("cv2",)

    def __init__(self) -> None:
        self._cv2 = importlib.import_module("cv2")

    def run(self, ask: Ask) -> tuple[bytes, float | None]:
        cv2 = self._cv2
        capture = cv2.VideoCapture(ask.url, cv2.CAP_FFMPEG)
        capture.set(cv2.CAP_PROP_POS_MSEC, ask.at_ms)
        there, picture = capture.read()
        capture.release()
        if not there:
            message = "no picture"
            raise RuntimeError(message)
        small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return cv2.imencode(".jpg", small)[1].tobytes(), None


class Torchcodec(Way):
    """torchcodec's VideoDecoder on the URL, with --with-torch."""

    name = "torchcodec"
    needs = ("torch", "torchcodec")

    def __init__(self) -> None:
        self._decoders = importlib.import_module("torchcodec.decoders")

    def run(self, ask: Ask) -> tuple[bytes, float | None]:
        from PIL import Image  # noqa: PLC0415 - only in the processes that need it

        decoder = self._decoders.VideoDecoder(ask.url, dimension_order="NHWC", seek_mode="approximate")
        picture = decoder.get_frame_played_at(ask.at_ms / 1000).data.numpy()
        return jpeg(Image.fromarray(picture).resize((WIDTH, HEIGHT))), None


CALLS: dict[str, type[Way]] = {
    way.name: way
    for way in (
        Framefetch,
        FramefetchCached,
        FramefetchGeneric,
        PyavBlocks,
        PyavFsspec,
        Download,
        OpenCv,
        Torchcodec,
    )
}

COLD, CACHED, GENERIC = Framefetch.name, FramefetchCached.name, FramefetchGeneric.name
BLOCKS, FSSPEC, DOWNLOAD = PyavBlocks.name, PyavFsspec.name, Download.name
OPENCV, TORCH = OpenCv.name, Torchcodec.name
PROCESS = "framefetch, new process"
FFMPEG, FFMPEG_KEY, FFMPEG_START = "ffmpeg -ss", "ffmpeg -skip_frame nokey", "ffmpeg -version"
FFMPEG_KEY_BEFORE = "ffmpeg -threads 1 -noaccurate_seek -skip_frame nokey"


def command(name: str, ask: Ask) -> list[str]:
    """The command of a way that is a process."""
    if name == PROCESS:
        program = str(Path(sys.executable).with_name("framefetch"))
        picture = ["-t", str(ask.at_ms), "-W", str(WIDTH), "-H", str(HEIGHT), "-f", "jpg", "-o", "-"]
        return [program, "snapshot", ask.url, *picture, *(["--fast"] if ask.fast else [])]
    if name == FFMPEG_START:
        return ["ffmpeg", "-version"]
    before = {
        FFMPEG: [],
        FFMPEG_KEY: ["-skip_frame", "nokey"],
        FFMPEG_KEY_BEFORE: ["-threads", "1", "-noaccurate_seek", "-skip_frame", "nokey"],
    }[name]
    return [
        *("ffmpeg", "-nostdin", "-v", "error", *before, "-ss", f"{ask.at_ms / 1000:.3f}", "-i", ask.url),
        *("-frames:v", "1", "-vf", f"scale={WIDTH}:{HEIGHT}", "-c:v", "mjpeg", "-f", "image2pipe", "-"),
    ]


def absent(name: str) -> str | None:
    """What is missing for a way, if anything is."""
    if name in CALLS:
        for package in CALLS[name].needs:
            if importlib.util.find_spec(package) is None:
                return f"needs {package}"
        return None
    program = command(name, Ask("", 0, fast=False))[0]
    return None if shutil.which(program) else f"needs {program}"
