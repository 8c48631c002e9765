"""t = 0: the start of the earliest track, not before 0, as FFmpeg gives a container's start time.

In goes what each track says of its own start, out comes the time in seconds. Where FFmpeg would find
it only by reading samples of other tracks, it is not understood.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.edits import leading_gap
from framefetch.containers.isobmff.run_table import LIST_AT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framefetch.containers.isobmff.tracks import Movie, Track

_PICTURE_OR_SOUND = frozenset({b"vide", b"soun"})
_FIRST_VALUE_AT = LIST_AT + 4
_TEXT_COUNTS_WITHIN_S = 1
"""FFmpeg lets a track of text or data start the presentation only when the others follow that soon."""


def earliest(video: Fraction, others: Iterable[tuple[bytes, Fraction | None]]) -> Fraction:
    """The start of the presentation, in seconds.

    Args:
        video: when the video track starts, in seconds.
        others: handler and start of every other track that has samples; None: the start is not known.

    Raises:
        NotUnderstood: a start that matters is not known.
    """
    if video <= 0:
        return Fraction(0)
    known = list(others)
    if any(start is None for _, start in known):
        raise NotUnderstood("it takes other tracks' samples to know when the film starts")
    starts = [
        video,
        *(start for handler, start in known if handler in _PICTURE_OR_SOUND and start is not None),
    ]
    texts = [start for handler, start in known if handler not in _PICTURE_OR_SOUND and start is not None]
    zero = min(starts)
    text = min(texts, default=zero)
    if text < zero < text + _TEXT_COUNTS_WITHIN_S:
        zero = text
    return max(zero, Fraction(0))


def track_start(movie: Movie, track: Track) -> Fraction | None:
    """When a track with tables starts, in seconds; None where it takes a sample to know."""
    if track.edits:
        return Fraction(leading_gap(track.edits, track.timescale, movie.timescale), track.timescale)
    if track.handler == b"soun":
        return Fraction(0)
    if track.handler == b"vide":
        box = track.tables.get(b"ctts")
        delay = box.i32(_FIRST_VALUE_AT) if box is not None and box.u32(4) else 0
        return Fraction(delay, track.timescale)
    return None
