"""The clean aperture (ISO/IEC 14496-12 §12.1.4): which part of a stored picture is meant to be seen.

In goes a header film, out comes a rectangle in samples, or None where there is none, or where it is none
that lies within the picture. It never raises: a film does not fail for its edges.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.boxes import Box

_TO_ENTRIES = 8
"""Bytes of a sample description before its entries: version, flags and count."""
_TO_BOXES = 78
"""Bytes of a visual sample entry before the boxes in it."""


def clean_aperture(header: bytes) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of the clean aperture, to the nearest sample."""
    view = memoryview(header)
    box: Box | None = Box(b"film", view, view, 0)
    try:
        for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
            box = box.child(kind) if box is not None else None
        if box is None:
            return None
        entry = next(box.children(_TO_ENTRIES))
        clap = entry.child(b"clap", _TO_BOXES)
        if clap is None:
            return None
        stored = (entry.u32(24) >> 16, entry.u32(24) & 0xFFFF)
        width, height = (Fraction(clap.u32(at), clap.u32(at + 4)) for at in (0, 8))
        right, down = (Fraction(clap.i32(at), clap.i32(at + 4)) for at in (16, 24))
    except (NotUnderstood, StopIteration, ZeroDivisionError):
        return None
    # The offset is that of the aperture's centre from the picture's.
    left = _nearest((stored[0] - width) / 2 + right)
    top = _nearest((stored[1] - height) / 2 + down)
    size = _nearest(width), _nearest(height)
    if min(left, top) < 0 or min(size) < 1 or left + size[0] > stored[0] or top + size[1] > stored[1]:
        return None
    return left, top, *size


def _nearest(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))
