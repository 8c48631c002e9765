"""What a request read: one row for each request to the source.

Filled by `sources`; read by the log, the ``x-framefetch-read`` header, ``--trace`` and the
tests that hold bytes and requests.
"""

from __future__ import annotations

from dataclasses import field

from framefetch.values import dataclass


@dataclass(frozen=True, slots=True)
class RangeRead:
    """One ranged GET that was sent.

    Attributes:
        purpose: why it was sent: ``open`` and ``tail`` before anything is known of the object, ``index``
            and ``samples`` on the direct way, ``block`` for FFmpeg's own reading.
        start: first byte that was asked for.
        stop: one past the last.
        received: bytes of the body that arrived, also where they were of no use.
        ms: spent waiting for the store.
    """

    purpose: str
    start: int
    stop: int
    received: int
    ms: float


@dataclass(slots=True)
class Trace:
    """The reads of one request, in the order in which they ended."""

    reads: list[RangeRead] = field(default_factory=list)

    def add(self, read: RangeRead) -> None:
        """Notes one read."""
        self.reads.append(read)

    @property
    def received(self) -> int:
        """Bytes, over all reads."""
        return sum(read.received for read in self.reads)

    @property
    def requests(self) -> int:
        """Requests that were sent, tries that failed included."""
        return len(self.reads)
