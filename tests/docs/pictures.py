"""The manual's pictures of what is done to a film's colours and shape: ``python -m tests.docs.pictures``.

The sample film's scene is coded as HDR10 (its brightest parts brighter than paper white, as a camera sees
them), and as anamorphic SD; the films go through the service. Left is what the samples show when the tags
are not obeyed, right is framefetch's picture.
"""

from __future__ import annotations

import io
import struct
import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from PIL import Image

from framefetch.http.call import Call
from framefetch.server.sample import frame_code
from framefetch.server.sample_picture import Painter
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.draw.light import pq_signal, srgb_light

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SIZE = (480, 270)
_709_TO_2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))
_X265 = (
    # One thread, nothing to reorder: with x265's own choice the muxer once refused the one picture.
    "bframes=0:frame-threads=1:pools=none:log-level=none"
    ":colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited"
)


@cache
def scene(size: tuple[int, int]) -> Image.Image:
    """The picture at 6 s of the sample film."""
    return Painter().paint(0.5, frame_code(150), "150", "").resize(size, Image.Resampling.LANCZOS)


def hdr_film(path: Path) -> None:
    """The scene as HDR10, in the light that a camera would have recorded."""
    frame = av.VideoFrame(*SIZE, "gbrp16le")
    light = [srgb_light(level / 255) * 203 for level in range(256)]
    rows: list[list[bytes]] = [[], [], []]
    signals: dict[int, int] = {}
    for y in range(SIZE[1]):
        line: list[list[int]] = [[], [], []]
        for x in range(SIZE[0]):
            pixel = scene(SIZE).getpixel((x, y))
            assert isinstance(pixel, tuple)
            r, g, b = (light[level] for level in pixel)
            # What is near paper white in the drawing shines.
            shine = 1 + 3.5 * (max(r, g, b) / 203) ** 6
            for at, row in zip((2, 0, 1), _709_TO_2020, strict=True):
                nits = round((row[0] * r + row[1] * g + row[2] * b) * shine)
                line[at].append(signals.setdefault(nits, round(pq_signal(nits) * 65535)))
        for at in range(3):
            packed = struct.pack(f"<{SIZE[0]}H", *line[at])
            rows[at].append(packed.ljust(frame.planes[at].line_size, b"\0"))
    for plane, lines in zip(frame.planes, rows, strict=True):
        plane.update(b"".join(lines))
    coded = frame.reformat(format="yuv420p10le", dst_colorspace="bt2020", dst_color_range="MPEG")
    encode(path, coded, "libx265", {"preset": "fast", "crf": "12", "x265-params": _X265})


def wide_film(path: Path) -> None:
    """The scene as PAL's 720 x 576 for wide screens, whose samples are 64:45 wide."""
    frame = av.VideoFrame.from_image(scene((720, 576))).reformat(format="yuv420p")  # type: ignore[no-untyped-call]
    encode(path, frame, "libx264", {"crf": "12"}, Fraction(64, 45))


def encode(
    path: Path, frame: av.VideoFrame, codec: str, options: dict[str, str], sar: Fraction | None = None
) -> None:
    """A film of one picture."""
    with av.open(str(path), "w") as film:
        stream: Any = film.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        if sar:
            stream.codec_context.sample_aspect_ratio = sar
        frame.pts = 0
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


def ask(path: Path, process: str, settings: Settings | None = None) -> Image.Image:
    """The service's picture."""
    service = Service(settings or Settings(), FolderSource(path.parent))
    answer = service.answer(Call("GET", f"/{path.name}", f"x-oss-process=video/snapshot,f_png,{process}"))
    assert answer.status == 200, answer.body
    return Image.open(io.BytesIO(answer.body)).convert("RGB")


def untold(path: Path) -> Image.Image:
    """What the samples of an HDR film look like to a program that takes them for SDR."""
    with av.open(str(path)) as film:
        frame = next(film.decode(video=0))
    image: Image.Image = frame.reformat(format="rgb24", src_colorspace="bt2020").to_image()  # type: ignore[no-untyped-call]
    return image


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures of one height, with a gap between."""
    both = Image.new("RGB", (left.width + 8 + right.width, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + 8, 0))
    return both


def hdr(folder: Path) -> Image.Image:
    """HDR10 taken for SDR, and tone-mapped."""
    hdr_film(folder / "hdr.mp4")
    return beside(untold(folder / "hdr.mp4"), ask(folder / "hdr.mp4", "t_0"))


def sar(folder: Path) -> Image.Image:
    """Anamorphic SD as it is stored, and as it is shown."""
    wide_film(folder / "wide.mp4")
    stored = ask(folder / "wide.mp4", "t_0,h_270", Settings(aspect="coded"))
    return beside(stored, ask(folder / "wide.mp4", "t_0,h_270"))


PICTURES: dict[str, Callable[[Path], Image.Image]] = {"hdr-before-after": hdr, "sar-before-after": sar}

if __name__ == "__main__":
    for name, make in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder)).save(FOLDER / f"{name}.jpg", quality=85)
