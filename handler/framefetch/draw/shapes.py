"""Which way up, and how large: the size of the answer. Pure, but for the picture that it looks at."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.orientation import Orientation
from framefetch.process import Fit, Rotate
from framefetch.values import dataclass

if TYPE_CHECKING:
    from framefetch.ffmpeg.decode import Picture
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


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes: first cut, then scaled and turned, then put in the middle of the answer.

    Attributes:
        cut: width and height of what is kept of the coded frame, from its middle, in samples.
        drawn: width and height of the picture in the answer, in pixels.
        answer: width and height of the answer, in pixels.
    """

    cut: tuple[int, int]
    drawn: tuple[int, int]
    answer: tuple[int, int]


def lay_out(picture: Picture, request: SnapshotRequest, settings: Settings) -> Layout:
    """What becomes of a picture's shape."""
    turned = choose_orientation(picture, request.rotate, settings).swaps_sides
    resize_first = settings.rotate_order == "resize-first"
    coded = _seen(picture, settings)
    aspect = _aspect(picture, settings)
    native = (_nearest(aspect * coded[1]), coded[1])
    if turned and not resize_first:
        aspect, native = 1 / aspect, native[::-1]
    drawn = answer = _fit(request, aspect, native)
    cut = coded
    if request.fit is not Fit.STRETCH and all(_sides(request, native)):
        inside = _inside(answer, aspect)
        match request.fit:
            case Fit.CONTAIN:
                drawn = answer = inside
            case Fit.PAD:
                drawn = inside
            case Fit.COVER:
                # As much of each side as the wanted shape is narrower, or flatter, than the picture's.
                share = Fraction(*answer) / aspect
                share = 1 / share if turned and not resize_first else share
                cut = (
                    max(1, min(coded[0], _nearest(coded[0] * share))),
                    max(1, min(coded[1], _nearest(coded[1] / share))),
                )
    if turned and resize_first:
        drawn, answer = drawn[::-1], answer[::-1]
    return Layout(cut, drawn, answer)


def answer_size(picture: Picture, request: SnapshotRequest, settings: Settings) -> tuple[int, int]:
    """Width and height of the answer, in pixels."""
    return lay_out(picture, request, settings).answer


def part_seen(picture: Picture, settings: Settings) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of what is shown of the coded frame, in samples; None: all of it."""
    if settings.aperture != "clean" or picture.aperture is None:
        return None
    left, top, width, height = picture.aperture
    is_within = left + width <= picture.frame.width and top + height <= picture.frame.height
    return picture.aperture if is_within else None


def _seen(picture: Picture, settings: Settings) -> tuple[int, int]:
    part = part_seen(picture, settings)
    return part[2:] if part is not None else (picture.frame.width, picture.frame.height)


def _inside(box: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """The largest size of a shape that goes into a box."""
    width, height = box
    if Fraction(width, height) > aspect:
        return min(width, _nearest(height * aspect)), height
    return width, min(height, _nearest(width / aspect))


def _aspect(picture: Picture, settings: Settings) -> Fraction:
    """Width to height of the coded picture as it is to be shown."""
    aspect = Fraction(*_seen(picture, settings))
    return aspect * picture.sar if settings.aspect == "display" else aspect


def _sides(request: SnapshotRequest, native: tuple[int, int]) -> tuple[int, int]:
    """Width and height as they were asked for, 0 where one was not."""
    if not (request.long_side or request.short_side):
        return request.width, request.height
    sides = (request.long_side, request.short_side)
    # Of a square picture the width counts as the long side.
    return sides if native[0] >= native[1] else sides[::-1]


def _fit(request: SnapshotRequest, aspect: Fraction, native: tuple[int, int]) -> tuple[int, int]:
    """The size asked for; a side that was not asked for follows from the other one."""
    width, height = _sides(request, native)
    if width and height:
        return width, height
    if width:
        return width, _nearest(width / aspect)
    if height:
        return _nearest(height * aspect), height
    return native


def _nearest(side: Fraction) -> int:
    """To the nearest pixel, halves up, and at least one."""
    return max(1, int(side + Fraction(1, 2)))
