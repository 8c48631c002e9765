"""Long and short side: whichever side is the longer one as it is shown gets what was asked of it."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from framefetch.draw import answer_size
from framefetch.errors import InvalidArgument
from framefetch.orientation import Orientation
from framefetch.process import parse
from framefetch.settings import Settings
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
    request = parse(f"video/snapshot,{asked}", max_side=8192)
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
        parse(f"video/snapshot,{asked}", max_side=8192)
    assert caught.value.ec == ec
