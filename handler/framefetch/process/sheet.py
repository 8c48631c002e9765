"""``video/sprite,…`` and ``video/snapshots,…`` -> `SheetRequest`, and back: many pictures on one sheet. Pure.

The names are those of OSS's asynchronous operations (OSS documentation, media processing: sprites, frame
capture). There they write objects; here the answer is the sheet, or the WebVTT track that points into it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from framefetch.process.format import Format
from framefetch.process.grammar import MALFORMED, PARAMETER, Parameter, number, read_parameters, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SPRITE, SNAPSHOTS = "video/sprite", "video/snapshots"
TRACK = "vtt"
TRACK_TYPE = "text/vtt; charset=utf-8"
_COLUMNS = {SPRITE: 6, SNAPSHOTS: 3}
_WIDTHS = {SPRITE: 160, SNAPSHOTS: 320}
_LEAST_SIDE, _MOST_SIDE = 32, 4096
_MOST_CELLS, _MOST_GAP = 100, 100


class Scale(StrEnum):
    """What becomes of a picture's shape on a tile of another one."""

    STRETCH = "stretch"
    CROP = "crop"
    FILL = "fill"
    FIT = "fit"


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """Which pictures, and how they lie on the sheet.

    Attributes:
        action: sprite or snapshots: they differ in what is taken where nothing is said.
        start_ms: of the first picture.
        interval_ms: from one picture to the next; 0: they are spread over the rest of the film.
        count: of pictures; 0: as many as the sheet has tiles, or the film has intervals.
        tile_width: pixels; 0 follows from the height and the film's shape.
        tile_height: likewise; both 0: the action's usual width.
        columns: of tiles.
        rows: the most that there may be; 0: as many as the pictures need.
        pad: pixels between two tiles.
        margin: pixels around all of them.
        scale: where the tile has not the film's shape.
        format: of the sheet.
        is_track: not the sheet is asked for, but the track that points into it.
        link: where the track finds the sheet; not part of the canonical text.
    """

    action: str = SPRITE
    start_ms: int = 0
    interval_ms: int = 0
    count: int = 0
    tile_width: int = 0
    tile_height: int = 0
    columns: int = 0
    rows: int = 0
    pad: int = 2
    margin: int = 2
    scale: Scale = Scale.STRETCH
    format: Format = Format.JPG
    is_track: bool = False
    link: str = ""

    @property
    def content_type(self) -> str:
        """The media type of the answer."""
        return TRACK_TYPE if self.is_track else self.format.content_type

    @property
    def varies(self) -> bool:
        """Whether the answer depends on what formats the caller takes."""
        return False

    def for_caller(self, _: str | None) -> SheetRequest:
        """Itself: it names its format."""
        return self

    @property
    def across(self) -> int:
        """How many tiles a row has."""
        return self.columns or _COLUMNS[self.action]

    @property
    def most(self) -> int:
        """How many pictures there may be."""
        cells = self.across * (self.rows or (_MOST_CELLS if self.count or self.interval_ms else self.across))
        return min(self.count or cells, cells)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a tile, as far as they are said; one may be 0, but not both."""
        if self.tile_width or self.tile_height:
            return self.tile_width, self.tile_height
        return _WIDTHS[self.action], 0

    def sheet(self) -> SheetRequest:
        """The request for the sheet that a track points into."""
        return replace(self, is_track=False, link="")

    def canonical(self) -> str:
        """The one text for this request, whatever order and defaults it was written with."""
        tile = ("sw", "sh") if self.action == SPRITE else ("w", "h")
        values = (
            ("ss", self.start_ms, 0),
            ("inter", self.interval_ms, 0),
            ("num", self.count, 0),
            (tile[0], self.tile_width, 0),
            (tile[1], self.tile_height, 0),
            ("tw", self.columns, 0),
            ("th", self.rows, 0),
            ("pad", self.pad, 2),
            ("margin", self.margin, 2),
            ("scaletype", self.scale, Scale.STRETCH),
        )
        parts = [f"{name}_{value}" for name, value, usual in values if value != usual]
        return ",".join([self.action, f"f_{TRACK if self.is_track else self.format}", *parts])


def _within(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = number(most)(text)
        if value < least:
            raise ValueError
        return value

    return parse


def _form(text: str) -> Format | str:
    return TRACK if text == TRACK else _image(text)


def _image(text: str) -> Format:
    if text not in ("jpg", "png", "webp"):
        raise ValueError
    return Format(text)


def _mode(text: str) -> str:
    # How pictures are chosen follows from inter_ and num_; OSS's other two modes are not made here.
    if text not in ("inter", "avg"):
        raise ValueError
    return text


_MS = "milliseconds, a whole number from 0"
_TILE = f"{_LEAST_SIDE} to {_MOST_SIDE} pixels"
_COMMON = (
    Parameter("ss", "start_ms", MALFORMED, _MS, number()),
    Parameter("inter", "interval_ms", MALFORMED, _MS, number()),
    Parameter("num", "count", MALFORMED, "a whole number from 0", number(10_000)),
    Parameter("m", "mode", "0053-00000106", "inter or avg", _mode),
    Parameter("tw", "columns", MALFORMED, f"1 to {_MOST_CELLS}", _within(1, _MOST_CELLS)),
    Parameter("th", "rows", MALFORMED, f"1 to {_MOST_CELLS}", _within(1, _MOST_CELLS)),
    Parameter("pad", "pad", MALFORMED, f"0 to {_MOST_GAP} pixels", number(_MOST_GAP)),
    Parameter("margin", "margin", MALFORMED, f"0 to {_MOST_GAP} pixels", number(_MOST_GAP)),
    Parameter("scaletype", "scale", MALFORMED, "stretch, crop, fill or fit", Scale),
)
SPRITE_PARAMETERS = (
    *_COMMON,
    Parameter("sw", "tile_width", MALFORMED, _TILE, _within(_LEAST_SIDE, _MOST_SIDE)),
    Parameter("sh", "tile_height", MALFORMED, _TILE, _within(_LEAST_SIDE, _MOST_SIDE)),
    Parameter("f", "format", "0053-00000107", "jpg, png or webp; vtt", _form),
)
SNAPSHOTS_PARAMETERS = (
    *_COMMON,
    Parameter("w", "tile_width", "0053-00000104", _TILE, _within(_LEAST_SIDE, _MOST_SIDE)),
    Parameter("h", "tile_height", "0053-00000105", _TILE, _within(_LEAST_SIDE, _MOST_SIDE)),
    Parameter("f", "format", "0053-00000107", "jpg, png or webp", _image),
)


def parse_sprite(text: str, parts: Sequence[str], *, max_side: int) -> SheetRequest:
    """Reads the parts of a process string that asks for a sprite, or for its track.

    Raises:
        InvalidArgument: a parameter is unknown, malformed or out of range.
    """
    return _parse(SPRITE, SPRITE_PARAMETERS, text, parts, max_side)


def parse_snapshots(text: str, parts: Sequence[str], *, max_side: int) -> SheetRequest:
    """Reads the parts of a process string that asks for a contact sheet.

    Raises:
        InvalidArgument: a parameter is unknown, malformed or out of range.
    """
    return _parse(SNAPSHOTS, SNAPSHOTS_PARAMETERS, text, parts, max_side)


def _parse(
    action: str, table: Sequence[Parameter], text: str, parts: Sequence[str], max_side: int
) -> SheetRequest:
    values: dict[str, Any] = read_parameters(text, parts, table)
    mode = values.pop("mode", None)
    if mode == "avg" and not values.get("count"):
        raise refusal(PARAMETER, text, MALFORMED, "m_avg spreads num_ pictures.", "Add num_10.")
    if mode == "avg":
        values["interval_ms"] = 0
    if values.get("format") == TRACK:
        values["format"], values["is_track"] = Format.JPG, True
    request = SheetRequest(action, **values)
    for row in table:
        side = getattr(request, row.field) if row.field in ("tile_width", "tile_height") else 0
        if side > max_side:
            message = f"The value {side} of {row.name} is above {max_side} pixels."
            raise refusal(row.name, str(side), row.ec, message, f"Ask for at most {row.name}_{max_side}.")
    return request
