"""Finding clusters where nothing says where they are: bisection over their times.

A cluster is recognised by its ID, by the elements that have to follow it, and by a time that fits
between those of the clusters around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.matroska import ebml

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from framefetch.containers.index import Need
    from framefetch.containers.matroska.segment import Read

CLOSE_BYTES = 512 << 10
"""Near enough: from here on, reading on costs less than looking again."""
MAX_PROBES = 48
_GUESSES = 12
MAX_READ_BYTES = 64 << 20
HEAD_BYTES = 96
"""A cluster's header, its checksum, a short filling, its time, and the next element's ID."""
_ID = ebml.CLUSTER.to_bytes(4, "big")
_FIRST_WINDOW_BYTES = 256 << 10
_LARGEST_WINDOW_BYTES = 2 << 20
_BEFORE_TIME = frozenset({ebml.CRC_32, ebml.VOID, ebml.POSITION, ebml.PREV_SIZE})
_SILENT_TRACKS = 0x5854
_AFTER_TIME = _BEFORE_TIME | {ebml.SIMPLE_BLOCK, ebml.BLOCK_GROUP, _SILENT_TRACKS}


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster.

    Attributes:
        at: where it starts.
        body: where its body starts.
        time: in ticks.
    """

    at: int
    body: int
    time: int


def cluster_head(data: memoryview, at: int) -> Place | None:
    """Reads the start of a cluster; None when it is none.

    Args:
        data: `HEAD_BYTES` of the object, fewer at its end.
        at: where they are.
    """
    try:
        head = ebml.header(data)
        if head is None or head.id != ebml.CLUSTER:
            return None
        position = head.bytes
        time: int | None = None
        while (inner := ebml.header(data, position)) is not None and inner.size is not None:
            if time is not None:
                return Place(at, at + head.bytes, time) if inner.id in _AFTER_TIME else None
            body = position + inner.bytes
            position = body + inner.size
            if inner.id == ebml.TIMESTAMP and inner.size <= 8 and position <= len(data):
                time = ebml.unsigned(data[body:position])
            elif inner.id not in _BEFORE_TIME:
                return None
    except NotUnderstood:
        return None
    return None


class Search:
    """Looks for clusters in a part of the object.

    Args:
        read: how bytes are asked for.
        stop: where the segment ends.
    """

    def __init__(self, read: Read, stop: int) -> None:
        self._read = read
        self._stop = stop
        self._seen_bytes = 0

    def at(self, at: int) -> Generator[Need, None, Place]:
        """The cluster that is said to be at a place.

        Raises:
            NotUnderstood: there is none.
        """
        data = yield from self._read(at, min(at + HEAD_BYTES, self._stop))
        place = cluster_head(data, at)
        if place is None:
            raise NotUnderstood("no cluster where one should be")
        return place

    def last_by(self, low: Place, stop: int, time: int, end: float) -> Generator[Need, None, Place]:
        """A cluster that starts at or before a time, near to the last one that does.

        Args:
            low: a cluster that does.
            stop: where to look no further.
            time: in ticks.
            end: when the film ends, as far as it is said; 0: not said. Only a hint.
        """
        latest, back, measured = end, CLOSE_BYTES // 2, False
        for probe in range(MAX_PROBES):
            # An even bit rate is a good guess; where it is not even at all, halving is better.
            share = 0.5
            if probe < _GUESSES and low.time <= time < latest:
                share = (time - low.time) / (latest - low.time)
            ahead = int((stop - low.at) * share)
            if stop - low.at <= CLOSE_BYTES or (measured and ahead <= CLOSE_BYTES):
                break
            guess = min(max(low.at + ahead - back, low.at + 1), stop - 1)
            found = yield from self.first(guess, stop)
            if found is not None and found.time < low.time:
                raise NotUnderstood("clusters are not in the order of time")
            if found is None or found.time > time:
                stop, back = guess, 2 * back
                if found is not None:
                    latest, measured = found.time, True
            else:
                low, back = found, CLOSE_BYTES // 2
        return low

    def before(self, at: int, first: int, window: int = 0) -> Generator[Need, None, list[Place]]:
        """Clusters that start before a place, the last ones; none when there are none.

        Args:
            at: the place.
            first: where to look no further.
            window: how much to look at, at least.
        """
        stop, window = at, max(window, _FIRST_WINDOW_BYTES)
        while stop > first:
            start = max(first, stop - window)
            places = yield from self._within(start, stop)
            if places:
                return places
            stop, window = start, min(2 * window, _LARGEST_WINDOW_BYTES)
        return []

    def first(self, start: int, stop: int) -> Generator[Need, None, Place | None]:
        """The first cluster that starts in a part of the object."""
        window = _FIRST_WINDOW_BYTES
        while start < stop:
            places = yield from self._within(start, min(start + window, stop))
            if places:
                return places[0]
            start, window = start + window, min(2 * window, _LARGEST_WINDOW_BYTES)
        return None

    def _within(self, start: int, stop: int) -> Generator[Need, None, list[Place]]:
        self._seen_bytes += stop - start
        if self._seen_bytes > MAX_READ_BYTES:
            raise NotUnderstood("clusters are too far from each other")
        view = yield from self._read(start, min(stop + HEAD_BYTES, self._stop))
        return list(_clusters(view, start, stop))


def _clusters(view: memoryview, start: int, stop: int) -> Iterator[Place]:
    """All clusters that start in a part of the object, of which a little more is given."""
    data = bytes(view)
    found = data.find(_ID)
    while 0 <= found < stop - start:
        place = cluster_head(view[found : found + HEAD_BYTES], start + found)
        if place is not None:
            yield place
        found = data.find(_ID, found + 1)
