"""`Picture` -> the image that was asked for: turned upright, in its right shape, size and colours.

The decoded planes are scaled and converted in one pass of swscale, straight to the size of the
answer; only then is the (small) image tone-mapped and turned. Nothing here changes how a picture was decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import av.error
from PIL import Image

from framefetch.draw.colours import scale
from framefetch.draw.shapes import answer_size, choose_orientation
from framefetch.errors import ImageTooLarge
from framefetch.process import check_size

if TYPE_CHECKING:
    from framefetch.decode import Picture
    from framefetch.orientation import Orientation
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings

__all__ = ["answer_size", "choose_orientation", "draw"]

_TURNS = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)
"""Quarter turns clockwise -> Pillow's name for it, which counts the other way round."""


def draw(picture: Picture, request: SnapshotRequest, settings: Settings) -> Image.Image:
    """Draws a picture as asked.

    Returns:
        An 8-bit sRGB image of exactly the size that `answer_size` tells: RGB, or RGBA where some of the
        picture is transparent.

    Raises:
        ImageTooLarge: its size is above `max_side` or `max_pixels`.
        UnsupportedCodec: its colours are of a kind that would come out wrong.
    """
    orientation = choose_orientation(picture, request.rotate, settings)
    width, height = answer_size(picture, request, settings)
    check_size(width, height, max_side=settings.max_side, max_pixels=settings.max_pixels)
    if orientation.swaps_sides:
        width, height = height, width
    try:
        image = scale(picture.frame, width, height, deinterlaced=settings.deinterlace == "auto")
    except (av.error.FFmpegError, MemoryError) as fault:
        raise ImageTooLarge(
            f"A picture of {width} x {height} cannot be made of this video.",
            hint="Ask for a w and h that are nearer to its shape.",
            detail=repr(fault),
        ) from fault
    return _turn(image, orientation)


def _turn(image: Image.Image, orientation: Orientation) -> Image.Image:
    if orientation.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turn = _TURNS[orientation.quarter_turns]
    return image.transpose(turn) if turn is not None else image
