"""Pictures made by hand, sample by sample, and what they are in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av

from framefetch.containers.orientation import Orientation
from framefetch.ffmpeg.decode import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

KR_KB = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
"""Matrix coefficients (ITU-T H.273 table 4): BT.709, FCC, BT.601 twice, SMPTE 240M, BT.2020."""
LIMITED, FULL = 1, 2


def flat(
    form: str, size: tuple[int, int], values: tuple[int, ...], *, matrix: int, span: int
) -> av.VideoFrame:
    """A frame of one colour: the value of each plane's samples."""
    return patterned(form, size, lambda plane, x, y: values[plane], matrix=matrix, span=span)


def patterned(
    form: str,
    size: tuple[int, int],
    sample: Callable[[int, int, int], int],
    *,
    matrix: int = 2,
    span: int = 0,
) -> av.VideoFrame:
    """A planar frame whose samples are a function of plane, x and y in the plane."""
    frame = av.VideoFrame(*size, form)
    deep = frame.format.components[0].bits > 8
    for number, plane in enumerate(frame.planes):
        rows = []
        for y in range(plane.height):
            values = [sample(number, x, y) for x in range(plane.width)]
            row = b"".join(one.to_bytes(2, "little") for one in values) if deep else bytes(values)
            rows.append(row.ljust(plane.line_size, b"\0"))
        plane.update(b"".join(rows))
    # The primaries are those of sRGB: what the matrix alone does is in question.
    frame.colorspace, frame.color_range, frame.color_primaries = matrix, span, 1
    return frame


def exact_signal(yuv: tuple[int, ...], *, matrix: int, full: bool, bits: int) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1, in floating point (ITU-T H.273 §8.2, §8.3)."""
    kr, kb = KR_KB[matrix]
    step = 1 << (bits - 8)
    y, u, v = yuv
    if full:
        top = 256 * step - 1
        luma, blue, red = y / top, (u - 128 * step) / top, (v - 128 * step) / top
    else:
        luma = (y - 16 * step) / (219 * step)
        blue, red = (u - 128 * step) / (224 * step), (v - 128 * step) / (224 * step)
    r, b = luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue
    g = (luma - kr * r - kb * b) / (1 - kr - kb)
    r, g, b = (min(1.0, max(0.0, one)) for one in (r, g, b))
    return r, g, b


def exact_rgb(yuv: tuple[int, ...], *, matrix: int, full: bool, bits: int) -> tuple[float, float, float]:
    """The same from 0 to 255."""
    r, g, b = exact_signal(yuv, matrix=matrix, full=full, bits=bits)
    return r * 255, g * 255, b * 255


def picture(
    frame: av.VideoFrame, orientation: Orientation | None = None, sar: Fraction = Fraction(1)
) -> Picture:
    """As `decode` hands it on."""
    return Picture(frame, Fraction(0), orientation or Orientation(), sar)
