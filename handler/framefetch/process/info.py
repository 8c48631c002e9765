"""``video/info`` -> `InfoRequest`, and back: what is known of the film without a picture. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.process.grammar import MALFORMED, PARAMETER, refusal
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

INFO = "video/info"


@dataclass(frozen=True, slots=True)
class InfoRequest:
    """Asks for all that there is; it has no parameters."""

    content_type: str = "application/json; charset=utf-8"
    varies: bool = False

    def for_caller(self, _: str | None) -> InfoRequest:
        """Itself."""
        return self

    def canonical(self) -> str:
        """The one text for this request."""
        return INFO


def parse_info(text: str, parts: Sequence[str], *, max_side: int) -> InfoRequest:  # noqa: ARG001 - as of all
    """Reads the parts of a process string that asks for a film's facts.

    Raises:
        InvalidArgument: there are any.
    """
    if parts:
        raise refusal(
            PARAMETER, text, MALFORMED, f"{INFO} has no parameter {parts[0]!r}.", f"Ask for {INFO} alone."
        )
    return InfoRequest()
