"""One movie fragment (ISO/IEC 14496-12 §8.8): which samples it has, where and when.

In goes a ``moof`` that is there as a whole, out comes a `Fragment` with the video track's samples.
Where FFmpeg reads a fragment in its own way, it is not understood.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.counts import check_count
from framefetch.containers.isobmff.tables import MAX_SPREAD
from framefetch.containers.isobmff.tracks import MAX_TRACKS
from framefetch.errors import CorruptFilm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framefetch.containers.isobmff.boxes import Box
    from framefetch.containers.isobmff.tracks import Movie, Track

# tfhd, §8.8.7
_BASE_OFFSET = 0x1
_DESCRIPTION = 0x2
_DURATION = 0x8
_SIZE = 0x10
_FLAGS = 0x20
_BASE_IS_MOOF = 0x20000
# trun, §8.8.8
_DATA_OFFSET = 0x1
_FIRST_FLAGS = 0x4
_SAMPLE_DURATION = 0x100
_SAMPLE_SIZE = 0x200
_SAMPLE_FLAGS = 0x400
_SAMPLE_DELAY = 0x800
# §8.8.3.1: it is no sync sample, or it depends on others.
_NO_KEY = 0x10000 | 0x1000000
_MOST_BOXES = MAX_TRACKS + 16
"""In a fragment: one of each track, its header, and what says how it is encrypted."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """The video of one fragment.

    Attributes:
        offset: of its ``moof`` in the object.
        after: where the next box starts.
        start: dts of its first sample; None where the fragment does not say.
        durations: one a sample, in ticks.
        delays: cts minus dts.
        offsets: in the object.
        sizes: in bytes.
        keys: numbers of the keyframes, from the fragment's first sample.
        description: which sample description the samples have, from 1.
        signed: whether its delays may be negative, and those of the fragments after it.
        starts: when each track in it starts by its ``tfdt``, by track number; None: it does not say.
    """

    offset: int
    after: int
    start: int | None
    durations: Sequence[int]
    delays: Sequence[int]
    offsets: Sequence[int]
    sizes: Sequence[int]
    keys: Sequence[int]
    description: int
    signed: bool
    starts: dict[int, int | None]


@dataclass(slots=True)
class _Run:
    """What the runs of one track fragment add up to."""

    durations: array[int]
    delays: array[int]
    offsets: array[int]
    sizes: array[int]
    keys: list[int]


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What a sample is where its run does not say."""

    base: int
    description: int
    duration: int
    size: int
    flags: int


def read_fragment(moof: Box, movie: Movie, track: Track, size: int) -> Fragment:
    """Reads a fragment; without video in it, its lists are empty.

    Args:
        moof: the box.
        movie: the film's movie box.
        track: its video track.
        size: of the object, in bytes.

    Raises:
        NotUnderstood: it is malformed, cut short, or says where its samples are in an old way.
        CorruptFilm: it claims more samples than the object has bytes.
        ImageTooLarge: it claims more samples than any film has.
    """
    starts: dict[int, int | None] = {}
    defaults = _Defaults(0, 1, 0, 0, 0)
    run = _Run(array("I"), array("i"), array("q"), array("I"), [])
    first = True
    signed = False
    for traf in moof.children(most=_MOST_BOXES):
        if traf.kind != b"traf":
            continue
        tfhd, tfdt = traf.child(b"tfhd"), traf.child(b"tfdt")
        if tfhd is None:
            raise NotUnderstood("a track fragment without tfhd")
        number = tfhd.u32(4)
        truns = [box for box in traf.children() if box.kind == b"trun"]
        if number in starts:
            raise NotUnderstood("two fragments of a track in one movie fragment")
        if truns and number in movie.fragment_defaults:
            starts[number] = _start(tfdt)
        if number == track.id:
            if not tfhd.flags & (_BASE_OFFSET | _BASE_IS_MOOF) and not first:
                raise NotUnderstood("a fragment's place depends on the one before it")
            defaults = _defaults(tfhd, movie.fragment_defaults[number], moof.start)
            for position, trun in enumerate(truns):
                if position and not trun.flags & _DATA_OFFSET:
                    raise NotUnderstood("a run's place depends on the one before it")
                _add(run, trun, defaults, size)
                signed = signed or trun.version == 1
        first = False
    return Fragment(
        offset=moof.start,
        after=moof.stop,
        start=starts.get(track.id),
        durations=run.durations,
        delays=run.delays,
        offsets=run.offsets,
        sizes=run.sizes,
        keys=run.keys,
        description=defaults.description,
        signed=signed,
        starts=starts,
    )


def _start(tfdt: Box | None) -> int | None:
    if tfdt is None:
        return None
    return tfdt.u64(4) if tfdt.version == 1 else tfdt.u32(4)


def _defaults(tfhd: Box, trex: tuple[int, int, int, int], moof_start: int) -> _Defaults:
    description, duration, size, flags = trex
    base = moof_start
    at = 8
    if tfhd.flags & _BASE_OFFSET:
        base = tfhd.u64(at)
        at += 8
    values = []
    for flag, default in ((_DESCRIPTION, description), (_DURATION, duration), (_SIZE, size), (_FLAGS, flags)):
        if tfhd.flags & flag:
            values.append(tfhd.u32(at))
            at += 4
        else:
            values.append(default)
    return _Defaults(base, *values)


def _add(run: _Run, trun: Box, defaults: _Defaults, size: int) -> None:
    """Adds the samples of one ``trun``."""
    count = trun.u32(4)
    if count > size:
        raise CorruptFilm("The video's index claims more than the file has.", detail=f"trun of {count}")
    check_count(count + len(run.sizes))
    at = 8
    offset = defaults.base
    first_flags = defaults.flags
    if trun.flags & _DATA_OFFSET:
        offset += trun.i32(at)
        at += 4
    if trun.flags & _FIRST_FLAGS:
        first_flags = trun.u32(at)
        at += 4
    columns = [
        flag for flag in (_SAMPLE_DURATION, _SAMPLE_SIZE, _SAMPLE_FLAGS, _SAMPLE_DELAY) if trun.flags & flag
    ]
    numbers = trun.numbers(at, count * len(columns), "I")

    def column(flag: int, default: int) -> array[int]:
        if flag in columns:
            return numbers[columns.index(flag) :: len(columns)]
        return array("I", [default]) * count

    sizes = column(_SAMPLE_SIZE, defaults.size)
    if not all(sizes):
        raise NotUnderstood("a sample without bytes")
    delays = array("i", column(_SAMPLE_DELAY, 0).tobytes())
    if count and (max(delays) >= MAX_SPREAD or min(delays) <= -MAX_SPREAD):
        raise NotUnderstood("a picture is shown hours before or after it is decoded")
    offsets = array("q", accumulate(sizes, initial=offset))
    if offset < 0 or offsets.pop() > size:
        raise NotUnderstood("the object ends before its samples do")
    flags = column(_SAMPLE_FLAGS, defaults.flags)
    if count and _SAMPLE_FLAGS not in columns:
        flags[0] = first_flags
    known = len(run.sizes)
    run.keys.extend(known + number for number, value in enumerate(flags) if not value & _NO_KEY)
    run.durations.extend(column(_SAMPLE_DURATION, defaults.duration))
    run.delays.extend(delays)
    run.offsets.extend(offsets)
    run.sizes.extend(sizes)
