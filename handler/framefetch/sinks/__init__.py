"""Where pictures are written to: one small protocol, one module a kind of store.

A sink writes an object that is not there yet, whole or not at all, and says whether it did. That one
capability is what makes duplicates and retries harmless: of two writers of a key, one wins, and the other
is told so. Never replaces an object, unless it is asked to.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from framefetch import __version__
from framefetch.sources.looking import MARK
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framefetch.budget import Budget


@dataclass(frozen=True, slots=True)
class NewObject:
    """What is to be written.

    Attributes:
        body: all of it.
        content_type: its media type.
        cache_control: for whoever serves it from the store.
        facts: metadata beside it, in ASCII; names in lower case.
    """

    body: bytes = field(repr=False)
    content_type: str
    cache_control: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, str]:
        """All metadata: the facts, and the mark of what we wrote ourselves."""
        return {MARK: __version__} | {f"{MARK}-{name}": value for name, value in self.facts.items()}


class Sink(Protocol):
    """A store that is written to. Shared by all uploads and threads."""

    def holds(self, key: str, budget: Budget) -> bool:
        """Whether an object is there, as far as we may know: without the right to look, it is not.

        Raises:
            FramefetchError: the store does not answer.
        """
        ...

    def put(self, key: str, new: NewObject, budget: Budget, *, replace: bool = False) -> bool:
        """Writes an object.

        Args:
            key: decoded.
            new: the object.
            budget: waits end with it.
            replace: whatever is there already; else it is left as it is.

        Returns:
            Whether it was written; False: there was one.

        Raises:
            FramefetchError: it was not written, or it is not known.
        """
        ...
