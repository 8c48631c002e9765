"""Long and short side: whichever side is the longer one as it is shown gets what was asked of it."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from framefetch.containers.orientation import Orientation
from framefetch.draw import answer_size
from framefetch.errors import InvalidArgument
from framefetch.settings import Settings
from tests.asked import picture_asked
from tests.draw.pictures import picture

UPRIGHT, TURNED = Orientation(), Orientation().turned(1)


@pytest.mark.parametrize(
    ("coded", "orientation", "sar", "asked", "wanted"),
    [
        ((1920, 1080), UPRIGHT, 1, "l_480", (480, 270)),
        ((1920, 1080), UPRIGHT, 1, "s_270", (480, 270)),
        ((1080, 1920), UPRIGHT, 1, "l_480", (270, 480)),
        ((1080, 1920), UPRIGHT, 1, "s_270", (270, 480)),
        ((1920, 1080), UPRIGHT, 1, "l_400,s_300", (400, 300)),
        ((1080, 1920), UPRIGHT, 1, "s_300,l_400", (300, 400)),
        ((1920, 1080), TURNED, 1, "l_480,ar_auto", (270, 480)),
        ((1920, 1080), TURNED, 1, "l_480", (480, 270)),
        ((1920, 1080), UPRIGHT, 1, "s_270,ar_h", (270, 480)),
        # Stored as a portrait, shown as a landscape.
        ((1000, 1200), UPRIGHT, 2, "l_500", (500, 300)),
        ((500, 500), UPRIGHT, 1, "l_400,s_300", (400, 300)),
        ((1920, 1080), UPRIGHT, 1, "l_0,s_0", (1920, 1080)),
    ],
)
def test_sides(
    coded: tuple[int, int], orientation: Orientation, sar: int, asked: str, wanted: tuple[int, int]
) -> None:
    """l_ and s_ set the sides of the picture as it is shown: turned, and with its aspect ratio."""
    made = picture(av.VideoFrame(*coded, "yuv420p"), orientation, Fraction(sar))
    request = picture_asked(f"video/snapshot,{asked}", max_side=8192)
    assert answer_size(made, request, Settings()) == wanted
    if orientation is UPRIGHT:
        assert answer_size(made, request, Settings(rotate_order="resize-first")) == wanted


@pytest.mark.parametrize(
    ("asked", "ec"),
    [
        ("l_-800", "0053-00000102"),
        ("s_x", "0053-00000103"),
        ("l_8193", "0053-00000102"),
        ("s_8193", "0053-00000103"),
        ("l_100,w_100", "0053-00000109"),
        ("h_0,s_100", "0053-00000109"),
    ],
)
def test_refused(asked: str, ec: str) -> None:
    """A bad side has its own code; sides of both kinds together are malformed."""
    with pytest.raises(InvalidArgument) as caught:
        picture_asked(f"video/snapshot,{asked}", max_side=8192)
    assert caught.value.ec == ec


@pytest.mark.parametrize("size_order", ["rotate-first", "resize-first"])
@pytest.mark.parametrize(
    ("coded", "orientation", "sar", "asked", "wanted"),
    [
        ((1920, 1080), UPRIGHT, 1, "w_400,h_400,fit_contain", (400, 225)),
        ((1080, 1920), UPRIGHT, 1, "w_400,h_400,fit_contain", (225, 400)),
        ((1920, 1080), UPRIGHT, 1, "w_400,h_100,fit_contain", (178, 100)),
        ((1920, 1080), UPRIGHT, 1, "w_400,h_400,fit_cover", (400, 400)),
        ((1920, 1080), UPRIGHT, 1, "w_400,h_400,fit_pad", (400, 400)),
        ((1920, 1080), UPRIGHT, 1, "w_400,h_400,fit_stretch", (400, 400)),
        ((1920, 1080), UPRIGHT, 1, "l_400,s_400,fit_contain", (400, 225)),
        ((1080, 1920), UPRIGHT, 1, "l_400,s_300,fit_pad", (300, 400)),
        # With one side there is nothing to fit into.
        ((1920, 1080), UPRIGHT, 1, "w_400,fit_cover", (400, 225)),
        ((1920, 1080), UPRIGHT, 1, "fit_pad", (1920, 1080)),
        # As it is shown, not as it is stored.
        ((720, 576), UPRIGHT, Fraction(16, 15), "w_300,h_300,fit_contain", (300, 225)),
        ((1920, 1080), TURNED, 1, "w_400,h_400,fit_contain,ar_auto", (225, 400)),
        ((3, 1000), UPRIGHT, 1, "w_10,h_10,fit_contain", (1, 10)),
    ],
)
def test_fit(
    *,
    coded: tuple[int, int],
    orientation: Orientation,
    sar: Fraction,
    asked: str,
    wanted: tuple[int, int],
    size_order: str,
) -> None:
    """contain is the largest picture of its own shape in w x h; cover, pad and stretch are w x h exactly."""
    made = picture(av.VideoFrame(*coded, "yuv420p"), orientation, Fraction(sar))
    request = picture_asked(f"video/snapshot,{asked}", max_side=8192)
    assert answer_size(made, request, Settings(rotate_order=size_order)) == wanted
