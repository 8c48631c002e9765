"""`Picture` -> the image that was asked for: turned upright, in its right shape, size and colours.

The decoded planes are scaled and converted in one pass of swscale, straight to the size of the
answer; only then is the (small) image turned. Nothing here changes how a picture was decoded.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av.error
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

from framefetch.errors import ImageTooLarge
from framefetch.orientation import Orientation
from framefetch.process import Rotate, SnapshotRequest, check_size

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from framefetch.decode import Picture
    from framefetch.settings import Settings

_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""Matrix coefficients (ITU-T H.273 table 4) -> swscale's name for them."""
_HD_WIDTH, _HD_HEIGHT = 1280, 720
_STRETCH = [min(255, max(0, round((level - 16) * 255 / 219))) for level in range(256)] * 3
"""Limited to full range, for each of three channels."""
_TURNS = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)
"""Quarter turns clockwise -> Pillow's name for it, which counts the other way round."""


def draw(picture: Picture, request: SnapshotRequest, settings: Settings) -> Image.Image:
    """Draws a picture as asked.

    Returns:
        An 8-bit RGB image of exactly the size that `answer_size` tells.

    Raises:
        ImageTooLarge: its size is above `max_side` or `max_pixels`.
    """
    orientation = choose_orientation(picture, request.rotate, settings)
    width, height = answer_size(picture, request, settings)
    check_size(width, height, max_side=settings.max_side, max_pixels=settings.max_pixels)
    if orientation.swaps_sides:
        width, height = height, width
    try:
        image = _scale(picture.frame, width, height)
    except (av.error.FFmpegError, MemoryError) as fault:
        raise ImageTooLarge(
            f"A picture of {width} x {height} cannot be made of this video.",
            hint="Ask for a w and h that are nearer to its shape.",
            detail=repr(fault),
        ) from fault
    return _turn(image, orientation)


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


def _scale(frame: VideoFrame, width: int, height: int) -> Image.Image:
    smaller = width <= frame.width and height <= frame.height
    # Averaging over the area is the right filter for making smaller, and makes steps when making larger.
    scaler = Interpolation.AREA if smaller else Interpolation.BICUBIC
    scaled = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=_matrix(frame),
        # Without these two swscale is up to two levels too dark and smears colours sideways.
        interpolation=scaler | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT,
        src_color_range=_range(frame),
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
    plane = scaled.planes[0]
    image = Image.frombuffer("RGB", (width, height), bytes(plane), "raw", "RGB", plane.line_size, 1)
    if frame.format.name.startswith("gray") and _range(frame) is ColorRange.MPEG:
        # swscale takes grey for full range, whatever it is told.
        image = image.point(_STRETCH)
    return image


def _matrix(frame: VideoFrame) -> Colorspace:
    """The matrix of the frame; where it does not say (or says "reserved"), what displays assume."""
    known = _MATRICES.get(frame.colorspace)
    if known is not None:
        return known
    is_hd = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    return Colorspace.ITU709 if is_hd else Colorspace.ITU601


def _range(frame: VideoFrame) -> ColorRange:
    if frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj") or frame.format.is_rgb:
        return ColorRange.JPEG
    return ColorRange.MPEG


def _turn(image: Image.Image, orientation: Orientation) -> Image.Image:
    if orientation.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turn = _TURNS[orientation.quarter_turns]
    return image.transpose(turn) if turn is not None else image
