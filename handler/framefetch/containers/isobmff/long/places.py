"""Where boxes are in an object that is not there as a whole, and how more of it is had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need


class Reading(Protocol):
    """How bytes of the object are had."""

    def read(
        self, start: int, stop: int, ask: int = 0, *, early: bool = False
    ) -> Generator[Need, None, memoryview]:
        """Bytes that must be there; a request for them may reach to `ask`. See `Pull.read`."""
        ...

    def peek(self, start: int, stop: int) -> memoryview | None:
        """Bytes, if they are there."""
        ...


class Hinting(Reading, Protocol):
    """A reading that can be told what will be asked next."""

    def hint(self, ranges: list[tuple[int, int]]) -> None:
        """Ranges to be asked for together with the next need."""
        ...

    def has(self, start: int, stop: int) -> bool:
        """Whether all bytes of a range are there."""
        ...

    def there(self, start: int, stop: int) -> memoryview:
        """What is there of a range, from its start on without a gap."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box is in the object: its start, its body's start, and one past its end."""

    kind: bytes
    start: int
    body: int
    stop: int
