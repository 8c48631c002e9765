"""The two ends of an object, asked for together: most films have their index at one of them.

The answer of each is read only when, and as far as, somebody needs it; one that turns out not to be
needed is dropped: what of it was received is in the trace.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from framefetch.errors import FramefetchError
from framefetch.round_trips import GAP_BYTES, WHOLE_BYTES
from framefetch.sources import Changed, Transient
from framefetch.sources.aside import Aside
from framefetch.trace import RangeRead

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from framefetch.budget import Budget
    from framefetch.sources import ObjectInfo, Reply, StoredObject
    from framefetch.trace import Trace


class Head:
    """The beginning of an object, and whatever of the same answer is read on from there.

    Args:
        pieces: the answer's body, from the object's first byte on.
        reach: how far it goes.
    """

    def __init__(self, pieces: Generator[bytes, None, None], reach: int) -> None:
        self.reach = reach
        self._pieces = pieces
        self._held = bytearray()

    def first(self, length: int) -> bytes:
        """The first bytes; fewer where the object ends before."""
        return b"".join(self.read(0, length))

    def goes_on_to(self, start: int, size: int) -> bool:
        """Whether reading on is better than asking again for what starts there.

        Args:
            start: a place in the object.
            size: of the object.
        """
        is_near = start <= len(self._held) + GAP_BYTES
        return start < self.reach and (is_near or size <= WHOLE_BYTES)

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes ``start..stop`` of the object, or up to where the answer ends, as they arrive."""
        at = start
        while at < stop:
            if at < len(self._held):
                piece = bytes(self._held[at:stop])
                at += len(piece)
                yield piece
                continue
            more = next(self._pieces, None)
            if more is None:
                return
            self._held += more

    def close(self) -> None:
        """Drops what has not been read; safe to call twice."""
        self._pieces.close()


class Tail:
    """The last bytes of an object. The request is under way when this returns.

    Args:
        stored: the object; its source has `suffix_ranges`.
        length: how many bytes.
        budget: asked before the request, told of each byte.
        trace: gets a row when the tail is closed.
    """

    def __init__(self, stored: StoredObject, length: int, budget: Budget, trace: Trace) -> None:
        self.length = length
        self._budget = budget
        self._trace = trace
        self._asked = Aside(stored, -length, None, budget)
        self._reply: Reply | None = None
        self._pieces: Iterator[bytes] | None = None
        self._held = bytearray()
        self._waited_s = 0.0
        self._closed = False

    def info(self) -> ObjectInfo | None:
        """What the answer says of the object, waited for; None when there is no answer."""
        if self._reply is None:
            asked_s = self._budget.elapsed_s
            # Whoever needs the bytes asks again in the ordinary way, and meets the fault there.
            with suppress(FramefetchError, Changed, Transient):
                reply = self._asked.take()
                if reply.info.size:
                    self._reply = reply
                else:
                    # 416: a web server without suffix ranges says no more than one with an empty object.
                    reply.close()
            self._waited_s += self._budget.elapsed_s - asked_s
        return self._reply.info if self._reply is not None else None

    @property
    def start(self) -> int:
        """Where it starts in the object; to be asked for after `info`."""
        return self._reply.start if self._reply is not None else 0

    def has(self, at: int) -> bool:
        """Whether a byte of the object is in it; to be asked after `info`."""
        return self._reply is not None and self._reply.start <= at < self._reply.stop

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes ``start..stop`` of the object, which must lie within the tail, as they arrive.

        Raises:
            Transient: the body broke off.
        """
        at, end = start - self.start, stop - self.start
        while at < end:
            if at < len(self._held):
                piece = bytes(self._held[at:end])
                at += len(piece)
                yield piece
            elif not self._receive():
                raise Transient(FramefetchError(detail="the tail broke off"))

    def _receive(self) -> bool:
        if self._reply is None:
            return False
        if self._pieces is None:
            self._pieces = iter(self._reply.chunks())
        asked_s = self._budget.elapsed_s
        piece = next(self._pieces, b"")
        self._waited_s += self._budget.elapsed_s - asked_s
        self._budget.spend(len(piece))
        self._budget.check()
        self._held += piece
        return bool(piece)

    def close(self) -> None:
        """Drops what has not been read; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        reply = self._reply or self._asked.give_up()
        start, stop = -self.length, 0
        if reply is not None:
            start, stop = reply.start, reply.stop
            reply.close()
        self._trace.add(RangeRead("tail", start, stop, len(self._held), self._waited_s * 1000))
