"""``video/snapshot,t_17000,f_jpg,w_800,…`` -> `SnapshotRequest`, and back. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from framefetch.process.format import Format, best_for
from framefetch.process.grammar import MALFORMED, PARAMETER, Parameter, number, read_parameters, refusal
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

SNAPSHOT = "video/snapshot"
AUTO = "auto"


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


class Fit(StrEnum):
    """What becomes of the shape where both sides are given. OSS stretches."""

    STRETCH = "stretch"
    CONTAIN = "contain"
    COVER = "cover"
    PAD = "pad"


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """Which picture, and how it is to look.

    Attributes:
        at_ms: 0 or more, on the presentation clock.
        at_percent: 0 to 100: of the film's length, in place of `at_ms`; None: `at_ms` counts.
        is_auto: the picture that is most worth showing, in place of both.
        width: pixels of the answer; 0 follows from `height` and the picture's shape.
        height: likewise; both 0: the film's own displayed size.
        long_side: of the answer, whichever side that is; 0 follows from `short_side`. Never together
            with `width` or `height`.
        short_side: likewise.
        quality: of jpg, webp and avif, 1 to 100; 0: the setting's.
        fit: where both sides are given: stretched to them; as large as goes into them (`CONTAIN`);
            that, in the middle of a picture of exactly this size (`PAD`); or cut to their shape (`COVER`).
        background: RRGGBB, behind all that is transparent or empty; "": the setting's, where there has to
            be one.
    """

    at_ms: int = 0
    width: int = 0
    height: int = 0
    mode: Mode = Mode.EXACT
    format: Format = Format.JPG
    rotate: Rotate = Rotate.NONE
    long_side: int = 0
    short_side: int = 0
    quality: int = 0
    fit: Fit = Fit.STRETCH
    background: str = ""
    at_percent: int | None = None
    is_auto: bool = False

    @property
    def content_type(self) -> str:
        """The media type of the answer."""
        return self.format.content_type

    @property
    def t(self) -> str:
        """The value of ``t_``."""
        if self.is_auto:
            return AUTO
        return str(self.at_ms) if self.at_percent is None else f"{self.at_percent}p"

    def canonical(self) -> str:
        """The one text for this request, whatever order and defaults it was written with."""
        parts = [SNAPSHOT, f"t_{self.t}", f"f_{self.format}"]
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
        if self.quality:
            parts.append(f"q_{self.quality}")
        if self.fit is not Fit.STRETCH:
            parts.append(f"fit_{self.fit}")
        if self.background:
            parts.append(f"bg_{self.background}")
        return ",".join(parts)

    @property
    def varies(self) -> bool:
        """Whether the answer depends on what formats the caller takes."""
        return self.format is Format.AUTO

    def for_caller(self, accept: str | None) -> SnapshotRequest:
        """The request with a format that can be made, whatever it was asked with."""
        return replace(self, format=best_for(accept)) if self.varies else self


def _moment(text: str) -> dict[str, object]:
    """The fields that ``t_`` sets: a time, a share of the film's length, or neither."""
    if text == AUTO:
        return {"is_auto": True}
    if text.endswith("p"):
        return {"at_percent": number(100)(text.removesuffix("p"))}
    return {"at_ms": number()(text)}


def _mode(text: str) -> Mode:
    if text != "fast":
        raise ValueError
    return Mode.FAST


def _rotate(text: str) -> Rotate:
    if text == Rotate.NONE:
        raise ValueError
    return Rotate(text)


def _quality(text: str) -> int:
    value = number(100)(text)
    if value == 0:
        raise ValueError
    return value


def _background(text: str) -> str:
    if not re.fullmatch("[0-9A-Fa-f]{6}", text):
        raise ValueError
    return text.upper()


_side = number(10**20)
"""Reads a side. What the settings do not allow is refused later, with the most that they do."""
SNAPSHOT_PARAMETERS = (
    Parameter(
        "t", "moment", "0053-00000101", "milliseconds, a whole number from 0; 0p to 100p; auto", _moment
    ),
    Parameter("l", "long_side", "0053-00000102", "pixels, a whole number from 0", _side),
    Parameter("s", "short_side", "0053-00000103", "pixels, a whole number from 0", _side),
    Parameter("w", "width", "0053-00000104", "pixels, a whole number from 0", _side),
    Parameter("h", "height", "0053-00000105", "pixels, a whole number from 0", _side),
    Parameter("m", "mode", "0053-00000106", "fast", _mode),
    Parameter("f", "format", "0053-00000107", "jpg or png; webp, avif or auto", Format),
    Parameter("ar", "rotate", "0053-00000108", "auto, h or w", _rotate),
    # These, and the last three formats, are not OSS's. It has no codes for them either.
    Parameter("q", "quality", MALFORMED, "a whole number from 1 to 100", _quality),
    Parameter("fit", "fit", MALFORMED, "stretch, contain, cover or pad", Fit),
    Parameter("bg", "background", MALFORMED, "RRGGBB in hexadecimal figures", _background),
)
_SIDES = ("long_side", "short_side", "width", "height")


def parse_snapshot(text: str, parts: Sequence[str], *, max_side: int) -> SnapshotRequest:
    """Reads the parts of a process string that asks for one picture.

    Raises:
        InvalidArgument: a parameter is unknown, malformed or out of range.
    """
    values = read_parameters(text, parts, SNAPSHOT_PARAMETERS)
    if not values.keys().isdisjoint(_SIDES[:2]) and not values.keys().isdisjoint(_SIDES[2:]):
        message = "The size is given twice."
        raise refusal(PARAMETER, text, MALFORMED, message, "Use l_ and s_, or w_ and h_, not both.")
    moment: Any = values.pop("moment", {})
    request = SnapshotRequest(**values, **moment)  # type: ignore[arg-type]  # each row parses to its field's type
    for row in SNAPSHOT_PARAMETERS:
        side = getattr(request, row.field) if row.field in _SIDES else 0
        if side > max_side:
            message = f"The value {side} of {row.name} is above {max_side} pixels."
            hint = f"Ask for at most {row.name}_{max_side}."
            raise refusal(row.name, str(side), row.ec, message, hint)
    return request
