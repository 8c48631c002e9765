"""Fragments put on their track's timeline, and the table that they make. Pure."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from framefetch.containers.index import FlatTable, NotUnderstood
from framefetch.containers.isobmff.counts import check_count

if TYPE_CHECKING:
    from framefetch.containers.isobmff.fragmented.fragments import Fragment


@dataclass(frozen=True, slots=True)
class Part:
    """A fragment on the track's timeline.

    Attributes:
        fragment: with at least one sample.
        start: dts of its first sample, in ticks.
        stop: when its last one ends.
    """

    fragment: Fragment
    start: int
    stop: int

    @classmethod
    def of(cls, fragment: Fragment, otherwise: int) -> Part:
        """A fragment where it says that it starts; one that does not say starts at another time."""
        start = otherwise if fragment.start is None else fragment.start
        return cls(fragment, start, start + sum(fragment.durations))

    def followed_by(self, fragment: Fragment) -> Part:
        """The fragment after this one.

        Raises:
            NotUnderstood: it starts before this one ends.
        """
        part = Part.of(fragment, self.stop)
        if part.start < self.stop:
            raise NotUnderstood("fragments overlap in time")
        return part

    def times(self) -> list[int]:
        """dts of its samples."""
        return list(accumulate(self.fragment.durations, initial=self.start))[:-1]

    def has_key_by(self, cts: int) -> bool:
        """Whether one of its keyframes is shown at or before a time."""
        times, delays = self.times(), self.fragment.delays
        return any(times[number] + delays[number] <= cts for number in self.fragment.keys)


def joined(parts: list[Part]) -> FlatTable:
    """One table of all their samples.

    Raises:
        ImageTooLarge: there are more than any film has.
    """
    times = array("q")
    keys: list[int] = []
    for part in parts:
        keys.extend(len(times) + number for number in part.fragment.keys)
        times.extend(part.times())
    check_count(len(times))
    fragments = [part.fragment for part in parts]
    return FlatTable(
        times=times,
        shifts=array("i", chain.from_iterable(one.delays for one in fragments)),
        offsets=array("Q", chain.from_iterable(one.offsets for one in fragments)),
        sizes=array("I", chain.from_iterable(one.sizes for one in fragments)),
        keys=keys,
        end=parts[-1].stop,
    )
