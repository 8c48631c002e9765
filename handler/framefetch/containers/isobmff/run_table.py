"""The samples of a track over its own tables, which stay run-length coded and are never spelled out.

A `RunTable` is what `tables.py` makes of one ``stbl``: arrays of machine numbers in which a picture is
found by bisection, so that a film of a million samples costs a few of them.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from dataclasses import field
from itertools import accumulate, repeat
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framefetch.containers.isobmff.boxes import Box

LIST_AT = 8
"""Where the entries of a full box with a count start in its body."""


@dataclass(frozen=True, slots=True)
class Runs:
    """A column of numbers in which the same value comes many times in a row.

    Attributes:
        stops: for each run, one past its last sample.
        values: for each run, the value.
    """

    stops: Sequence[int]
    values: Sequence[int]

    @classmethod
    def read(cls, box: Box, code: str) -> Runs:
        """Reads a box whose entries are a count and a value of 32 bits each (stts, ctts).

        Raises:
            NotUnderstood: a run is empty, or the box is shorter than it says.
        """
        entries = box.u32(4)
        pairs = box.numbers(LIST_AT, 2 * entries, "I")
        counts = pairs[0::2]
        values = array(code, pairs[1::2].tobytes())
        if counts.count(1) == entries:
            return cls(range(1, entries + 1), values)
        if 0 in counts:
            raise NotUnderstood(f"an empty run in {box.kind!r}")
        # 64 bits hold 2^32 runs of 2^32.
        return cls(array("Q", accumulate(counts)), values)

    @property
    def total(self) -> int:
        """How many samples the runs are for."""
        return self.stops[-1] if self.stops else 0

    def spelled_out(self, first: int, stop: int) -> list[int]:
        """One value a sample, for a stretch of samples."""
        found: list[int] = []
        run = bisect_right(self.stops, first)
        at = first
        while at < stop:
            until = min(stop, self.stops[run])
            found.extend(repeat(self.values[run], until - at))
            at = until
            run += 1
        return found


@dataclass(frozen=True, slots=True)
class RunTable:
    """The samples of one track, as `SampleTable` wants them, over the track's own tables.

    Attributes:
        deltas: stts: from one sample's dts to the next one's.
        run_ends: for each run of `deltas`, the dts at which it ends.
        spread: ctts: cts minus dts; None when they are the same.
        sizes: stsz: one size a sample; or one number, which is the size of all.
        chunks: stco or co64: where each chunk starts.
        chunk_runs: stsc: for each run of chunks alike, the first sample, the first chunk and the
            samples in a chunk.
        keys: numbers of the keyframes; None when all are.
    """

    count: int
    deltas: Runs
    run_ends: Sequence[int]
    spread: Runs | None
    sizes: Sequence[int] | int
    chunks: Sequence[int]
    chunk_runs: tuple[Sequence[int], Sequence[int], Sequence[int]]
    keys: Sequence[int] | None
    least_delay: int = field(init=False)
    greatest_delay: int = field(init=False)

    def __post_init__(self) -> None:
        least, greatest = bounds(self.spread.values) if self.spread else (0, 0)
        object.__setattr__(self, "least_delay", least)
        object.__setattr__(self, "greatest_delay", greatest)

    def dts(self, number: int) -> int:
        """See `SampleTable`."""
        if number >= self.deltas.total:
            return self.run_ends[-1]
        run = bisect_right(self.deltas.stops, number)
        return self.run_ends[run] - (self.deltas.stops[run] - number) * self.deltas.values[run]

    def last_by(self, dts: int) -> int:
        """See `SampleTable`."""
        if dts < 0:
            return -1
        run = bisect_right(self.run_ends, dts)
        if run == len(self.run_ends):
            return self.count - 1
        # The run ends after dts and does not start after it, so its delta is not 0.
        before = self.deltas.stops[run - 1] if run else 0
        started = self.run_ends[run - 1] if run else 0
        return min(self.count - 1, before + (dts - started) // self.deltas.values[run])

    def delays(self, first: int, stop: int) -> Sequence[int]:
        """See `SampleTable`."""
        return self.spread.spelled_out(first, stop) if self.spread else [0] * (stop - first)

    def decode_times(self, first: int, stop: int) -> Sequence[int]:
        """See `SampleTable`."""
        if stop <= first:
            return []
        steps = self.deltas.spelled_out(first, stop - 1)
        return list(accumulate(steps, initial=self.dts(first)))

    def places(self, first: int, stop: int) -> list[tuple[int, int]]:
        """See `SampleTable`."""
        first_samples, first_chunks, per_chunk = self.chunk_runs
        found: list[tuple[int, int]] = []
        at = first
        while at < stop:
            run = bisect_right(first_samples, at) - 1
            before, within = divmod(at - first_samples[run], per_chunk[run])
            chunk_first = at - within
            offset = self.chunks[first_chunks[run] + before] + sum(self._sizes(chunk_first, at))
            for size in self._sizes(at, min(stop, chunk_first + per_chunk[run])):
                found.append((offset, size))
                offset += size
                at += 1
        return found

    def chunk_of(self, number: int) -> int:
        """The chunk that a sample is in."""
        first_samples, first_chunks, per_chunk = self.chunk_runs
        run = bisect_right(first_samples, number) - 1
        return first_chunks[run] + (number - first_samples[run]) // per_chunk[run]

    def chunk_samples(self, chunk: int) -> tuple[int, int]:
        """The first sample of a chunk, and one past its last."""
        first_samples, first_chunks, per_chunk = self.chunk_runs
        run = bisect_right(first_chunks, chunk) - 1
        first = first_samples[run] + (chunk - first_chunks[run]) * per_chunk[run]
        return first, first + per_chunk[run]

    def chunk_stop(self, chunk: int) -> int:
        """One past the last byte of a chunk in the object."""
        offset, length = self.places(*self.chunk_samples(chunk))[-1]
        return offset + length

    def key_before(self, number: int) -> int:
        """See `SampleTable`."""
        if self.keys is None:
            return number
        at = bisect_right(self.keys, number)
        return self.keys[at - 1] if at else -1

    def key_after(self, number: int) -> int:
        """See `SampleTable`."""
        if self.keys is None:
            return min(number, self.count)
        at = bisect_right(self.keys, number - 1)
        return min(self.count, self.keys[at]) if at < len(self.keys) else self.count

    def _sizes(self, first: int, stop: int) -> Sequence[int]:
        if isinstance(self.sizes, int):
            return [self.sizes] * (stop - first)
        return self.sizes[first:stop]


def bounds(values: Sequence[int]) -> tuple[int, int]:
    """What no value of a column is below, and none is above.

    These are the least and the greatest themselves, but where the values differ in their two lower bytes
    only, as the delays of nearly all films do: there the lowest may be rounded outwards. To look at one
    byte of each takes a fifth of the time.

    Args:
        values: of 32 bits with a sign; at least one.
    """
    column = array("i", values)
    if sys.byteorder == "little":
        column.byteswap()
    raw = column.tobytes()
    if not all(plane.count(plane[0]) == len(column) for plane in (raw[0::4], raw[1::4])):
        # One way through a long column, where min and max would each be one.
        known = set(values)
        return min(known), max(known)
    upper, third = values[0] >> 16 << 16, set(raw[2::4])
    if len(third) > 1:
        return upper | min(third) << 8, upper | max(third) << 8 | 0xFF
    fourth = set(raw[3::4])
    upper |= third.pop() << 8
    return upper | min(fourth), upper | max(fourth)
