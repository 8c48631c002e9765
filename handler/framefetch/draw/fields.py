"""An interlaced frame -> one moment of it.

Such a frame weaves two moments: its even lines are one (the top field), its odd lines the other, a fiftieth
of a second apart; where something moves they make a comb. The usual deinterlacers look at the pictures
before and after, which here would have to be read and decoded first, and which a keyframe alone does not
have. So one field is kept, and the lines between are drawn along the edges in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.ffmpeg import filtered

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


def one_field(frame: VideoFrame) -> VideoFrame:
    """The top field as a frame of half the height."""
    return filtered(frame, "field", "type=top")


def woven_lines_replaced(frame: VideoFrame) -> VideoFrame:
    """The frame with the bottom field's lines drawn anew from the top field's."""
    return filtered(frame, "estdif", "mode=frame:parity=tff:deint=all")
