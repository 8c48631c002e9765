"""The body of an answer, and what only its making has shown."""

from __future__ import annotations

from framefetch.values import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """What an operation made.

    Attributes:
        body: of the answer, in the content type of the request.
        headers: that tell of it.
    """

    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
