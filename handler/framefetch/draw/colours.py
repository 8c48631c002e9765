"""A decoded frame -> an image in sRGB: scaled to the answer's size, and tone-mapped if it is HDR.

A frame says by its tags (ITU-T H.273) what its samples stand for. Where it does not, it is taken for what
displays take it for. What would come out in wrong colours is refused by name, and never guessed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

from framefetch.draw.dolby_vision import check_dolby_vision
from framefetch.draw.parts import one_field, woven_lines_replaced
from framefetch.draw.tables import look_up, table_of
from framefetch.errors import UnsupportedCodec

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

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
_YCGCO = 8
_REFUSED = {14: "ICtCp", 15: "IPT-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro"}
"""Matrices that are none: what swscale would make of them is green and purple."""
_OPAQUE = 250
"""Of 255. Lossy codecs do not keep the last levels, and nobody sees them."""
_HD_WIDTH, _HD_HEIGHT = 1280, 720
_STRETCH = [min(255, max(0, round((level - 16) * 255 / 219))) for level in range(256)] * 3
"""Limited to full range, for each of three channels."""
_FROM_YCGCO = (1, -1, 1, 0, 1, 1, 0, -128, 1, -1, -1, 256)
"""Y, Cg, Co, the latter two around 128 -> red, green, blue (ITU-T H.273 §8.3, equations 47 to 50)."""


def scale(frame: VideoFrame, width: int, height: int, *, deinterlaced: bool) -> Image.Image:
    """The frame in sRGB, made as large as asked for.

    Returns:
        An RGB image; or RGBA, where any of it is transparent.

    Raises:
        UnsupportedCodec: its colours are of a kind that would come out wrong.
        av.error.FFmpegError: swscale cannot make this size of it.
    """
    check_dolby_vision(frame)
    if frame.colorspace in _REFUSED:
        name = _REFUSED[frame.colorspace]
        raise UnsupportedCodec(f"Videos with colours in {name} are not supported.", detail=f"matrix {name}")
    colours = _Colours(frame)
    if deinterlaced and frame.interlaced_frame:
        # Half of the lines are enough for half of the height, and cost nothing.
        frame = one_field(frame) if 2 * height <= frame.height else woven_lines_replaced(frame)
    if not _has_alpha(frame):
        return colours.image(frame, width, height)
    alpha = frame.reformat(format="rgba", threads=1)
    opacity = _image("RGBA", alpha).getchannel("A")
    if cast("int", opacity.getextrema()[0]) >= _OPAQUE:
        return colours.image(frame, width, height)
    image = colours.image(frame, frame.width, frame.height)
    image.putalpha(opacity)
    if image.size == (width, height):
        return image
    smaller = width <= frame.width and height <= frame.height
    # Pillow weighs colours by their opacity: what is behind the transparent parts does not bleed in.
    return image.resize((width, height), Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC)


class _Colours:
    """What the tags of a frame say of its samples."""

    def __init__(self, frame: VideoFrame) -> None:
        self.table = table_of(frame)
        self.matrix = _matrix(frame, is_wide=self.table is not None)
        self.is_ycgco = frame.colorspace == _YCGCO and not frame.format.is_rgb
        self.range = _range(frame)

    def image(self, frame: VideoFrame, width: int, height: int) -> Image.Image:
        """The frame as an RGB image; transparency is left out."""
        if self.is_ycgco:
            return self._from_ycgco(frame, width, height)
        if self.table is not None:
            # Scaled as it is coded, as all other films are, and then mapped: 16 bits hold every step of PQ.
            deep = self._scaled(frame, width, height, "gbrp16le")
            return _image("RGB", look_up(deep, self.table).reformat(format="rgb24", interpolation=_EXACTLY))
        image = _image("RGB", self._scaled(frame, width, height, "rgb24"))
        if frame.format.name.startswith("gray") and self.range is ColorRange.MPEG:
            # swscale takes grey for full range, whatever it is told.
            image = image.point(_STRETCH)
        return image

    def _scaled(self, frame: VideoFrame, width: int, height: int, form: str) -> VideoFrame:
        smaller = width <= frame.width and height <= frame.height
        # Averaging over the area is the right filter for making smaller, and makes steps when making larger.
        scaler = Interpolation.AREA if smaller else Interpolation.BICUBIC
        return frame.reformat(
            width=width,
            height=height,
            format=form,
            src_colorspace=self.matrix,
            dst_colorspace=self.matrix,
            interpolation=scaler | _EXACTLY,
            src_color_range=self.range,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )

    def _from_ycgco(self, frame: VideoFrame, width: int, height: int) -> Image.Image:
        # swscale does not know this matrix: it only scales, and Pillow does the sum.
        planes = self._scaled(frame, width, height, "yuv444p").planes
        y, cg, co = (
            Image.frombuffer("L", (width, height), bytes(plane), "raw", "L", plane.line_size, 1)
            for plane in planes
        )
        return Image.merge("RGB", (y, cg, co)).convert("RGB", _FROM_YCGCO)


_EXACTLY = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""Without these two swscale is up to two levels too dark and smears colours sideways."""


def _image(mode: str, frame: VideoFrame) -> Image.Image:
    plane = frame.planes[0]
    size = (frame.width, frame.height)
    # Not its bytes: they would be one more copy, when memory is fullest.
    data = cast("bytes", memoryview(plane))
    return Image.frombuffer(mode, size, data, "raw", mode, plane.line_size, 1)


def _has_alpha(frame: VideoFrame) -> bool:
    return any(part.is_alpha for part in frame.format.components) or frame.format.has_palette


def _matrix(frame: VideoFrame, *, is_wide: bool) -> Colorspace:
    """The matrix of the frame; where it does not say (or says "reserved"), what displays assume."""
    known = _MATRICES.get(frame.colorspace)
    if known is not None:
        return known
    if is_wide:
        return Colorspace.BT2020
    is_hd = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    return Colorspace.ITU709 if is_hd else Colorspace.ITU601


def _range(frame: VideoFrame) -> ColorRange:
    if frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj") or frame.format.is_rgb:
        return ColorRange.JPEG
    return ColorRange.MPEG
