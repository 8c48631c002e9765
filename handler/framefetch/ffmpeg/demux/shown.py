"""What both ways through a demuxed film find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded picture and its time on the presentation clock, in seconds."""

    frame: VideoFrame
    time_s: Fraction
