"""Tables of which only a part was read: the few entries that one picture needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from framefetch.containers.index import NotUnderstood

if TYPE_CHECKING:
    from array import array


@dataclass(slots=True)
class Slices(Sequence[int]):
    """A list of numbers with gaps; asking for one that is not there is not understood.

    Attributes:
        length: how many numbers the whole list has.
        pieces: where each piece starts in it, and its numbers.
    """

    length: int
    pieces: list[tuple[int, array[int]]] = field(default_factory=list)

    def __len__(self) -> int:
        """Of the whole list."""
        return self.length

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...

    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        """Numbers from 0 on, or a stretch without a step."""
        if isinstance(at, int):
            return self._piece(at, at + 1)[0]
        first, stop, _ = at.indices(self.length)
        return self._piece(first, stop) if first < stop else ()

    def _piece(self, first: int, stop: int) -> Sequence[int]:
        for start, numbers in self.pieces:
            if start <= first and stop <= start + len(numbers):
                return numbers[first - start : stop - start]
        raise NotUnderstood(f"entries {first} to {stop} of a table were not read")
