"""The bytes of an object that a reader has been given so far, and the gaps between them."""

from __future__ import annotations

from dataclasses import field

from framefetch.errors import ImageTooLarge
from framefetch.values import dataclass

MAX_VIEWS = 50_000
"""Where the caller allows no other number. A minute of film with a fragment for each picture has 7,200."""


@dataclass(slots=True)
class _Piece:
    """Bytes from `start` on, of which `filled` are there; the rest of `room` is kept for what follows."""

    start: int
    room: bytearray
    filled: int

    @property
    def stop(self) -> int:
        return self.start + self.filled


@dataclass(slots=True)
class Held:
    """Pieces of one object.

    Args:
        max_bytes: more than that are never kept.
        max_views: how often they may be looked at: each box and each element costs one look at least.
    """

    max_bytes: int
    max_views: int = MAX_VIEWS
    views: int = 0
    pieces: list[_Piece] = field(default_factory=list)

    @property
    def filled(self) -> int:
        """How many bytes there are."""
        return sum(one.filled for one in self.pieces)

    def check_room(self, count: int) -> None:
        """Whether so many bytes more may be kept.

        Raises:
            ImageTooLarge: more than `max_bytes` in all.
        """
        if self.filled + count > self.max_bytes:
            raise ImageTooLarge(
                "The video's index is larger than the limits of this service.",
                detail=f"more than {self.max_bytes} bytes",
            )

    def add(self, start: int, data: bytes | memoryview) -> None:
        """Keeps bytes; those that are there already are kept once.

        Raises:
            ImageTooLarge: more than `max_bytes` in all.
        """
        stop = start + len(data)
        gap = self.gap(start, stop)
        while gap is not None:
            at, until = gap
            self._keep(at, memoryview(data)[at - start : until - start])
            gap = self.gap(until, stop)

    def reserve(self, start: int, stop: int) -> None:
        """Makes room for a range that will arrive in pieces, so that it is in one place in the end."""
        if any(one.start == start and len(one.room) >= stop - start for one in self.pieces):
            return
        room = bytearray(stop - start)
        filled = 0
        while filled < len(room) and (piece := self._at(start + filled)) is not None:
            part = piece.room[start + filled - piece.start : piece.filled][: len(room) - filled]
            room[filled : filled + len(part)] = part
            filled += len(part)
        self.pieces.insert(0, _Piece(start, room, filled))

    def gap(self, start: int, stop: int) -> tuple[int, int] | None:
        """The first part of a range that is not held; None when all of it is."""
        at = start
        while at < stop:
            piece = self._at(at)
            if piece is None:
                following = [one.start for one in self.pieces if one.filled and at < one.start < stop]
                return at, min(following, default=stop)
            at = piece.stop
        return None

    def view(self, start: int, stop: int) -> memoryview:
        """A range that is held as a whole.

        Raises:
            ImageTooLarge: it is one look more than `max_views`.
        """
        self.views += 1
        if self.views > self.max_views:
            raise ImageTooLarge(
                "The video's index has more parts than one picture may cost.",
                hint="Remux it with fewer fragments, or with keyframes closer together.",
                detail=f"more than {self.max_views} boxes or elements",
            )
        piece = self._at(start)
        if piece is not None and piece.stop >= stop:
            return memoryview(piece.room)[start - piece.start : stop - piece.start]
        joined = bytearray()
        while start + len(joined) < stop:
            at = start + len(joined)
            part = self._at(at)
            if part is None:
                raise ValueError(f"{at} is not held")
            joined += part.room[at - part.start : part.filled]
        return memoryview(joined)[: stop - start]

    def _at(self, at: int) -> _Piece | None:
        return next((one for one in self.pieces if one.start <= at < one.stop), None)

    def _keep(self, start: int, data: memoryview) -> None:
        self.check_room(len(data))
        for one in self.pieces:
            if one.stop == start and one.filled + len(data) <= len(one.room):
                one.room[one.filled : one.filled + len(data)] = data
                one.filled += len(data)
                return
        self.pieces.append(_Piece(start, bytearray(data), len(data)))
