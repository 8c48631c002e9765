"""One object, read in ranges: what is the same for every store.

In: a `StoredObject`, whose answers may be late, short, long, wrong or of another version. Out: exactly
the bytes that were asked for, all of them of the version that answered first. Every answer is checked
before its bytes go on; a body that breaks off goes on at the byte it reached; retries are bounded by
the range, the request, the container's quota and the deadline. Never hands on a byte too many, and
never bytes of two versions: `Changed` ends the reading, and the caller starts over.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import field
from typing import TYPE_CHECKING, Self

from framefetch.errors import SourceError
from framefetch.round_trips import WHOLE_BYTES
from framefetch.sources import Transient
from framefetch.sources.aside import Aside
from framefetch.sources.ends import Head, Tail
from framefetch.sources.pin import Pin
from framefetch.sources.retries import Retries
from framefetch.trace import RangeRead
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from framefetch.budget import Budget
    from framefetch.sources import ObjectInfo, Reply, StoredObject
    from framefetch.trace import Trace


@dataclass(slots=True)
class PinnedObject:
    """One version of one object, while one request reads it.

    Args:
        stored: where the bytes come from; closed together with this object.
        budget: asked before each request, told of each byte.
        trace: gets a row a request that was sent, also of those that failed.
        retries: of this request; by default as the process's quota allows.
    """

    stored: StoredObject
    budget: Budget
    trace: Trace
    retries: Retries | None = None
    _pin: Pin = field(init=False, default_factory=Pin)
    _head: Head | None = field(init=False, default=None)
    _tail: Tail | None = field(init=False, default=None)

    @property
    def info(self) -> ObjectInfo:
        """What the first answer said of the object; there is none before `open`."""
        if self._pin.first is None:
            message = "the object was not opened yet"
            raise RuntimeError(message)
        return self._pin.first

    def open(self, start: int, stop: int | None, purpose: str = "open") -> bytes:
        """Sends the first request, whose answer all later ones are pinned to.

        Args:
            start: first byte; negative, with `stop` None, for that many last bytes (only where the
                source has `suffix_ranges`).
            stop: one past the last byte wanted.
            purpose: for the trace.

        Returns:
            The bytes, fewer where the object ends before `stop`, none of an empty object.

        Raises:
            Changed: the object changed while the body was read.
            FramefetchError: see `StoredObject.get`.
        """
        if start >= 0 and (stop is None or stop <= start):
            message = f"an object cannot be opened with the empty range {start}..{stop}"
            raise ValueError(message)
        self._pin = Pin()
        return b"".join(self._pieces(start, stop, purpose))

    def expect(self, info: ObjectInfo) -> None:
        """Goes by what an earlier request was told: only this very version is read, or `Changed` raised.

        Args:
            info: of an object with a strong ETag.
        """
        self._pin = Pin(info)

    def open_ends(self, head_bytes: int, reach: int, tail_bytes: int) -> bytes:
        """Opens the object at its start, and asks for its last bytes at the same time.

        Head and tail serve later reads that lie within them; each is dropped by the first that does not.

        Args:
            head_bytes: how much to read now.
            reach: how far the same answer can be read on.
            tail_bytes: how much of the end to ask for; 0: nothing.

        Raises:
            Changed: head and tail are of two versions.
            FramefetchError: as `open`.
        """
        self._pin = Pin()
        if tail_bytes:
            self._tail = Tail(self.stored, tail_bytes, self.budget, self.trace)
        self._head = Head(self._pieces(0, reach, "open"), reach)
        head = self._head.first(head_bytes)
        if self.info.size <= min(reach, WHOLE_BYTES):
            # The head is the whole object: nothing is to be read twice.
            self._drop_tail()
        return head

    def read(self, start: int, stop: int, purpose: str) -> bytes:
        """The bytes from `start` to `stop` or the object's end, all of them or an error."""
        return b"".join(self.stream(start, stop, purpose))

    def stream(self, start: int, stop: int, purpose: str) -> Generator[bytes, None, None]:
        """The same as `read`, in pieces as they arrive; closing it drops the rest of the range."""
        if start < 0:
            message = f"ranges are counted from the start of the object, not from {start}"
            raise ValueError(message)
        stop = min(stop, self.info.size)
        if self._head is not None and self._head.goes_on_to(start, self.info.size):
            if purpose == "index":
                # It is at the beginning, so the end will not be asked for it.
                self._drop_tail()
            return self._from_head(self._head, start, stop, purpose)
        self._drop_head()
        tail = self._tail_with(start)
        return self._from_tail(tail, start, stop, purpose) if tail else self._pieces(start, stop, purpose)

    def together(
        self, ranges: Sequence[tuple[int, int]], purpose: str
    ) -> Generator[tuple[int, bytes], None, None]:
        """Several ranges, asked for at once: each piece with its place, one range after the other.

        Args:
            ranges: within the object, half-open; all but the first should be small, for they wait in the
                network's buffers.
            purpose: for the trace.
        """
        self._drop_head()
        if self._tail_with(min(start for start, _ in ranges)) is not None:
            for start, stop in ranges:
                yield from _placed(start, self.stream(start, stop, purpose))
            return
        asides: list[Aside] = []
        try:
            for start, stop in ranges[1:]:
                asides.append(Aside(self.stored, start, stop, self.budget, self._pin.etag))
            for (start, stop), aside in zip(ranges, (None, *asides), strict=True):
                yield from _placed(start, self._pieces(start, stop, purpose, aside))
        finally:
            for aside in asides:
                aside.drop()

    def close(self) -> None:
        """Lets go of the object; safe to call twice."""
        self._drop_head()
        self._drop_tail()
        self.stored.close()

    def _tail_with(self, start: int) -> Tail | None:
        """The tail, if it holds a byte and is of the same version; else it is dropped."""
        tail = self._tail
        if tail is None:
            return None
        if start >= self.info.size - tail.length:
            info = tail.info()
            if info is not None:
                self._pin.check(info)
                if tail.has(start):
                    return tail
        self._drop_tail()
        return None

    def _drop_tail(self) -> None:
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    def _drop_head(self) -> None:
        if self._head is not None:
            self._head.close()
            self._head = None

    def _from_head(self, head: Head, start: int, stop: int, purpose: str) -> Generator[bytes, None, None]:
        """A range that starts within the head; what is after the head is asked for."""
        yield from head.read(start, min(stop, head.reach))
        if stop > head.reach:
            self._drop_head()
            yield from self._pieces(head.reach, stop, purpose)

    def _from_tail(self, tail: Tail, start: int, stop: int, purpose: str) -> Generator[bytes, None, None]:
        """A range within the tail; what of it breaks off is asked for again."""
        at = start
        try:
            for piece in tail.read(start, stop):
                at += len(piece)
                yield piece
        except Transient:
            self._drop_tail()
            yield from self._pieces(at, stop, purpose)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()

    def _pieces(
        self, start: int, stop: int | None, purpose: str, aside: Aside | None = None
    ) -> Generator[bytes, None, None]:
        """Asks until the range is complete: again after a fault, on after a shorter answer.

        The first question may have been asked aside already.
        """
        at, end = start, stop
        failed = 0
        retries = self.retries or Retries(self.budget)
        while self._pin.first is None or end is None or at < end:
            try:
                asked, aside = aside, None
                with closing(self._one_answer(at, end, purpose, asked)) as answer:
                    for piece in answer:
                        if at < 0:
                            at = max(0, self.info.size + at)
                        at += len(piece)
                        yield piece
            except Transient as fault:
                failed += 1
                retries.wait(fault, failed)
            else:
                retries.succeeded(failed)
            if self._pin.first is not None:
                # From the first answer on, the range lies within the object and is counted from its start.
                if at < 0:
                    at = max(0, self.info.size + at)
                end = self.info.size if end is None else min(end, self.info.size)

    def _one_answer(
        self, start: int, stop: int | None, purpose: str, aside: Aside | None = None
    ) -> Generator[bytes, None, None]:
        """Sends one request and hands on what its answer has of the range, checked.

        Raises:
            Transient: the answer is a passing fault, or its body broke off.
        """
        if aside is None:
            self.budget.ask()
        asked_s = self.budget.elapsed_s
        waited_s = 0.0
        received = 0
        reply: Reply | None = None
        try:
            reply = aside.take() if aside else self.stored.get(start, stop, self.budget, self._pin.etag)
            self._pin.check_reply(reply, start, stop)
            wanted = reply.stop - reply.start
            if wanted:
                for piece in reply.chunks():
                    waited_s += self.budget.elapsed_s - asked_s
                    due = wanted - received
                    received += len(piece)
                    self.budget.spend(len(piece))
                    self.budget.check()
                    # Bytes above what the store announced are of nothing that we know.
                    yield piece if len(piece) <= due else piece[:due]
                    # What the caller does between two pieces is not waiting for the store.
                    asked_s = self.budget.elapsed_s
                    if received >= wanted:
                        break
            if received < wanted:
                short = SourceError(detail=f"body of {wanted} bytes ended after {received}")
                raise Transient(short)
        finally:
            if reply is not None:
                reply.close()
            if not received:
                waited_s = self.budget.elapsed_s - asked_s
            shown_start, shown_stop = self._shown(reply, start, stop)
            self.trace.add(RangeRead(purpose, shown_start, shown_stop, received, waited_s * 1000))

    def _shown(self, reply: Reply | None, start: int, stop: int | None) -> tuple[int, int]:
        """The range as the trace shows it: what was asked, in bytes from the object's start."""
        if start >= 0 and stop is not None:
            return start, stop
        return (reply.start, reply.stop) if reply is not None else (start, 0)


def _placed(start: int, pieces: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each piece with its place in the object."""
    at = start
    for piece in pieces:
        yield at, piece
        at += len(piece)
