"""What will be needed of a long movie box next, told from the start of its first video track. Pure.

In goes what is there of the track's tables, out come ranges that are worth asking for together, so
that they cost one round trip and not one each. Nothing rests on them: a wrong guess costs bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.boxes import Box
from framefetch.containers.isobmff.run_table import LIST_AT, Runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from framefetch.containers.isobmff.long.places import Place, Reading

_HOP_BYTES = 4 << 10
_SLACK_BYTES = 2 << 10
"""How far a table may be from where it is thought to be: what is between them is about that long."""
_UNSEEN_BYTES = 8 << 10
"""How long an ``stsc`` may be that was not seen, for the guess to hold; and a byte for so many samples:"""
_SAMPLES_A_BYTE = 50
_REST_BYTES = 128 << 10
"""A rest of ``ctts`` up to this is read with what comes before it."""
READ_ON_S = 30
"""How much of ``ctts`` is read after t."""
_SAMPLES_BEFORE = 300
"""Where it is not known which sample is the keyframe."""
_REORDERED = 32
"""Samples that may be between a picture's place in decode order and in the order of showing."""
_STSC_BYTES = 28
"""With one entry: every chunk has as many samples, mostly one."""
_STSZ_HEADER_BYTES = 20
_CHUNKS_HEADER_BYTES = 16


@dataclass(frozen=True, slots=True)
class Guess:
    """For one picture, or for all.

    Attributes:
        reading: what is there.
        at: t, in seconds; None: all tables are needed.
        fast: whether the picture is a keyframe.
    """

    reading: Reading
    at: Fraction | None
    fast: bool

    def ranges(
        self, moov: Place, trak: Place, stbl: Place, timescale: int, tables: Iterable[Place]
    ) -> list[tuple[int, int]]:
        """What will be needed.

        Args:
            moov: the movie box.
            trak: the track.
            stbl: its tables.
            timescale: of the track.
            tables: those of them whose headers are there.
        """
        found = {place.kind: place for place in tables}
        # What follows the tables, the last chunk's place before it, and what ends the movie box.
        wanted = [(trak.stop - _SLACK_BYTES, trak.stop + 2 * _HOP_BYTES), (moov.stop - _HOP_BYTES, moov.stop)]
        if self.at is None:
            return [*wanted, (stbl.start, stbl.stop)]
        last = max(found.values(), key=lambda place: place.start, default=stbl)
        after = last.stop if found else stbl.body
        try:
            steps = self._box(found.get(b"stts"))
            deltas = Runs.read(steps, "I") if steps is not None else None
            stretch = self._samples(found, sample_at(deltas, self.at, timescale)) if deltas else None
        except NotUnderstood:
            deltas = stretch = None
        delays = found.get(b"ctts")
        if delays is not None and not self.fast:
            stop = delays_until(delays, deltas, self.at, timescale) if deltas else None
            wanted.append((delays.start, stop or delays.stop))
        if deltas is None or stretch is None:
            return [*wanted, (after, after + _HOP_BYTES)]
        return [*wanted, *_slices(stbl, found, after, (*stretch, deltas.total))]

    def _samples(self, found: dict[bytes, Place], number: int) -> tuple[int, int]:
        """About which samples are needed for the one that is decoded at t."""
        keys = self._box(found.get(b"stss"))
        before = max(0, number - _REORDERED)
        first = max(0, number - _SAMPLES_BEFORE)
        if keys is not None:
            numbers = keys.numbers(LIST_AT, keys.u32(4), "I")
            first = max((one - 1 for one in numbers if one - 1 <= before), default=0)
        return first, number + _REORDERED

    def _box(self, place: Place | None) -> Box | None:
        whole = self.reading.peek(place.start, place.stop) if place is not None else None
        if place is None or whole is None:
            return None
        return Box(place.kind, whole[place.body - place.start :], whole, place.start)


def sample_at(deltas: Runs, at: Fraction, timescale: int) -> int:
    """The sample that is decoded at a time, given in seconds; the last one after the end."""
    ticks = int(at * timescale)
    before = started = 0
    for stop, delta in zip(deltas.stops, deltas.values, strict=True):
        until = started + (stop - before) * delta
        if ticks < until:
            return before + (ticks - started) // delta
        before, started = stop, until
    return max(0, before - 1)


def delays_until(ctts: Place, deltas: Runs, at: Fraction, timescale: int) -> int | None:
    """How far a ``ctts`` is to be read for one picture, as an offset; None: to its end.

    A run has one sample at least, so as many entries as samples are enough.
    """
    last = sample_at(deltas, at + READ_ON_S, timescale)
    stop = ctts.body + LIST_AT + 8 * (last + 1)
    return stop if last + 1 < deltas.total and ctts.stop - stop > _REST_BYTES else None


def _slices(
    stbl: Place, found: dict[bytes, Place], after: int, stretch: tuple[int, int, int]
) -> list[tuple[int, int]]:
    """Where the sizes and the places of a stretch of samples should be."""
    first, stop, count = stretch
    if not 0 < count < stbl.stop:
        return []
    unseen = max(_UNSEEN_BYTES, count // _SAMPLES_A_BYTE)
    seen = b"stsc" in found
    wanted = [(after, after + (_HOP_BYTES if seen else unseen))]
    sizes = found.get(b"stsz")
    start = sizes.start if sizes else after + (0 if seen else _STSC_BYTES)
    end = sizes.stop if sizes else start + _STSZ_HEADER_BYTES + 4 * count
    if end > stbl.stop:
        return wanted
    # What was not seen before them is longer than thought, not shorter.
    later = _SLACK_BYTES if sizes or seen else unseen
    wanted.append((end - _SLACK_BYTES // 2, end + later))
    if end - start > 4 * count:
        at = start + _STSZ_HEADER_BYTES
        wanted.append((at + 4 * first - _SLACK_BYTES // 2, at + 4 * stop + later))
    at = end + _CHUNKS_HEADER_BYTES
    length = max(0, stbl.stop - at)
    # Chunks are not all of one length.
    start, end = at + length * first // count, at + length * min(stop, count) // count
    wanted.append((start - _SLACK_BYTES, end + later))
    return wanted
