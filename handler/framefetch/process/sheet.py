"""``video/sprite,…`` and ``video/snapshots,…`` -> `SheetRequest`, and back: many pictures on one sheet. Pure.

The names are those of OSS's asynchronous operations (OSS documentation, media processing: sprites, frame
capture). There they write objects; here the answer is the sheet, or the WebVTT track that points into it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framefetch.process.format import Format
from framefetch.process.grammar import MALFORMED, Parameter, number
from framefetch.process.many import MOMENTS, SIDE, Scale, read_many, side, within, written
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

SPRITE, SNAPSHOTS = "video/sprite", "video/snapshots"
TRACK = "vtt"
TRACK_TYPE = "text/vtt; charset=utf-8"
_COLUMNS = {SPRITE: 6, SNAPSHOTS: 3}
_WIDTHS = {SPRITE: 160, SNAPSHOTS: 320}
_MOST_CELLS, _MOST_GAP = 100, 100


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

    @property
    def side_names(self) -> tuple[str, str]:
        """What the sides of a tile are called."""
        return ("sw_", "sh_") if self.action == SPRITE else ("w_", "h_")

    def sheet(self) -> SheetRequest:
        """The request for the sheet that a track points into."""
        return replace(self, is_track=False, link="")

    def canonical(self) -> str:
        """The one text for this request, whatever order and defaults it was written with."""
        width, height = (name.removesuffix("_") for name in self.side_names)
        values = (
            ("ss", self.start_ms, 0),
            ("inter", self.interval_ms, 0),
            ("num", self.count, 0),
            (width, self.tile_width, 0),
            (height, self.tile_height, 0),
            ("tw", self.columns, 0),
            ("th", self.rows, 0),
            ("pad", self.pad, 2),
            ("margin", self.margin, 2),
            ("scaletype", self.scale, Scale.STRETCH),
        )
        return written(self.action, TRACK if self.is_track else self.format, values)


def _form(text: str) -> Format | str:
    return TRACK if text == TRACK else _image(text)


def _image(text: str) -> Format:
    if text not in ("jpg", "png", "webp"):
        raise ValueError
    return Format(text)


_COMMON = (
    *MOMENTS,
    Parameter("tw", "columns", MALFORMED, f"1 to {_MOST_CELLS}", within(1, _MOST_CELLS)),
    Parameter("th", "rows", MALFORMED, f"1 to {_MOST_CELLS}", within(1, _MOST_CELLS)),
    Parameter("pad", "pad", MALFORMED, f"0 to {_MOST_GAP} pixels", number(_MOST_GAP)),
    Parameter("margin", "margin", MALFORMED, f"0 to {_MOST_GAP} pixels", number(_MOST_GAP)),
)
SPRITE_PARAMETERS = (
    *_COMMON,
    Parameter("sw", "tile_width", MALFORMED, SIDE, side),
    Parameter("sh", "tile_height", MALFORMED, SIDE, side),
    Parameter("f", "format", "0053-00000107", "jpg, png or webp; vtt", _form),
)
SNAPSHOTS_PARAMETERS = (
    *_COMMON,
    Parameter("w", "tile_width", "0053-00000104", SIDE, side),
    Parameter("h", "tile_height", "0053-00000105", SIDE, side),
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
    values = read_many(text, parts, table, ("tile_width", "tile_height"), max_side)
    if values.get("format") == TRACK:
        values["format"], values["is_track"] = Format.JPG, True
    return SheetRequest(action, **values)
