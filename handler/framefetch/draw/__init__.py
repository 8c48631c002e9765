"""`Picture` -> the image that was asked for: turned upright, in its right shape, size and colours.

The decoded planes are scaled and converted in one pass of swscale, straight to the size of the
answer; only then is the (small) image tone-mapped and turned. Nothing here changes how a picture was decoded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import av.error
from PIL import Image

from framefetch.draw.colours import scale
from framefetch.draw.parts import cut_out, middle_of
from framefetch.draw.shapes import answer_size, choose_orientation, lay_out, part_seen
from framefetch.errors import ImageTooLarge
from framefetch.process import Fit, check_size

if TYPE_CHECKING:
    from framefetch.containers.orientation import Orientation
    from framefetch.ffmpeg.decode import Picture
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings

__all__ = ["answer_size", "choose_orientation", "draw", "over"]

_TURNS = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)
"""Quarter turns clockwise -> Pillow's name for it, which counts the other way round."""


def draw(picture: Picture, request: SnapshotRequest, settings: Settings) -> Image.Image:
    """Draws a picture as asked.

    Returns:
        An 8-bit sRGB image of exactly the size that `answer_size` tells: RGB, or RGBA where some of the
        picture is transparent and no background was asked for.

    Raises:
        ImageTooLarge: its size is above `max_side` or `max_pixels`.
        UnsupportedCodec: its colours are of a kind that would come out wrong.
    """
    try:
        if (part := part_seen(picture, settings)) is not None:
            picture = replace(picture, frame=cut_out(picture.frame, *part), aperture=None)
        orientation = choose_orientation(picture, request.rotate, settings)
        layout = lay_out(picture, request, settings)
        width, height = layout.answer
        names = "l_ or s_" if request.long_side or request.short_side else "w_ or h_"
        check_size(
            width,
            height,
            max_side=settings.max_side,
            max_pixels=settings.max_pixels,
            hint=f"Ask for a smaller {names}.",
        )
        size = layout.drawn[::-1] if orientation.swaps_sides else layout.drawn
        frame = middle_of(picture.frame, *layout.cut)
        image = scale(frame, *size, deinterlaced=settings.deinterlace == "auto")
    except MemoryError:
        raise
    except av.error.FFmpegError as fault:
        raise ImageTooLarge(
            "A picture of this size cannot be made of this video.",
            hint="Ask for sides that are nearer to its shape.",
            detail=repr(fault),
        ) from fault
    image = _turn(image, orientation)
    if not request.background and request.fit is not Fit.PAD:
        return image
    return _on(image, request.background or settings.background, layout.answer)


def over(image: Image.Image, background: str) -> Image.Image:
    """The image without transparency: what is behind it is a colour, RRGGBB."""
    return image if image.mode == "RGB" else _on(image, background, image.size)


def _on(image: Image.Image, background: str, size: tuple[int, int]) -> Image.Image:
    """The image in the middle of an opaque one of that colour and size."""
    behind = Image.new("RGB", size, f"#{background}")
    place = ((size[0] - image.width) // 2, (size[1] - image.height) // 2)
    behind.paste(image, place, image if image.mode == "RGBA" else None)
    return behind


def _turn(image: Image.Image, orientation: Orientation) -> Image.Image:
    if orientation.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turn = _TURNS[orientation.quarter_turns]
    return image.transpose(turn) if turn is not None else image
