"""What actions that make several pictures share: parameters, and how a picture fills its place. Pure.

The names are those of OSS's asynchronous operations (OSS documentation, media processing).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from framefetch.process.grammar import MALFORMED, PARAMETER, Parameter, number, read_parameters, refusal
from framefetch.process.snapshot import Fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEAST_SIDE, _MOST_SIDE = 32, 4096
SIDE = f"{LEAST_SIDE} to {_MOST_SIDE} pixels"


class Scale(StrEnum):
    """What becomes of a picture's shape where it is to have another one."""

    STRETCH = "stretch"
    CROP = "crop"
    FILL = "fill"
    FIT = "fit"

    @property
    def fit(self) -> Fit:
        """The same, as a snapshot has it."""
        return {"stretch": Fit.STRETCH, "crop": Fit.COVER, "fill": Fit.PAD, "fit": Fit.CONTAIN}[self.value]


def within(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        value = number(most)(text)
        if value < least:
            raise ValueError
        return value

    return parse


side = within(LEAST_SIDE, _MOST_SIDE)
"""Reads a side of a picture."""


def _mode(text: str) -> str:
    # How pictures are chosen follows from inter_ and num_; OSS's other two modes are not made here.
    if text not in ("inter", "avg"):
        raise ValueError
    return text


_MS = "milliseconds, a whole number from 0"
MOMENTS = (
    Parameter("ss", "start_ms", MALFORMED, _MS, number()),
    Parameter("inter", "interval_ms", MALFORMED, _MS, number()),
    Parameter("num", "count", MALFORMED, "a whole number from 0", number(10_000)),
    Parameter("m", "mode", "0053-00000106", "inter or avg", _mode),
    Parameter("scaletype", "scale", MALFORMED, "stretch, crop, fill or fit", Scale),
)
"""Which pictures, and their shape."""


def written(action: str, form: str, values: Sequence[tuple[str, object, object]]) -> str:
    """The one text for a request: its format, and each value that is not usual (name, value, usual)."""
    parts = [f"{name}_{value}" for name, value, usual in values if value != usual]
    return ",".join([action, f"f_{form}", *parts])


def read_many(
    text: str, parts: Sequence[str], table: Sequence[Parameter], sides: Sequence[str], max_side: int
) -> dict[str, Any]:
    """The values of a process string's parts, by the fields of a request; ``m_avg`` is an interval of 0.

    Args:
        text: the whole process string, for messages.
        parts: what stands after the action.
        table: the parameters that the action has.
        sides: fields that are sides of a picture.
        max_side: the largest side that may be asked for, in pixels.

    Raises:
        InvalidArgument: a part is unknown, malformed or out of range.
    """
    values: dict[str, Any] = read_parameters(text, parts, table)
    mode = values.pop("mode", None)
    if mode == "avg" and not values.get("count"):
        raise refusal(PARAMETER, text, MALFORMED, "m_avg spreads num_ pictures.", "Add num_10.")
    if mode == "avg":
        values["interval_ms"] = 0
    for row in table:
        value = values.get(row.field, 0)
        if row.field in sides and value > max_side:
            message = f"The value {value} of {row.name} is above {max_side} pixels."
            raise refusal(row.name, str(value), row.ec, message, f"Ask for at most {row.name}_{max_side}.")
    return values
