"""A frame -> a part of it, before it is scaled: one moment of an interlaced one, or its middle.

An interlaced frame weaves two moments: its even lines are one (the top field), its odd lines the other, a
fiftieth of a second apart; where something moves they make a comb. The usual deinterlacers look at the
pictures before and after, which here would have to be read and decoded first, and which a keyframe alone
does not have. So one field is kept, and the lines between are drawn along the edges in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.draw.filters import filtered

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


def one_field(frame: VideoFrame) -> VideoFrame:
    """The top field as a frame of half the height."""
    return filtered(frame, "field", "type=top")


def woven_lines_replaced(frame: VideoFrame) -> VideoFrame:
    """The frame with the bottom field's lines drawn anew from the top field's."""
    return filtered(frame, "estdif", "mode=frame:parity=tff:deint=all")


def middle_of(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """The middle of a frame. An even number of lines is above it, so that fields stay what they are."""
    return cut_out(frame, (frame.width - width) // 4 * 2, (frame.height - height) // 4 * 2, width, height)


def cut_out(frame: VideoFrame, left: int, top: int, width: int, height: int) -> VideoFrame:
    """A part of a frame, which must lie within it."""
    if (width, height) == (frame.width, frame.height):
        return frame
    return filtered(frame, "crop", f"{width}:{height}:{left}:{top}:exact=1")
