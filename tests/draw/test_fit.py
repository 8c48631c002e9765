"""What fit_ and bg_ make of a picture: seen in its pixels, for every turn, shape and kind of answer."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.containers.orientation import Orientation
from framefetch.draw import answer_size, draw
from framefetch.process import Rotate
from framefetch.settings import Settings
from tests.asked import picture_asked
from tests.draw.pictures import FULL, patterned, picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from framefetch.ffmpeg.decode import Picture

ORIENTATIONS = [Orientation(turns, mirrored) for turns in range(4) for mirrored in (False, True)]


def quarters(
    size: tuple[int, int] = (96, 64), orientation: Orientation | None = None, sar: Fraction = Fraction(1)
) -> Picture:
    """A picture of two greys: what is in the middle third, both ways, is light."""

    def sample(plane: int, x: int, y: int) -> int:
        inside = size[0] // 3 <= x < size[0] - size[0] // 3 and size[1] // 3 <= y < size[1] - size[1] // 3
        return 128 if plane else (220 if inside else 60)

    return picture(patterned("yuv444p", size, sample, matrix=1, span=FULL), orientation, sar)


def drawn(made: Picture, asked: str, settings: Settings | None = None) -> Image:
    return draw(made, picture_asked(f"video/snapshot,{asked}", max_side=8192), settings or Settings())


def light(image: Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is light."""
    found = image.convert("L").point(lambda level: 255 * (160 < level < 250)).getbbox()
    assert found is not None
    return found


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("order", ["rotate-first", "resize-first"])
def test_cover_cuts_the_sides(orientation: Orientation, order: str) -> None:
    """cover keeps the middle, its shape and all of the shorter side, however the picture is turned."""
    image = drawn(
        quarters(orientation=orientation), "w_64,h_64,fit_cover,ar_auto", Settings(rotate_order=order)
    )
    assert image.size == (64, 64)
    left, top, right, bottom = light(image)
    # 32 x 22 in the middle of 64 x 64; turned, 22 x 32.
    wide, high = (22, 32) if orientation.swaps_sides else (32, 22)
    assert abs((right - left) - wide) <= 2
    assert abs((bottom - top) - high) <= 2
    assert abs(left + right - 64) <= 2
    assert abs(top + bottom - 64) <= 2


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_pad_fills_the_rest(orientation: Orientation) -> None:
    """pad shows the whole picture in the middle, in its own shape, and the background around it."""
    image = drawn(quarters(orientation=orientation), "w_96,h_96,fit_pad,bg_FF0000,ar_auto")
    assert image.size == (96, 96)
    red = [image.getpixel(at) == (255, 0, 0) for at in ((48, 3), (48, 92), (3, 48), (92, 48))]
    assert red == ([False, False, True, True] if orientation.swaps_sides else [True, True, False, False])
    left, top, right, bottom = light(image)
    assert abs(left + right - 96) <= 2
    assert abs(top + bottom - 96) <= 2


def test_shape_as_it_is_shown() -> None:
    """Of stored pixels that are not square, cover and pad keep the shape in which they are shown."""
    # 48 x 64 samples, twice as wide as high: shown as 96 x 64.
    for asked in ("w_64,h_64,fit_cover", "w_96,h_96,fit_pad"):
        image = drawn(quarters((48, 64), sar=Fraction(2)), asked)
        left, top, right, bottom = light(image)
        assert abs((right - left) / (bottom - top) - 32 / 22) < 0.15


def test_background_of_pad() -> None:
    """Without bg_ the setting's background is around the picture."""
    image = drawn(quarters(), "w_96,h_96,fit_pad", Settings(background="0000FF"))
    assert image.getpixel((48, 3)) == (0, 0, 255)
    assert drawn(quarters(), "w_96,h_96,fit_pad").getpixel((48, 3)) == (255, 255, 255)


@given(
    size=st.tuples(st.integers(2, 40), st.integers(2, 40)),
    box=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    fit=st.sampled_from(["stretch", "contain", "cover", "pad"]),
    orientation=st.sampled_from(ORIENTATIONS),
    rotate=st.sampled_from(["", ",ar_auto", ",ar_h", ",ar_w"]),
    order=st.sampled_from(["rotate-first", "resize-first"]),
    sar=st.sampled_from([Fraction(1), Fraction(16, 11), Fraction(1, 3)]),
)
def test_any_shape_into_any_box(
    *,
    size: tuple[int, int],
    box: tuple[int, int],
    fit: str,
    orientation: Orientation,
    rotate: str,
    order: str,
    sar: Fraction,
) -> None:
    """Whatever the shapes, the answer has the size that was promised, and never a side above the box's."""
    frame = patterned("yuv420p", size, lambda plane, x, y: 128, matrix=1, span=FULL)
    made = picture(frame, orientation, sar)
    request = picture_asked(f"video/snapshot,w_{box[0]},h_{box[1]},fit_{fit}{rotate}", max_side=8192)
    settings = Settings(rotate_order=order)
    image = draw(made, request, settings)
    assert image.size == answer_size(made, request, settings)
    assert max(image.size) <= max(box)
    if fit != "contain" and (order == "rotate-first" or request.rotate is Rotate.NONE):
        assert image.size == box
