"""Films with transparent parts, of every codec that has them: seen through the service."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image, ImageDraw

from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (128, 72)
VPX = {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "2M", "auto-alt-ref": "0"}
FILMS = {
    "vp9.webm": ("libvpx-vp9", "yuva420p", VPX),
    "vp8.webm": ("libvpx", "yuva420p", VPX),
    "prores.mov": ("prores_ks", "yuva444p10le", {}),
    "png.mov": ("png", "rgba", {}),
    "qtrle.mov": ("qtrle", "argb", {}),
    "ffv1.mkv": ("ffv1", "yuva420p", {}),
}  # fmt: skip


def drawing(number: int, opacity: int = 128) -> Image.Image:
    """Nothing, whose colour is red; a whole green disc that moves; a blue square that lets through."""
    image = Image.new("RGBA", SIZE, (255, 0, 0, opacity and 0 if opacity < 255 else 255))
    pen = ImageDraw.Draw(image)
    pen.ellipse((4 + number, 10, 56 + number, 62), (0, 200, 40, 255))
    pen.rectangle((88, 10, 120, 60), (20, 40, 220, opacity))
    return image


def make(path: Path, opacity: int = 128) -> None:
    codec, form, options = FILMS[path.name]
    with av.open(str(path), "w") as film:
        stream: Any = film.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, form
        stream.codec_context.gop_size = 4
        for number in range(8):
            frame = av.VideoFrame(*SIZE, "rgba")
            plane = frame.planes[0]
            row, data = SIZE[0] * 4, drawing(number, opacity).tobytes()
            lines = (data[at : at + row].ljust(plane.line_size, b"\0") for at in range(0, len(data), row))
            plane.update(b"".join(lines))
            made = frame.reformat(format=form)
            made.pts = number
            film.mux(stream.encode(made))
        film.mux(stream.encode(None))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alpha")
    for name in FILMS:
        make(folder / name)
    return folder


def ask(folder: Path, name: str, process: str, settings: Settings | None = None) -> Image.Image:
    service = Service(settings or Settings(), FolderSource(folder))
    answer = service.answer(Call("GET", f"/{name}", f"x-oss-process=video/snapshot,{process}"))
    assert answer.status == 200, answer.body
    return Image.open(io.BytesIO(answer.body))


def close(got: Any, wanted: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 14 for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("process", ["t_200", "t_200,m_fast", "t_200,w_64", "t_0,h_144"])
def test_png_keeps_it(films: Path, name: str, process: str) -> None:
    """In png the film's transparent parts are transparent, in exact and fast mode, at every size."""
    image = ask(films, name, f"{process},f_png")
    assert image.mode == "RGBA"
    scale = image.width / SIZE[0]
    disc, square, nothing = (image.getpixel((int(x * scale), int(36 * scale))) for x in (32, 104, 76))
    assert close(disc, (0, 200, 40, 255))
    assert close(square, (20, 40, 220, 128))
    assert isinstance(nothing, tuple)
    assert nothing[3] <= 6


@pytest.mark.parametrize("name", FILMS)
def test_jpg_shows_the_background(films: Path, name: str) -> None:
    """In jpg the background shows behind them; the red of what is not there is nowhere to be seen."""
    image = ask(films, name, "t_200", Settings(background="FFFF00"))
    assert image.mode == "RGB"
    assert close(image.getpixel((36, 36)), (0, 200, 40))
    assert close(image.getpixel((104, 36)), (138, 148, 110))
    assert close(image.getpixel((76, 36)), (255, 255, 0))


@pytest.mark.parametrize("name", FILMS)
def test_nothing_bleeds_in(films: Path, name: str) -> None:
    """Made smaller, the edges of what is seen keep its colour: that of what is not there has no weight."""
    image = ask(films, name, "t_0,f_png,w_32")
    # The colours of 4:2:0 film are mixed in the film itself.
    faint = 160 if FILMS[name][1] == "yuva420p" else 64
    for y in range(image.height):
        for x in range(image.width * 5 // 8):
            pixel = image.getpixel((x, y))
            assert isinstance(pixel, tuple)
            assert pixel[3] < faint or pixel[0] <= 60, (x, y, pixel)


@pytest.mark.parametrize("name", ["png.mov", "vp9.webm"])
def test_opaque_films_have_no_alpha(tmp_path: Path, name: str) -> None:
    """A film that could be transparent and is not comes as plain RGB."""
    make(tmp_path / name, opacity=255)
    assert ask(tmp_path, name, "t_0,f_png").mode == "RGB"
