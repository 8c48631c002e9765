"""Sources that misbehave on purpose, each as a real source: no part of the service is replaced."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from framefetch.errors import NoSuchKey, RequestTimeout
from framefetch.sources import Changed, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from framefetch.budget import Budget


@dataclass(slots=True)
class Held:
    """One object in memory; a new version can take its place at any time."""

    content: bytes
    version: int = 1

    @property
    def info(self) -> ObjectInfo:
        digest = hashlib.sha256(self.content).hexdigest()
        return ObjectInfo(len(self.content), f'"{self.version}-{digest}"', datetime(2024, 1, 1, tzinfo=UTC))

    def replace(self, content: bytes) -> None:
        """Another version, with another ETag."""
        self.content, self.version = content, self.version + 1


@dataclass(slots=True)
class HeldReply:
    info: ObjectInfo
    start: int
    stop: int
    body: bytes
    wait: Callable[[], None]

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces of 16 KiB."""
        for at in range(0, len(self.body), 16 << 10):
            self.wait()
            yield self.body[at : at + (16 << 10)]

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class HeldObject:
    source: MemorySource
    held: Held

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> HeldReply:
        budget.check()
        with self.source.lock:
            self.source.asked.append((start, stop))
            self.source.before(len(self.source.asked))
            info, content = self.held.info, self.held.content
        if if_match is not None and if_match != info.etag:
            raise Changed
        if start < 0:
            start, stop = max(0, info.size + start), info.size
        end = info.size if stop is None else min(stop, info.size)
        if start >= info.size > 0:
            raise Changed
        return HeldReply(info, start, end, content[start:end], lambda: self.source.wait(budget))

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class MemorySource:
    """Objects in memory.

    Attributes:
        objects: by key.
        before: called with the number of each request before it is answered.
        stalled: after so many requests every body waits until its request's time is over.
    """

    objects: dict[str, Held]
    before: Callable[[int], None] = lambda _: None
    stalled: int | None = None
    asked: list[tuple[int, int | None]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    kind = "memory"
    suffix_ranges = True

    def open(self, key: str) -> HeldObject:
        if key not in self.objects:
            raise NoSuchKey
        return HeldObject(self, self.objects[key])

    def wait(self, budget: Budget) -> None:
        """Waits as a store that says nothing more: until the request gives up."""
        if self.stalled is not None and len(self.asked) > self.stalled:
            threading.Event().wait(budget.remaining_s)
            raise RequestTimeout(detail="the store said nothing more")
