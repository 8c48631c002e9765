"""The process string of a request -> what is asked for, and back to its one canonical text. Pure.

`grammar` reads any action's parameters against a table; beside it there is a module an action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.errors import InvalidRequest
from framefetch.process.animation import (
    ANIMATION,
    ANIMATION_PARAMETERS,
    AnimationRequest,
    Moving,
    parse_animation,
)
from framefetch.process.format import Format
from framefetch.process.grammar import MALFORMED, MAX_NUMBER, PARAMETER, Parameter, refusal
from framefetch.process.info import INFO, InfoRequest, parse_info
from framefetch.process.many import Scale
from framefetch.process.sheet import (
    SNAPSHOTS,
    SNAPSHOTS_PARAMETERS,
    SPRITE,
    SPRITE_PARAMETERS,
    SheetRequest,
    parse_snapshots,
    parse_sprite,
)
from framefetch.process.size import check_size
from framefetch.process.snapshot import (
    AUTO,
    SNAPSHOT,
    SNAPSHOT_PARAMETERS,
    Fit,
    Mode,
    Rotate,
    SnapshotRequest,
    parse_snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.http.call import Call

__all__ = [
    "ANIMATION",
    "ANIMATION_PARAMETERS",
    "AUTO",
    "INFO",
    "MALFORMED",
    "MAX_NUMBER",
    "PARAMETER",
    "SNAPSHOT",
    "SNAPSHOTS",
    "SNAPSHOTS_PARAMETERS",
    "SNAPSHOT_PARAMETERS",
    "SPRITE",
    "SPRITE_PARAMETERS",
    "AnimationRequest",
    "Fit",
    "Format",
    "InfoRequest",
    "Mode",
    "Moving",
    "Parameter",
    "Request",
    "Rotate",
    "Scale",
    "SheetRequest",
    "SnapshotRequest",
    "check_size",
    "parse",
    "process_of",
]


Request = SnapshotRequest | SheetRequest | AnimationRequest | InfoRequest
"""What can be asked of a film. Every one has `canonical`, `content_type`, `varies` and `for_caller`."""

_ACTIONS: dict[str, Callable[..., Request]] = {
    SNAPSHOT: parse_snapshot,
    SPRITE: parse_sprite,
    SNAPSHOTS: parse_snapshots,
    ANIMATION: parse_animation,
    INFO: parse_info,
}


def process_of(call: Call) -> str | None:
    """The process string of a request, percent-decoded; None where it has none."""
    found = [value for name, value in call.parameters if name == PARAMETER]
    return found[-1] if found else None


def parse(text: str | None, *, max_side: int) -> Request:
    """Reads a process string.

    Args:
        text: percent-decoded; None where the request has none.
        max_side: the largest side that may be asked for, in pixels.

    Raises:
        InvalidRequest: there is no process string.
        InvalidArgument: the action or a parameter is unknown, malformed or out of range.
    """
    if text is None:
        raise InvalidRequest(
            "framefetch returns pictures of videos, not the videos.",
            hint=f"Add ?{PARAMETER}={SNAPSHOT},t_1000 to ask for the picture at one second.",
        )
    action, *parts = text.split(",")
    if action not in _ACTIONS:
        message = f"The action {action!r} is not supported."
        raise refusal(PARAMETER, text, MALFORMED, message, f"Use {', '.join(_ACTIONS)}.")
    return _ACTIONS[action](text, parts, max_side=max_side)
