"""An object whose every byte says where it belongs, and a record of what was fetched of it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framefetch.budget import Budget
from framefetch.ffmpeg.reader import RangeReader
from framefetch.sources import ObjectInfo
from framefetch.sources.fetch import PinnedObject
from framefetch.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 8 << 20
# Multiplied by an odd number, so that all four bytes of a word change with its place.
RAMP = array("I", (place * 2_654_435_761 & 0xFFFFFFFF for place in range(MAX_BYTES // 4))).tobytes()


@dataclass(slots=True)
class RampReply:
    info: ObjectInfo
    start: int
    stop: int

    def chunks(self) -> Iterator[bytes]:
        """In two pieces, as a network would bring them."""
        middle = (self.start + self.stop) // 2
        for start, stop in ((self.start, middle), (middle, self.stop)):
            if start < stop:
                yield RAMP[start:stop]

    def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class RampObject:
    size: int
    asked: list[tuple[int, int]] = field(default_factory=list)

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> RampReply:
        end = self.size if stop is None else min(stop, self.size)
        self.asked.append((start, end))
        return RampReply(ObjectInfo(self.size, '"ramp"'), start, end)

    def close(self) -> None:
        """Nothing is held."""


class Ramp:
    """A reader over a ramp, with a budget that is never short."""

    def __init__(self, size: int, head: int, block_bytes: int, keep_bytes: int) -> None:
        self.stored = RampObject(size)
        self.budget = Budget(3600, 1 << 50, 1 << 30)
        self.trace = Trace()
        pinned = PinnedObject(self.stored, self.budget, self.trace)
        first = pinned.open(0, max(1, head))
        self.reader = RangeReader(pinned, first, block_bytes=block_bytes, keep_bytes=keep_bytes)

    @property
    def kept(self) -> list[tuple[int, int]]:
        """What the reader has in memory: ranges, half-open."""
        return [(start, start + len(block)) for start, block in self.reader._blocks.items()]
