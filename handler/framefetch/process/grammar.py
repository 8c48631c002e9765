"""``action,name_value,name_value…`` read against a table of parameters. Pure.

Whatever is not understood is refused with OSS's own EC (OSS documentation, media processing errors
0053-00000101…109); nothing is guessed. A parameter given twice: the last one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.errors import InvalidArgument
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARAMETER = "x-oss-process"
MALFORMED = "0053-00000109"
MAX_NUMBER = 2**53
"""The largest whole number that every client can send: as a time about 285,000 years."""
_MOST_FIGURES = 20


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of a table of parameters: its reading, its EC, and what it takes, for people."""

    name: str
    field: str
    ec: str
    takes: str
    parse: Callable[[str], object]


class _TooLarge(ValueError):  # noqa: N818 - tells a bound, within this module only
    """A whole number, which is above what is taken."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = str(limit)


def number(limit: int = MAX_NUMBER) -> Callable[[str], int]:
    """Reads a whole number from 0 to a limit."""

    def parse(text: str) -> int:
        # isdecimal alone would also take digits of other scripts, which no OSS client sends.
        if not (text.isascii() and text.isdecimal()):
            raise ValueError
        if len(text) > _MOST_FIGURES or int(text) > limit:
            raise _TooLarge(limit)
        return int(text)

    return parse


def read_parameters(text: str, parts: Sequence[str], table: Sequence[Parameter]) -> dict[str, object]:
    """The values of a process string's parts, by the fields of a request.

    Args:
        text: the whole process string, for messages.
        parts: what stands after the action.
        table: the parameters that the action has.

    Raises:
        InvalidArgument: a part is unknown, malformed or out of range.
    """
    by_name = {one.name: one for one in table}
    last: dict[str, str] = {}
    for part in parts:
        name, separator, value = part.partition("_")
        if not separator or not value or name not in by_name:
            known = ", ".join(f"{one.name}_" for one in table)
            raise refusal(
                PARAMETER,
                text,
                MALFORMED,
                f"The part {part!r} of the process string cannot be read.",
                f"Parts are name_value with one of {known}.",
            )
        last[name] = value
    values: dict[str, object] = {}
    for name, value in last.items():
        row = by_name[name]
        try:
            values[row.field] = row.parse(value)
        except ValueError as error:
            message = f"The value {value!r} of {name} is not valid."
            takes = row.takes
            if isinstance(error, _TooLarge) and error.limit not in takes:
                takes += f"; at most {error.limit}"
            raise refusal(name, value, row.ec, message, f"{name}_ takes {takes}.") from None
    return values


def refusal(name: str, value: str, ec: str, message: str, hint: str) -> InvalidArgument:
    """The error for a value that an argument cannot have."""
    extras = (("ArgumentName", name), ("ArgumentValue", value))
    return InvalidArgument(message, hint=hint, ec=ec, extras=extras)
