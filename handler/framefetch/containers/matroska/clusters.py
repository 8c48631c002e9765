"""The elements of clusters, one after the other from any of them on, to the end of the segment.

A cluster is not entered and left: what it holds and what may follow it have different IDs, so that
clusters of unknown size, as live films have them, are read like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.matroska import ebml
from framefetch.containers.matroska.blocks import HEAD_BYTES, Block, read_group, read_simple

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need

MAX_ELEMENTS = 500_000
"""In the clusters that are read for one picture: an hour of video and sound."""
_MAX_GROUP_BYTES = 64 << 20
_MAX_TIMESTAMP = 1 << 62
_ANYWHERE = frozenset({ebml.VOID, ebml.CRC_32})


Read = Callable[[int, int], "Generator[Need, None, memoryview]"]
"""How bytes from one place to another are asked for: they must be there before the walk goes on."""


class Clusters:
    """Goes through elements.

    Args:
        read: how bytes are asked for.
        at: where an element starts.
        stop: where the segment ends, at most at the object's end.
        time: of the cluster that the element is in; None: it is a cluster itself.

    Attributes:
        at: where the next element starts.
        cluster: where the present cluster starts; None when it started before the first element.
        time: its time, in ticks.
    """

    def __init__(self, read: Read, at: int, stop: int, time: int | None = None) -> None:
        self._read = read
        self._stop = stop
        self._left = MAX_ELEMENTS
        self._cluster_stop: int | None = None
        self.at = at
        self.cluster: int | None = None
        self.time = time

    def next(self) -> Generator[Need, None, Block | None]:
        """The next block, of whatever track; None at the end.

        What an object that is cut short has of its last element is as good as not there.

        Raises:
            NotUnderstood: these are not the elements of clusters.
        """
        while self._stop - self.at >= 2:
            self._left -= 1
            if self._left < 0:
                raise NotUnderstood("too many elements in the clusters")
            start = self.at
            data = yield from self._read(start, min(start + ebml.HEADER_BYTES + HEAD_BYTES, self._stop))
            head = ebml.header(data)
            if head is None:
                break
            body = start + head.bytes
            if head.id == ebml.CLUSTER:
                self._enter(start, body, head)
                continue
            if head.size is None:
                raise NotUnderstood("an element of unknown size in a cluster")
            if body + head.size > self._stop:
                break
            self._pass(head.id, body + head.size)
            if head.id in (ebml.SIMPLE_BLOCK, ebml.BLOCK_GROUP):
                block = yield from self._block(head, data, body)
                if block is not None:
                    return block
            elif head.id == ebml.TIMESTAMP:
                self._set_time(data[head.bytes : head.bytes + head.size])
        self.at = self._stop
        return None

    def _set_time(self, value: memoryview) -> None:
        self.time = ebml.unsigned(value)
        if self.time > _MAX_TIMESTAMP:
            raise NotUnderstood("a cluster's time is too large")

    def _enter(self, start: int, body: int, head: ebml.Header) -> None:
        if self._cluster_stop is not None and start < self._cluster_stop:
            raise NotUnderstood("a cluster in a cluster")
        self._cluster_stop = None if head.size is None else body + head.size
        self.cluster, self.time, self.at = start, None, body

    def _pass(self, kind: int, stop: int) -> None:
        """Goes past an element, once it fits into the cluster of known size that it is in, or comes after."""
        if kind in ebml.TOP_LEVEL:
            self.time = self._cluster_stop = None
        elif self._cluster_stop is not None and stop > self._cluster_stop and kind not in _ANYWHERE:
            raise NotUnderstood("an element reaches out of its cluster")
        elif kind == ebml.ENCRYPTED_BLOCK:
            raise NotUnderstood("an encrypted block")
        self.at = stop

    def _block(self, head: ebml.Header, data: memoryview, body: int) -> Generator[Need, None, Block | None]:
        if self.time is None or head.size is None:
            raise NotUnderstood("a block without a cluster's time")
        if head.id == ebml.SIMPLE_BLOCK:
            frame = data[head.bytes :][: min(HEAD_BYTES, head.size)]
            return read_simple(frame, body, head.size, self.time)
        if head.size > _MAX_GROUP_BYTES:
            raise NotUnderstood("a group of too many bytes")
        whole = yield from self._read(body, body + head.size)
        return read_group(whole, body, self.time)
