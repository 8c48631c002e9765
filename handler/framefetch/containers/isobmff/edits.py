"""Edit lists (ISO/IEC 14496-12 §8.6.6): which samples the presentation shows, and when.

In go the edits and the track's tables, out come segments. Where the standard and FFmpeg differ, this
module follows FFmpeg, for what our index answers and what its demuxer answers must be the same
picture: the first shown picture of all is put at the end of the leading empty edits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood, Segment
from framefetch.errors import ImageTooLarge
from framefetch.values import dataclass

if TYPE_CHECKING:
    from framefetch.containers.index import SampleTable
    from framefetch.containers.isobmff.boxes import Box

MAX_EDITS = 32
_ABSURD_EDITS = 500
"""What FFmpeg takes for an edit list grows with the square of it."""
FOREVER = 1 << 62
_EMPTY = -1
_NORMAL_RATE = 1 << 16
_BLOCK = 256
_MAX_BLOCKS = 400
"""Samples that may be looked at to find an edit's first picture: 100,000."""
_MAX_KEYS = 10_000
"""Keyframes that may be looked at to find where an edit starts and ends."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry: a stretch of the presentation, and where in the media it comes from.

    Attributes:
        duration: in ticks of the movie's timescale.
        media_time: cts at which it starts, in ticks of the track's; -1: nothing is shown.
    """

    duration: int
    media_time: int


def read_edits(box: Box) -> tuple[Edit, ...]:
    """Reads an ``elst``.

    Raises:
        ImageTooLarge: more edits than any film has.
        NotUnderstood: more than `MAX_EDITS`, another rate than 1, or a time before the media.
    """
    count = box.u32(4)
    if count > _ABSURD_EDITS:
        raise ImageTooLarge(
            "The video's index is larger than the limits of this service.", detail=f"{count} edits"
        )
    if count > MAX_EDITS:
        raise NotUnderstood(f"{count} edits")
    if box.version > 1:
        raise NotUnderstood(f"elst of version {box.version}")
    edits = []
    for number in range(count):
        if box.version == 1:
            at = 8 + 20 * number
            edit, rate = Edit(box.u64(at), box.i64(at + 8)), box.u32(at + 16)
        else:
            at = 8 + 12 * number
            edit, rate = Edit(box.u32(at), box.i32(at + 4)), box.u32(at + 8)
        if edit.media_time < _EMPTY or edit.duration >= FOREVER or edit.media_time >= FOREVER:
            raise NotUnderstood("an edit starts before the media, or goes on for ever")
        if rate != _NORMAL_RATE:
            raise NotUnderstood("an edit at another rate than 1")
        edits.append(edit)
    return tuple(edits)


def rescaled(ticks: int, timescale: int, movie_timescale: int) -> int:
    """Movie ticks in ticks of a track, rounded to the nearest, halves up, as FFmpeg rounds them."""
    return (2 * ticks * timescale + movie_timescale) // (2 * movie_timescale)


def leading_gap(edits: tuple[Edit, ...], timescale: int, movie_timescale: int) -> int:
    """How long nothing is shown before the first edit that shows something, in a track's ticks."""
    gap = 0
    for edit in edits:
        if edit.media_time != _EMPTY:
            break
        gap += rescaled(edit.duration, timescale, movie_timescale)
    return gap


def apply_edits(
    edits: tuple[Edit, ...], table: SampleTable, timescale: int, movie_timescale: int
) -> tuple[Segment, ...]:
    """What the edits show of a track.

    Args:
        edits: as read; empty: all is shown as it is.
        table: the track's samples.
        timescale: ticks a second of the track.
        movie_timescale: ticks a second of the movie.

    Raises:
        NotUnderstood: nothing is shown, or the edits are of a kind that FFmpeg reads in its own way.
    """
    if not edits:
        return (Segment(0, table.count, -FOREVER, FOREVER, 0),)
    gap = leading_gap(edits, timescale, movie_timescale)
    at = 0
    earliest = -1
    segments: list[Segment] = []
    for number, edit in enumerate(edits):
        starts = at
        duration = rescaled(edit.duration, timescale, movie_timescale)
        at += duration
        if edit.media_time == _EMPTY:
            if any(before.media_time != _EMPTY for before in edits[:number]):
                raise NotUnderstood("an empty edit in the middle")
            continue
        if not duration:
            raise NotUnderstood("an edit without duration")
        made = _segment(table, edit.media_time, edit.media_time + duration, duration, starts)
        if made is not None:
            earliest = _earliest_shown(table, made, earliest)
            segments.append(made)
    if not segments:
        raise NotUnderstood("the edit list shows nothing")
    late = max(0, earliest - gap)
    return tuple(
        Segment(one.first, one.stop, one.from_cts, one.until_cts, one.shift - late) for one in segments
    )


