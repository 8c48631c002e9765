"""What every scanner makes of a stretch of bytes: the places at which a picture begins, with their times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the film at which one picture of the video track (or several) begins.

    Attributes:
        position: in the object, in bytes.
        dts: decode time, in ticks, as the container writes it: it may wrap around.
        pts: presentation time of its first picture, likewise.
        is_key: whether it seems to begin with a keyframe. A guess: FFmpeg has the last word.
        is_aligned: whether the picture begins just there. Else the end of the picture before comes first,
            and FFmpeg, had it started to read there, would take the time for that one's.
    """

    position: int
    dts: int
    pts: int
    is_key: bool
    is_aligned: bool = True


Scan = Callable[[bytes, int], list[Place]]
"""Bytes of the object and where they start -> the places in them, in order of position.

Raises `NotUnderstood` when the bytes are not what the container promises.
"""


@dataclass(frozen=True, slots=True)
class Form:
    """How to find one film's video in its bytes.

    Attributes:
        scan: see `Scan`.
        wrap: a time is written modulo this many ticks.
    """

    scan: Scan
    wrap: int
