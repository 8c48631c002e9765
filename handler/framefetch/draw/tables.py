"""Films with more light or more colours than sRGB has: which table maps them, and how.

A table is a Hald CLUT: 25 x 25 x 25 colours as a PNG of 16 bits, as FFmpeg, GIMP and darktable take them.
tests/draw/light.py has the mathematics, and `scripts/luts` writes the files from there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from framefetch.draw.filters import filtered

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_BT2020_PRIMARIES = 9
_BT2020_MATRICES = (9, 10)
_UNSAID = (0, 2, 3)
_BY_TRANSFER = {16: "pq", 18: "hlg"}
"""Transfer characteristics (ITU-T H.273 table 3) of HDR."""


def table_of(frame: VideoFrame) -> str | None:
    """The name of the table that a frame's tags ask for; None where it is sRGB as it is."""
    name = _BY_TRANSFER.get(frame.color_trc)
    if name is not None:
        return name
    primaries = frame.color_primaries
    # VP9 by itself tells its matrix and nothing else; that of BT.2020 has no other primaries.
    is_wide = primaries in _UNSAID and frame.colorspace in _BT2020_MATRICES
    return "wide" if is_wide or primaries == _BT2020_PRIMARIES else None


def look_up(frame: VideoFrame, name: str) -> VideoFrame:
    """Each colour of a frame in gbrp16le replaced by the table's, between whose entries it lies."""
    return filtered(frame, "haldclut", "clut=first:interp=tetrahedral", _table(name))


@cache
def _table(name: str) -> VideoFrame:
    data = Path(__file__).with_name(f"{name}.png").read_bytes()
    decoder: Any = av.CodecContext.create("png", "r")
    packet: Any = av.Packet(data)
    (frame,) = decoder.decode(packet)
    planar: VideoFrame = frame.reformat(format="gbrp16le")
    green, blue, red = (bytes(plane) for plane in planar.planes)
    # haldclut (FFmpeg 8.1 and 9.0) takes a planar table's planes for red, green and blue, in this order.
    for plane, samples in zip(planar.planes, (red, green, blue), strict=True):
        plane.update(samples)
    return planar
