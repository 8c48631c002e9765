"""What can be known of objects without reading them: which there are, and what a store says of one.

Two capabilities that not every source has: a web server lists nothing. `MARK` is the name of the metadata
that everything carries which framefetch wrote itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from framefetch.errors import AccessDenied, NoSuchKey
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from framefetch.budget import Budget
    from framefetch.sources import ObjectInfo

MARK = "framefetch"


@dataclass(frozen=True, slots=True)
class Look:
    """What a store says of an object.

    Attributes:
        info: size, ETag and so on.
        is_ours: it has our mark: framefetch wrote it.
    """

    info: ObjectInfo
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing; what the listing does not say is None."""

    key: str
    size: int
    etag: str | None


@runtime_checkable
class LookableSource(Protocol):
    """A source that tells of objects, and which there are."""

    def look(self, key: str, budget: Budget) -> Look:
        """What the store says of one object.

        Raises:
            NoSuchKey: there is none.
            AccessDenied: we may not know; without the right to list, some stores say so of a missing one.
            FramefetchError: the store does not answer.
        """
        ...

    def listing(self, prefix: str, budget: Callable[[], Budget]) -> Iterator[Listed]:
        """The objects whose keys begin with a prefix, in the store's order; asked for page by page.

        Args:
            prefix: of the keys.
            budget: gives the allowance of one page.

        Raises:
            FramefetchError: the store does not answer, or may not be asked.
        """
        ...


def is_there(source: LookableSource, key: str, budget: Budget) -> bool:
    """Whether an object is there, as far as we may know: without the right to look, it is not.

    Raises:
        FramefetchError: the store does not answer.
    """
    try:
        source.look(key, budget)
    except (NoSuchKey, AccessDenied):
        return False
    return True