def _segment(table: SampleTable, from_cts: int, until_cts: int, duration: int, starts: int) -> Segment | None:
    """One edit's samples; None when it shows none.

    Its clock starts with the first sample, in decode order, that it shows; the caller moves all segments
    together afterwards.
    """
    first = _first_needed(table, from_cts)
    stop = _stop(table, first, until_cts, duration)
    for block in range(first, min(stop, first + _BLOCK * _MAX_BLOCKS), _BLOCK):
        until = min(stop, block + _BLOCK)
        times = table.decode_times(block, until)
        for dts, delay in zip(times, table.delays(block, until), strict=True):
            if from_cts <= dts + delay < until_cts:
                return Segment(first, stop, from_cts, until_cts, starts - dts)
    if stop - first > _BLOCK * _MAX_BLOCKS:
        raise NotUnderstood("an edit shows nothing for a long time")
    return None


def _cts(table: SampleTable, number: int) -> int:
    return table.dts(number) + table.delays(number, number + 1)[0]


def _first_needed(table: SampleTable, from_cts: int) -> int:
    """The keyframe with which decoding has to start for a picture shown at a time."""
    number = table.last_by(from_cts)
    key = table.key_before(number)
    if key < 0:
        raise NotUnderstood("an edit starts before any keyframe")
    if key and table.dts(key) == table.dts(key - 1):
        raise NotUnderstood("two samples are decoded at once")
    for _ in range(_MAX_KEYS):
        if key < 0 or _cts(table, key) <= from_cts:
            return max(key, 0)
        key = table.key_before(key - 1)
    raise NotUnderstood("too many keyframes are shown after an edit starts")


def _stop(table: SampleTable, first: int, until_cts: int, duration: int) -> int:
    """One past the last sample that may belong to an edit: the first keyframe after its end.

    Where decode order is not the order of showing it is the second, for pictures that are shown before
    the first may follow it.
    """
    wanted = 2 if table.least_delay or table.greatest_delay else 1
    # cts plus duration is at most the next sample's dts plus the greatest delay.
    number = table.key_after(max(first, table.last_by(until_cts - table.greatest_delay - 1)))
    for _ in range(_MAX_KEYS):
        if number >= table.count:
            return table.count
        delay = table.delays(number, number + 1)[0]
        ends = (table.dts(number + 1) if number + 1 < table.count else table.dts(number) + duration) + delay
        if ends >= until_cts:
            wanted -= 1
            if not wanted:
                return number + 1
        number = table.key_after(number + 1)
    raise NotUnderstood("too many keyframes are shown before an edit ends")


def _earliest_shown(table: SampleTable, segment: Segment, earliest: int) -> int:
    """The least pts of a segment and those before it; -1 stands for none.

    A pts below 0 is forgotten as soon as another picture follows: FFmpeg does the same, and moves the
    film by what is left.
    """
    for block in range(segment.first, segment.stop, _BLOCK):
        until = min(segment.stop, block + _BLOCK)
        times = table.decode_times(block, until)
        for dts, delay in zip(times, table.delays(block, until), strict=True):
            cts = dts + delay
            if segment.from_cts <= cts < segment.until_cts:
                pts = cts + segment.shift
                earliest = pts if earliest < 0 else min(earliest, pts)
        if earliest >= 0 and times[-1] + table.least_delay + segment.shift >= earliest:
            break
        if block - segment.first > _BLOCK * _MAX_BLOCKS:
            raise NotUnderstood("an edit shows nothing for a long time")
    return earliest
