"""A store of one object, in memory, whose next answers have the faults of a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from framefetch.budget import Budget
from framefetch.errors import SourceBusy, SourceError
from framefetch.sources import Changed, ObjectInfo, Transient
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.retries import Retries, RetryQuota
from framefetch.trace import Trace
from tests.sources.stores import ramp

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 5000
VERSIONS = (ramp(LONGEST, 0), ramp(LONGEST, 1))
"""What the object is, and what it becomes."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one request."""

    kind: str
    count: int = 0


@dataclass
class ScriptedReply:
    info: ObjectInfo
    start: int
    stop: int
    body: bytes
    piece: int
    breaks: bool = False
    closed: bool = False

    def chunks(self) -> Iterator[bytes]:
        for at in range(0, len(self.body), self.piece):
            yield self.body[at : at + self.piece]
        if self.breaks:
            raise Transient(SourceError(detail="broke off"))

    def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedObject:
    """A store of one object, whose next answers have the faults of a list."""

    size: int
    etag: str | None = '"a"'
    piece: int = 700
    faults: list[Fault | None] = field(default_factory=list)
    version: int = 0
    replies: list[ScriptedReply] = field(default_factory=list)
    asked: list[tuple[int, int | None, str | None]] = field(default_factory=list)
    closed: bool = False

    def get(  # noqa: C901 - a table of faults
        self, start: int, stop: int | None, budget: Budget, if_match: str | None = None
    ) -> ScriptedReply:
        self.asked.append((start, stop, if_match))
        fault = (self.faults.pop(0) if self.faults else None) or Fault("none")
        kind = fault.kind
        if kind == "busy":
            raise Transient(SourceBusy(detail="503"), retry_after_s=fault.count)
        if kind == "refused":
            raise Transient(SourceError(detail="refused"))
        if kind == "replaced":
            self.version = 1
        etag = self.etag if self.version == 0 or self.etag is None else '"b"'
        if if_match is not None and if_match != etag and kind != "replaced":
            raise Changed
        # Nothing else tells the two apart, and a total that lies is always larger.
        is_smaller = kind == "replaced" and etag is None
        size = max(self.size - 1, 0 if self.size else 1) if is_smaller else self.size
        info = ObjectInfo(size=size + (fault.count if kind == "total" else 0), etag=etag)
        if size == 0:
            return self._remember(ScriptedReply(info, 0, 0, b"", 1))
        if start < 0:
            start, stop = max(0, size + start), size
        end = min(size, size if stop is None else stop)
        if kind == "moved":
            start += fault.count
            end = max(end, start + 1)
        if kind == "beyond":
            end += fault.count
        if kind == "partial":
            end = max(start + 1, end - fault.count)
        body = VERSIONS[self.version][start:end]
        if kind == "short":
            body = body[: max(0, len(body) - fault.count)]
        if kind == "excess":
            body += b"\xee" * fault.count
        breaks = kind == "breaks"
        if breaks:
            body = body[: len(body) // 2]
        return self._remember(ScriptedReply(info, start, end, body, self.piece, breaks))

    def close(self) -> None:
        self.closed = True

    def _remember(self, reply: ScriptedReply) -> ScriptedReply:
        self.replies.append(reply)
        return reply


def pinned(stored: ScriptedObject, **allowed: float) -> tuple[PinnedObject, list[float]]:
    slept: list[float] = []
    budget = Budget(allowed.get("timeout_s", 60), int(allowed.get("max_bytes", 1 << 30)), 10_000)
    retries = Retries(budget, RetryQuota(), draw=lambda: 1.0, sleep=slept.append)
    return PinnedObject(stored, budget, Trace(), retries), slept


FAULTS = st.one_of(
    st.none(),
    st.builds(Fault, st.sampled_from(["breaks", "refused", "replaced"])),
    st.builds(
        Fault,
        st.sampled_from(["short", "excess", "partial", "moved", "beyond", "total"]),
        st.integers(1, 900),
    ),
)
"""Any of them, or none."""
