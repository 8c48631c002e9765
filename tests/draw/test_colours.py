"""Colours: right to half a level against exact arithmetic, whatever the film's matrix, range and depth."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import av
import pytest

from framefetch.draw import draw
from framefetch.process import SnapshotRequest
from framefetch.settings import Settings
from tests.draw.pictures import FULL, KR_KB, LIMITED, exact_rgb, flat, patterned, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

FORMATS = {
    "yuv420p": 8, "yuv422p": 8, "yuv444p": 8, "yuvj420p": 8, "yuvj422p": 8, "yuvj444p": 8,
    "yuv420p10le": 10, "yuv422p10le": 10, "yuv444p10le": 10, "yuv420p12le": 12, "yuv444p12le": 12,
}  # fmt: skip
"""Pixel format -> bits a sample."""
SMALL, HD = (64, 48), (1280, 720)


def drawn(frame: av.VideoFrame, request: SnapshotRequest | None = None) -> Image:
    return draw(picture(frame), request or SnapshotRequest(width=32, height=24), Settings())


def pixel(image: Image, x: int, y: int) -> tuple[int, ...]:
    got = image.getpixel((x, y))
    assert isinstance(got, tuple)
    return got


def error(got: Sequence[float], wanted: Sequence[float]) -> float:
    return max(abs(a - b) for a, b in zip(got, wanted, strict=True))


def some_colours(bits: int, seed: str) -> list[tuple[int, int, int]]:
    """Away from where colours are cut off, and black, white and grey."""
    chance, step = random.Random(seed), 1 << (bits - 8)
    found = [
        (chance.randint(40, 200) * step, chance.randint(96, 160) * step, chance.randint(96, 160) * step)
        for _ in range(8)
    ]
    return [*found, *((luma * step, 128 * step, 128 * step) for luma in (16, 126, 235))]


@pytest.mark.parametrize("span", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", KR_KB)
@pytest.mark.parametrize("form", FORMATS)
def test_colour_is_exact(form: str, matrix: int, span: int) -> None:
    """A tagged colour comes out within 0.75 level of the exact one; deep full range within 1.4."""
    bits = FORMATS[form]
    full = span == FULL or form.startswith("yuvj")
    for colour in some_colours(bits, form):
        got = pixel(drawn(flat(form, SMALL, colour, matrix=matrix, span=span)), 16, 12)
        wanted = exact_rgb(colour, matrix=matrix, full=full, bits=bits)
        assert error(got, wanted) <= (1.4 if full and bits > 8 else 0.75), (colour, got, wanted)


@pytest.mark.parametrize(
    ("size", "matrix"),
    [((64, 48), 6), ((720, 576), 6), ((1278, 718), 6), ((1280, 534), 1), ((720, 1280), 1), ((1280, 720), 1)],
)
@pytest.mark.parametrize("untagged", [0, 2, 3])
def test_untagged_colour(size: tuple[int, int], matrix: int, untagged: int) -> None:
    """A film that does not say is BT.601 when it is small and BT.709 from HD on, as displays take it."""
    for colour in some_colours(8, "untagged")[:4]:
        got = pixel(drawn(flat("yuv420p", size, colour, matrix=untagged, span=0)), 16, 12)
        assert error(got, exact_rgb(colour, matrix=matrix, full=False, bits=8)) <= 0.75


def test_range_that_is_not_said() -> None:
    """Without a range, samples are limited; a yuvj format is full even where the tag contradicts."""
    assert pixel(drawn(flat("yuv420p", SMALL, (16, 128, 128), matrix=1, span=0)), 9, 9) == (0, 0, 0)
    assert pixel(drawn(flat("yuv420p", SMALL, (235, 128, 128), matrix=1, span=0)), 9, 9) == (255, 255, 255)
    for span in (0, LIMITED, FULL):
        assert pixel(drawn(flat("yuvj420p", SMALL, (16, 128, 128), matrix=1, span=span)), 9, 9) == (
            16,
            16,
            16,
        )


def test_out_of_range_is_cut() -> None:
    """Samples blacker than black and whiter than white do not wrap around."""
    for value, wanted in ((0, 0), (255, 255)):
        got = pixel(drawn(flat("yuv420p", SMALL, (value, 128, 128), matrix=1, span=LIMITED)), 9, 9)
        assert got == (wanted,) * 3


@pytest.mark.parametrize(("form", "step"), [("gbrp", 1), ("gbrp10le", 4), ("gbrp12le", 16)])
@pytest.mark.parametrize("span", [0, LIMITED, FULL])
def test_rgb_stays_as_it_is(form: str, step: int, span: int) -> None:
    """A film in RGB comes out as it is: its planes are green, blue, red, and no matrix applies."""
    frame = flat(form, SMALL, (200 * step, 30 * step, 90 * step), matrix=0, span=span)
    assert error(pixel(drawn(frame), 16, 12), (90, 200, 30)) <= 1


@pytest.mark.parametrize("form", ["rgb24", "bgr24", "rgba", "bgra", "argb", "0rgb", "rgb0"])
def test_packed_rgb_stays_as_it_is(form: str) -> None:
    """Packed RGB, with or without transparency, comes out as it is."""
    frame = flat("gbrp", SMALL, (200, 30, 90), matrix=0, span=0).reformat(format=form)
    assert error(pixel(drawn(frame), 16, 12), (90, 200, 30)) <= 1


def test_palette_stays_as_it_is() -> None:
    """A picture with a palette comes out in the palette's colours."""
    frame = av.VideoFrame(*SMALL, "pal8")
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    palette = frame.planes[1]
    palette.update((0xFF5AC81E).to_bytes(4, "little") * 256)
    assert error(pixel(drawn(frame), 16, 12), (90, 200, 30)) <= 1


