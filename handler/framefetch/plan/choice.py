"""Which picture answers a time, and the keyframe that its decoding begins with. Pure.

Times are compared as whole ticks and exact fractions, never as floats. The rules are those of the
service: exact gives the last picture shown at or before t, fast the nearest keyframe at or before t;
past the end both give the last keyframe, before the first picture both give the first one.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from framefetch.containers.index import FlatTable, NotUnderstood
from framefetch.process import Mode
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.containers.index import Segment, VideoIndex

MAX_CANDIDATES = 10_000
"""Samples among which the one shown at a time is looked for: real codecs reorder some ten."""
MAX_KEYS = 10_000
"""Keyframes that are looked at, one after the other."""
MAX_TIMES = 100_000
"""Keyframes of which the times are told."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture that the film shows; the later one in decode order is the greater, at the same pts."""

    pts: int
    number: int
    segment: Segment


def stretch(index: VideoIndex, at_ms: int, mode: Mode) -> tuple[int, int]:
    """Which samples a picture needs, from the first to before the last number; asks for no places.

    Raises:
        NotUnderstood: as `make_plan`.
    """
    first, shown = wanted(index, at_ms, mode)
    return first, shown.number + 1


def length_s(index: VideoIndex) -> Fraction:
    """When the last picture's time is over, in seconds on the presentation clock.

    Raises:
        NotUnderstood: no picture is shown, or the index does not hold the last ones.
    """
    last = _last_shown(index, None)
    if last is None or not index.ends:
        raise NotUnderstood("the index does not tell where the film ends")
    return (last.pts + _duration(index, last.number) - index.zero) / index.timescale


