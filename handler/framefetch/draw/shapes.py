"""Which way up, and how large: the size of the answer. Pure, but for the picture that it looks at."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.orientation import Orientation
from framefetch.process import Rotate

if TYPE_CHECKING:
    from framefetch.decode import Picture
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings


def choose_orientation(picture: Picture, rotate: Rotate, settings: Settings) -> Orientation:
    """What `ar` makes of the display matrix.

    A forced portrait or landscape keeps the upright picture where it already has that shape; else
    the picture as it is coded, where that has it: the matrix then says which way to turn. Else the
    upright picture is turned by 90 degrees clockwise, as nothing gives a direction.
    """
    upright = picture.orientation
    if rotate is Rotate.NONE:
        return Orientation()
    if rotate is Rotate.AUTO:
        return upright
    for orientation in (upright, Orientation(), upright.turned(1)):
        aspect = _aspect(picture, settings)
        shown = 1 / aspect if orientation.swaps_sides else aspect
        if (shown < 1) if rotate is Rotate.PORTRAIT else (shown > 1):
            return orientation
    return upright


def answer_size(picture: Picture, request: SnapshotRequest, settings: Settings) -> tuple[int, int]:
    """Width and height of the answer, in pixels."""
    turned = choose_orientation(picture, request.rotate, settings).swaps_sides
    aspect = _aspect(picture, settings)
    height = picture.frame.height
    width = _nearest(aspect * height)
    if settings.rotate_order == "resize-first":
        size = _fit(request, aspect, (width, height))
        return size[::-1] if turned else size
    if turned:
        return _fit(request, 1 / aspect, (height, width))
    return _fit(request, aspect, (width, height))


def _aspect(picture: Picture, settings: Settings) -> Fraction:
    """Width to height of the coded picture as it is to be shown."""
    aspect = Fraction(picture.frame.width, picture.frame.height)
    return aspect * picture.sar if settings.aspect == "display" else aspect


def _fit(request: SnapshotRequest, aspect: Fraction, native: tuple[int, int]) -> tuple[int, int]:
    """The size asked for; a side that was not asked for follows from the other one."""
    if request.long_side or request.short_side:
        sides = (request.long_side, request.short_side)
        # Of a square picture the width counts as the long side.
        width, height = sides if native[0] >= native[1] else sides[::-1]
        request = replace(request, width=width, height=height, long_side=0, short_side=0)
    if request.width and request.height:
        return request.width, request.height
    if request.width:
        return request.width, _nearest(request.width / aspect)
    if request.height:
        return _nearest(request.height * aspect), request.height
    return native


def _nearest(side: Fraction) -> int:
    """To the nearest pixel, halves up, and at least one."""
    return max(1, int(side + Fraction(1, 2)))
