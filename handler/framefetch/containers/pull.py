"""The machine that all index readers are: it is fed with bytes, and says which it needs next.

In go ranges of an object as they arrive, in any order; out comes `Need`, or the `VideoIndex` in the end.
It never does I/O, never asks outside the object, and holds a bounded number of bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from framefetch.containers.held import Held
from framefetch.containers.index import Need, NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import VideoIndex

_NEAR_BYTES = 4 << 10
"""A gap up to this between two ranges is read along."""
_ROOM_BYTES = 64 << 10
"""A range above this gets one place in memory before its pieces arrive."""


class Pull(ABC):
    """Reads one object: a subclass says how, as a generator of needs.

    Args:
        size: of the object, in bytes.
        max_held_bytes: of the object, at the same time.
        max_needs: ranges that one object may cost before FFmpeg is asked instead; None: the caller counts.
        in_full: whether a need has to be there as a whole before the walk goes on, and not just that part
            of it which the walk has to see.
    """

    def __init__(
        self, size: int, max_held_bytes: int, *, max_needs: int | None = None, in_full: bool = False
    ) -> None:
        self._size = size
        self._max_needs = max_needs
        self._in_full = in_full
        self._held = Held(max_held_bytes)
        self._hints: list[tuple[int, int]] = []
        self._steps = self._walk()
        self._need: Need | None = None
        self._due = 0
        self._needs = 0
        self._index_found: VideoIndex | None = None
        self.landmarks: list[tuple[int, int]] = []
        """Short ranges that lead to other pictures as well, but came within long ones."""

    @abstractmethod
    def _walk(self) -> Generator[Need, None, VideoIndex]:
        """The way through the object, by `read`."""

    def allow(self, max_steps: int) -> None:
        """Says how often the walk may look at bytes: what is there already costs time as well."""
        self._held.max_views = max_steps

    @property
    def steps(self) -> int:
        """How often it has looked so far."""
        return self._held.views

    def feed(self, start: int, data: bytes | memoryview) -> Need | VideoIndex:
        """Takes bytes of the object, asked for or not, and says what is needed next.

        Args:
            start: where they are in the object.
            data: the bytes; none at all is a way to ask what is needed first.

        Raises:
            NotUnderstood: FFmpeg's demuxer is to read this film.
            UnsupportedFormat: this is no film of the container.
            NoVideoStream: there is no video in it.
            UnsupportedCodec: the video is encrypted.
            CorruptFilm: the index is missing, cut short, or claims more than the object has.
            ImageTooLarge: the index is above our limits.
        """
        if self._index_found is not None:
            return self._index_found
        self._held.add(start, data)
        before = self._need
        if self._in_full and before is not None:
            gap = self._held.gap(before.start, self._due)
            if gap is not None:
                return Need(gap[0], before.stop if self._due < before.stop else gap[1])
        try:
            self._need = next(self._steps)
        except StopIteration as end:
            index: VideoIndex = end.value
            self._index_found = index
            return index
        self._needs += before is None or self._need.stop != before.stop
        if self._max_needs is not None and self._needs > self._max_needs:
            raise NotUnderstood("too many requests")
        return self._need

    def hold(self, start: int, data: bytes) -> None:
        """Takes bytes that are known from before, and goes no step further yet."""
        self._held.add(start, data)

    def read(
        self, start: int, stop: int, ask: int = 0, *, early: bool = False
    ) -> Generator[Need, None, memoryview]:
        """Bytes that must be there before the walk goes on.

        Args:
            start: of the first one.
            stop: one past the last.
            ask: how far a request for them may reach.
            early: whether the walk goes on as soon as they are there, however far that request reaches.
        """
        while (gap := self._held.gap(start, stop)) is not None:
            first, *more = self._with_hints(start, gap[0], min(self._size, max(gap[1], ask)))
            self.check_room(*first)
            self._due = gap[1] if early else first[1]
            yield Need(*first, tuple(more))
        return self._held.view(start, stop)

    def check_room(self, start: int, stop: int) -> None:
        """Refuses a range that would not fit beside what is held."""
        self._held.check_room(stop - start)

    def peek(self, start: int, stop: int) -> memoryview | None:
        """Bytes of the object, if they are there."""
        return self._held.view(start, stop) if self.has(start, stop) else None

    def has(self, start: int, stop: int) -> bool:
        """Whether all bytes of a range are there."""
        return self._held.gap(start, stop) is None

    def there(self, start: int, stop: int) -> memoryview:
        """What is there of a range, from its start on without a gap."""
        gap = self._held.gap(start, stop)
        return self._held.view(start, stop if gap is None else gap[0])

    def beginnings(self) -> list[int]:
        """Where the ranges begin that are there."""
        return sorted(one.start for one in self._held.pieces)

    def hint(self, ranges: list[tuple[int, int]]) -> None:
        """Ranges to be asked for together with the next need; they are forgotten with it."""
        self._hints = ranges

    def _with_hints(self, begin: int, start: int, stop: int) -> list[tuple[int, int]]:
        """What is asked for, the needed range first; near ones become one.

        Args:
            begin: where the bytes start that are wanted in one place; those before `start` are there.
            start: of the needed range.
            stop: one past its end.
        """
        hints, self._hints = self._hints, []
        gaps = [(*gap, one) for one, two in hints if one < two for gap in [self._held.gap(one, two)] if gap]
        found: list[tuple[int, int, int]] = []
        for one, two, its in sorted([(start, stop, begin), *gaps]):
            if found and one - found[-1][1] <= _NEAR_BYTES:
                before = found[-1]
                found[-1] = before[0], max(before[1], two), min(before[2], its)
            else:
                found.append((one, two, its))
        for one, two, its in found if gaps else ():
            if two - one > _ROOM_BYTES:
                self._held.reserve(its, two)
        ranges = [(one, two) for one, two, _ in found]
        return sorted(ranges, key=lambda one: not one[0] <= start < one[1])