def keyframe_times_s(index: VideoIndex, most: int) -> list[Fraction]:
    """When the keyframes that the film shows are shown, ascending, in seconds on the presentation clock.

    Args:
        index: of the film.
        most: how many; of more, every second one, or every third, and so on.
    """
    found: list[Fraction] = []
    number = index.table.key_after(0)
    while number < index.table.count and len(found) < MAX_TIMES:
        cts = _cts(index, number)
        found += [
            (cts + one.shift - index.zero) / index.timescale
            for one in index.segments
            if one.first <= number < one.stop and one.from_cts <= cts < one.until_cts
        ]
        number = index.table.key_after(number + 1)
    return sorted(found)[:: -(-len(found) // most) or 1]


def wanted(index: VideoIndex, at_ms: int, mode: Mode) -> tuple[int, Shown]:
    """The sample to start decoding with, and the picture."""
    at = Fraction(at_ms, 1000) * index.timescale + index.zero
    shown = _choose(index, at, mode)
    if _is_key(index, shown.number) and mode is Mode.FAST:
        return shown.number, shown
    return _start(index, shown), shown


def _choose(index: VideoIndex, at: Fraction, mode: Mode) -> Shown:
    """The picture that answers a time, given in ticks of the track."""
    picture = _last_shown(index, floor(at))
    if picture is None:
        return _first_shown(index)
    if picture == _last_shown(index, None):
        end = picture.pts + _duration(index, picture.number)
        if at >= end and not index.ends:
            raise NotUnderstood("the picture is after all that the index knows")
        if at > end:
            return _last_key(index, None) or picture
    if mode is Mode.FAST:
        return _last_key(index, floor(at)) or _first_shown(index)
    return picture


def _limit(segment: Segment, pts: int | None) -> int:
    """The greatest cts of a segment that is shown at or before a pts (None: of all that are shown)."""
    return segment.until_cts - 1 if pts is None else min(segment.until_cts - 1, pts - segment.shift)


def _last_shown(index: VideoIndex, pts: int | None) -> Shown | None:
    """The last picture shown at or before a time; None when that is before all of them."""
    found = [one for segment in index.segments for one in _last_of(index, segment, _limit(segment, pts))]
    return max(found, key=_order, default=None)


def _order(one: Shown) -> tuple[int, int]:
    return one.pts, one.number


def _last_of(index: VideoIndex, segment: Segment, limit: int) -> Iterator[Shown]:
    """The last picture of a segment with a cts up to a limit, if there is one.

    The last sample that is certainly shown by then has a cts of at least its dts plus the least delay;
    what is shown later than that was decoded at most the spread of all delays before it.
    """
    table = index.table
    if limit < segment.from_cts:
        return
    sure = table.last_by(limit - table.greatest_delay)
    spread = table.greatest_delay - table.least_delay
    low = table.last_by(table.dts(sure) - spread - 1) + 1 if sure >= 0 else 0
    low = max(segment.first, low)
    high = min(segment.stop, table.last_by(limit - table.least_delay) + 1)
    best = _best(index, segment, low, high, limit)
    if best is not None:
        yield best


def _best(index: VideoIndex, segment: Segment, low: int, high: int, limit: int) -> Shown | None:
    best: tuple[int, int] | None = None
    for number, cts in _times(index, low, high):
        if segment.from_cts <= cts <= limit and (best is None or (cts, number) >= best):
            best = cts, number
    return None if best is None else Shown(best[0] + segment.shift, best[1], segment)


def _times(index: VideoIndex, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Number and cts of a stretch of samples."""
    if high - low > MAX_CANDIDATES:
        raise NotUnderstood(f"{high - low} samples may be shown at that time")
    table = index.table
    times = table.decode_times(low, high)
    delays = table.delays(low, high)
    for number, (dts, delay) in enumerate(zip(times, delays, strict=True), low):
        yield number, dts + delay


def _first_shown(index: VideoIndex) -> Shown:
    """The first picture of all."""
    found = [one for segment in index.segments for one in _first_of(index, segment)]
    if not found:
        raise NotUnderstood("no picture is shown")
    return min(found, key=_order)


def _first_of(index: VideoIndex, segment: Segment) -> Iterator[Shown]:
    """The first picture of a segment: one that is decoded soon after the segment's start."""
    table = index.table
    low = max(segment.first, table.last_by(segment.from_cts - table.greatest_delay - 1) + 1)
    sure = max(low, table.last_by(segment.from_cts - table.least_delay - 1) + 1)
    spread = table.greatest_delay - table.least_delay
    high = min(segment.stop, table.last_by(table.dts(sure) + spread) + 1)
    shown = [
        (cts, number)
        for number, cts in _times(index, low, high)
        if segment.from_cts <= cts < segment.until_cts
    ]
    if shown:
        cts, number = min(shown)
        yield Shown(cts + segment.shift, number, segment)


def _last_key(index: VideoIndex, pts: int | None) -> Shown | None:
    """The last keyframe that is shown at or before a time; None when there is none."""
    found = [one for segment in index.segments for one in _last_key_of(index, segment, _limit(segment, pts))]
    return max(found, key=_order, default=None)


def _last_key_of(index: VideoIndex, segment: Segment, limit: int) -> Iterator[Shown]:
    table = index.table
    best: tuple[int, int] | None = None
    last = min(segment.stop - 1, table.last_by(limit - table.least_delay))
    for number in _keys_back(index, last):
        if number < segment.first:
            break
        cts = _cts(index, number)
        if segment.from_cts <= cts <= limit and (best is None or cts > best[0]):
            best = cts, number
        # Earlier keyframes cannot be shown later than this.
        if best is not None and table.dts(number) + table.greatest_delay <= best[0]:
            break
        if table.dts(number) + table.greatest_delay < segment.from_cts:
            break
    if best is not None:
        yield Shown(best[0] + segment.shift, best[1], segment)


def _cts(index: VideoIndex, number: int) -> int:
    return index.table.dts(number) + index.table.delays(number, number + 1)[0]


def _keys_back(index: VideoIndex, number: int) -> Iterator[int]:
    """The keyframes at or before a sample, the last one first."""
    number = index.table.key_before(number)
    for _ in range(MAX_KEYS):
        if number < 0:
            return
        yield number
        number = index.table.key_before(number - 1)
    raise NotUnderstood("too many keyframes are shown after the picture")


def _is_key(index: VideoIndex, number: int) -> bool:
    """Whether a sample is a keyframe."""
    return index.table.key_before(number) == number


def _duration(index: VideoIndex, number: int) -> int:
    """For how long the last picture is shown, in ticks; as long as the one before, where none says."""
    table = index.table
    if isinstance(table, FlatTable) and table.has_shown_times:
        # Another one may be decoded last.
        number = table.count - 1
    own = table.dts(number + 1) - table.dts(number)
    return own or (table.dts(number) - table.dts(number - 1) if number else 0)


def _start(index: VideoIndex, shown: Shown) -> int:
    """The keyframe to start with: one that is not shown after the picture.

    What is shown before a keyframe and decoded after it (leading pictures) may need what comes before
    the keyframe.
    """
    cts = shown.pts - shown.segment.shift
    for number in _keys_back(index, shown.number):
        if _cts(index, number) <= cts:
            return number
    # Leading pictures of the very first keyframe: a decoder that reads from the start has no more.
    number = index.table.key_after(0)
    if number > shown.number or not (index.whole or index.sliced):
        raise NotUnderstood("no keyframe before the picture")
    return number
