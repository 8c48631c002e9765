"""One version of an object: what its first answer said, and whether a later answer is of the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.errors import SourceError
from framefetch.sources import Changed
from framefetch.values import dataclass

if TYPE_CHECKING:
    from framefetch.sources import ObjectInfo, Reply


@dataclass(slots=True)
class Pin:
    """The version that a request reads.

    Attributes:
        first: what was said of the object first; None before.
    """

    first: ObjectInfo | None = None

    @property
    def etag(self) -> str | None:
        """The ETag that If-Match can be sent with: a weak one never matches (RFC 9110 §13.1.1)."""
        etag = self.first.etag if self.first is not None else None
        return etag if etag is not None and not etag.startswith("W/") else None

    def check_reply(self, reply: Reply, start: int, stop: int | None) -> None:
        """Holds an answer against the question and the first answer, before any of its bytes is used.

        Raises:
            Changed: it is of another version.
            SourceError: it is not the range that was asked for, or says of the version what cannot be.
        """
        now = reply.info
        self.check(now)
        asked_start = max(0, now.size + start) if start < 0 else start
        asked_stop = now.size if stop is None else min(stop, now.size)
        empty = now.size == 0 and reply.start == reply.stop == 0
        right = reply.start == asked_start and reply.start < reply.stop <= asked_stop
        if not (right or empty):
            raise SourceError(
                detail=f"asked for {start}..{stop}, got {reply.start}..{reply.stop} of {now.size}",
            )
        self.first = self.first or now

    def check(self, now: ObjectInfo) -> None:
        """Holds what an answer says of the object against what the first one said.

        Raises:
            Changed, SourceError: as `check_reply`.
        """
        first = self.first
        if first is None:
            return
        pinned = self.etag is not None
        if pinned and now.etag is None:
            # Without the ETag in the answer, a store that ignores If-Match could not be told from one
            # that obeys it.
            raise SourceError(detail="an answer came without the ETag that the first one had")
        if now.etag != first.etag:
            raise Changed
        if pinned and now.size != first.size:
            raise SourceError(detail=f"size {first.size} became {now.size} under the same ETag")
        if not pinned and (now.size, now.last_modified) != (first.size, first.last_modified):
            raise Changed
