"""The process string ``video/snapshot,t_17000,f_jpg,w_800,…`` -> `SnapshotRequest`, and back.

Pure. Whatever is not understood is refused with OSS's own EC (OSS documentation, media processing
errors 0053-00000101…109); nothing is guessed. A parameter given twice: the last one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from framefetch.errors import ImageTooLarge, InvalidArgument, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.call import Call

PARAMETER = "x-oss-process"
ACTION = "video/snapshot"
MALFORMED = "0053-00000109"
MAX_AT_MS = 2**53
"""About 285,000 years: the largest t that every client can send as a number."""


class Mode(StrEnum):
    """Which picture answers t: the one shown at t, or the nearest keyframe at or before it."""

    EXACT = "exact"
    FAST = "fast"


class Rotate(StrEnum):
    """What becomes of the film's display matrix."""

    NONE = "none"
    AUTO = "auto"
    PORTRAIT = "h"
    LANDSCAPE = "w"


class Format(StrEnum):
    """What the picture is encoded as."""

    JPG = "jpg"
    PNG = "png"

    @property
    def content_type(self) -> str:
        """The media type."""
        return {"jpg": "image/jpeg", "png": "image/png"}[self.value]


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """Which picture, and how it is to look.

    Attributes:
        at_ms: 0 or more, on the presentation clock.
        width: pixels of the answer; 0 follows from `height` and the picture's shape.
        height: likewise; both 0: the film's own displayed size.
        long_side: of the answer, whichever side that is; 0 follows from `short_side`. Never together
            with `width` or `height`.
        short_side: likewise.
    """

    at_ms: int = 0
    width: int = 0
    height: int = 0
    mode: Mode = Mode.EXACT
    format: Format = Format.JPG
    rotate: Rotate = Rotate.NONE
    long_side: int = 0
    short_side: int = 0

    def canonical(self) -> str:
        """The one text for this request, whatever order and defaults it was written with."""
        parts = [ACTION, f"t_{self.at_ms}", f"f_{self.format}"]
        if self.width:
            parts.append(f"w_{self.width}")
        if self.height:
            parts.append(f"h_{self.height}")
        if self.long_side:
            parts.append(f"l_{self.long_side}")
        if self.short_side:
            parts.append(f"s_{self.short_side}")
        if self.mode is Mode.FAST:
            parts.append("m_fast")
        if self.rotate is not Rotate.NONE:
            parts.append(f"ar_{self.rotate}")
        return ",".join(parts)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table of parameters: its reading, its EC, and what it takes, for people."""

    name: str
    field: str
    ec: str
    takes: str
    parse: Callable[[str], object]


def _number(limit: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # isdecimal alone would also take digits of other scripts, which no OSS client sends.
        if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= limit):
            raise ValueError
        return int(text)

    return parse


def _side() -> Callable[[str], int]:
    return _number(MAX_AT_MS)


def _mode(text: str) -> Mode:
    if text != "fast":
        raise ValueError
    return Mode.FAST


def _rotate(text: str) -> Rotate:
    if text == Rotate.NONE:
        raise ValueError
    return Rotate(text)


PARAMETERS = (
    Parameter("t", "at_ms", "0053-00000101", "milliseconds, a whole number from 0", _number(MAX_AT_MS)),
    Parameter("l", "long_side", "0053-00000102", "pixels, a whole number from 0", _side()),
    Parameter("s", "short_side", "0053-00000103", "pixels, a whole number from 0", _side()),
    Parameter("w", "width", "0053-00000104", "pixels, a whole number from 0", _side()),
    Parameter("h", "height", "0053-00000105", "pixels, a whole number from 0", _side()),
    Parameter("m", "mode", "0053-00000106", "fast", _mode),
    Parameter("f", "format", "0053-00000107", "jpg or png", Format),
    Parameter("ar", "rotate", "0053-00000108", "auto, h or w", _rotate),
)
_BY_NAME = {one.name: one for one in PARAMETERS}


def process_of(call: Call) -> str | None:
    """The process string of a request, percent-decoded; None where it has none."""
    found = [value for name, value in call.parameters if name == PARAMETER]
    return found[-1] if found else None


def parse(text: str | None, *, max_side: int) -> SnapshotRequest:
    """Reads a process string.

    Args:
        text: percent-decoded; None where the request has none.
        max_side: the largest `w` and `h`, in pixels.

    Raises:
        InvalidRequest: there is no process string.
        InvalidArgument: the action or a parameter is unknown, malformed or out of range.
    """
    if text is None:
        raise InvalidRequest(
            "framefetch returns pictures of videos, not the videos.",
            hint=f"Add ?{PARAMETER}={ACTION},t_1000 to ask for the picture at one second.",
        )
    action, *rest = text.split(",")
    if action != ACTION:
        raise _refuse(
            PARAMETER, text, MALFORMED, f"The action {action!r} is not supported.", f"Use {ACTION}."
        )
    last: dict[str, tuple[Parameter, str]] = {}
    for part in rest:
        name, separator, value = part.partition("_")
        if not separator or not value or name not in _BY_NAME:
            known = ", ".join(f"{one.name}_" for one in PARAMETERS)
            raise _refuse(
                PARAMETER,
                text,
                MALFORMED,
                f"The part {part!r} of the process string cannot be read.",
                f"Parts are name_value with one of {known}.",
            )
        last[name] = (_BY_NAME[name], value)
    values: dict[str, object] = {}
    for row, value in last.values():
        try:
            values[row.field] = row.parse(value)
        except ValueError:
            message = f"The value {value!r} of {row.name} is not valid."
            raise _refuse(row.name, value, row.ec, message, f"{row.name}_ takes {row.takes}.") from None
    if not last.keys().isdisjoint("ls") and not last.keys().isdisjoint("wh"):
        message = "The size is given twice."
        raise _refuse(PARAMETER, text, MALFORMED, message, "Use l_ and s_, or w_ and h_, not both.")
    request = SnapshotRequest(**values)  # type: ignore[arg-type]  # each row parses to its field's type
    for name in ("l", "s", "w", "h"):
        row = _BY_NAME[name]
        side = getattr(request, row.field)
        if side > max_side:
            message = f"The value {side} of {row.name} is above {max_side} pixels."
            raise _refuse(row.name, str(side), row.ec, message, f"Ask for at most {row.name}_{max_side}.")
    return request


def _refuse(name: str, value: str, ec: str, message: str, hint: str) -> InvalidArgument:
    extras = (("ArgumentName", name), ("ArgumentValue", value))
    return InvalidArgument(message, hint=hint, ec=ec, extras=extras)


def check_size(width: int, height: int, *, max_side: int, max_pixels: int) -> None:
    """Refuses an answer that is larger than the limits.

    Raises:
        ImageTooLarge: a side or the area is above its limit.
    """
    if max(width, height) > max_side or width * height > max_pixels:
        raise ImageTooLarge(
            f"A picture of {width} x {height} is above the limit of {max_side} a side, {max_pixels} in all.",
            hint="Ask for a smaller w or h.",
        )
