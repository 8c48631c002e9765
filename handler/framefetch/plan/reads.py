"""Which samples have to be decoded for a picture, and which byte ranges hold them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framefetch.containers.index import NotUnderstood
from framefetch.plan.choice import wanted
from framefetch.round_trips import GAP_BYTES
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from framefetch.containers.index import Segment, VideoIndex
    from framefetch.process import Mode

MAX_SAMPLES = 100_000
"""Samples that may be decoded for one picture: half an hour without a keyframe."""


class Sample(NamedTuple):
    """One sample of a plan.

    Attributes:
        number: in decode order, from 0.
        offset: in the object.
        size: in bytes.
        dts: in ticks; counts from any moment, but the same one for all samples of a plan.
        pts: in ticks, on the track's presentation timeline.
    """

    number: int
    offset: int
    size: int
    dts: int
    pts: int


class Range(NamedTuple):
    """Bytes of the object, half-open."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What has to be read and decoded for one picture.

    Attributes:
        samples: in decode order; the first is a keyframe, the last is the wanted picture.
        ranges: of all samples, in order of offset, without overlap.
        target_pts: of the wanted picture, in ticks.
        time_ms: of the wanted picture, on the presentation clock.
    """

    samples: tuple[Sample, ...]
    ranges: tuple[Range, ...]
    target_pts: int
    time_ms: Fraction

    @property
    def bytes(self) -> int:
        """How many bytes the ranges have."""
        return sum(one.stop - one.start for one in self.ranges)


def make_plan(index: VideoIndex, at_ms: int, mode: Mode) -> ReadPlan:
    """Plans the reads for one picture.

    Args:
        index: of the film; a partial one must have been made for this very t.
        at_ms: on the presentation clock.
        mode: exact or fast.

    Raises:
        NotUnderstood: the wanted picture cannot be decoded from what the index knows.
    """
    first, shown = wanted(index, at_ms, mode)
    samples = tuple(_samples(index, shown.segment, first, shown.number + 1))
    for sample in samples:
        if not sample.size or sample.offset + sample.size > index.size:
            raise NotUnderstood(f"sample {sample.number} is empty, or outside the object")
    return ReadPlan(
        samples=samples,
        ranges=coalesced([Range(one.offset, one.offset + one.size) for one in samples]),
        target_pts=shown.pts,
        time_ms=(shown.pts - index.zero) / index.timescale * 1000,
    )


def longest(plans: Sequence[ReadPlan]) -> ReadPlan:
    """Of plans that begin with the same keyframe, the one whose samples include those of all others."""
    return max(plans, key=lambda plan: len(plan.samples))


def coalesced(ranges: list[Range], max_gap_bytes: int = GAP_BYTES) -> tuple[Range, ...]:
    """As few ranges as hold all the given ones, with no gap above `max_gap_bytes` read along."""
    found: list[Range] = []
    for one in sorted(ranges, key=lambda one: one.start):
        if found and one.start - found[-1].stop <= max_gap_bytes:
            found[-1] = Range(found[-1].start, max(found[-1].stop, one.stop))
        else:
            found.append(one)
    return tuple(found)


def _samples(index: VideoIndex, segment: Segment, first: int, stop: int) -> Iterator[Sample]:
    if stop - first > MAX_SAMPLES:
        raise NotUnderstood(f"{stop - first} samples from the keyframe to the picture")
    table = index.table
    times = table.decode_times(first, stop)
    delays = table.delays(first, stop)
    for number, dts, delay, (offset, size) in zip(
        range(first, stop), times, delays, table.places(first, stop), strict=True
    ):
        yield Sample(
            number=number,
            offset=offset,
            size=size,
            dts=dts + segment.shift,
            pts=dts + delay + segment.shift,
        )