@pytest.mark.parametrize("form", ["gray", "gray10le"])
@pytest.mark.parametrize(("span", "wanted"), [(FULL, 126.0), (LIMITED, (126 - 16) / 219 * 255)])
def test_grey(form: str, span: int, wanted: float) -> None:
    """A grey film is as bright as its range says."""
    step = 4 if form == "gray10le" else 1
    got = pixel(drawn(flat(form, SMALL, (126 * step,), matrix=2, span=span)), 16, 12)
    assert error(got, (wanted,) * 3) <= 1.4


def test_every_pixel_is_where_it_belongs() -> None:
    """Unscaled, each pixel of a 4:4:4 film comes out in its own place and colour."""
    chance = random.Random(5)
    planes = [[chance.randint(60, 180) for _ in range(31 * 17)] for _ in range(3)]
    frame = patterned("yuv444p", (31, 17), lambda p, x, y: planes[p][y * 31 + x], matrix=1, span=LIMITED)
    image = drawn(frame, SnapshotRequest())
    assert image.size == (31, 17)
    for at in range(31 * 17):
        colour = tuple(plane[at] for plane in planes)
        wanted = exact_rgb(colour, matrix=1, full=False, bits=8)
        assert error(pixel(image, at % 31, at // 31), wanted) <= 1


def test_smaller_is_the_mean() -> None:
    """Made smaller by a whole factor, a pixel is the mean of those that it stands for: nothing is skipped."""
    frame = patterned(
        "yuv444p", SMALL, lambda p, x, y: 128 if p else (0, 255)[(x + y) % 2], matrix=1, span=FULL
    )
    image = drawn(frame, SnapshotRequest(width=16, height=12))
    assert all(error(pixel(image, x, y), (127.5,) * 3) <= 1.5 for x in range(16) for y in range(12))


def test_chroma_does_not_smear() -> None:
    """Unscaled, a 4:2:0 film's colours keep to their side of an edge, but for the two samples at it."""
    frame = patterned(
        "yuv420p", SMALL, lambda p, x, y: 120 if not p else (90 if x < 16 else 160), matrix=1, span=LIMITED
    )
    image = drawn(frame, SnapshotRequest())
    left = exact_rgb((120, 90, 90), matrix=1, full=False, bits=8)
    right = exact_rgb((120, 160, 160), matrix=1, full=False, bits=8)
    for x in (0, 10, 28):
        assert error(pixel(image, x, 20), left) <= 1
    for x in (36, 50, 63):
        assert error(pixel(image, x, 20), right) <= 1
