"""Tiles on a sheet, and the WebVTT track that says which of them belongs to which time.

In: images of one size, their numbers. Out: one image; and text, as players take it for previews.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence


class Sheet:
    """A sheet of tiles, row after row. Its image is made with the first tile.

    Args:
        tile: width and height of one, in pixels.
        count: how many there will be.
        columns: in a row, at most.
        pad: pixels between two.
        margin: pixels around all.
    """

    def __init__(self, tile: tuple[int, int], count: int, columns: int, pad: int, margin: int) -> None:
        self.tile = tile
        self._columns = min(columns, count)
        self._rows = -(-count // columns)
        self._pad = pad
        self._margin = margin
        self._image: Image.Image | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet, in pixels."""
        width, height = (
            2 * self._margin + tiles * side + (tiles - 1) * self._pad
            for tiles, side in zip((self._columns, self._rows), self.tile, strict=True)
        )
        return width, height

    @property
    def image(self) -> Image.Image:
        """The sheet, black where no tile is."""
        if self._image is None:
            self._image = Image.new("RGB", self.size)
        return self._image

    def place(self, number: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of a tile."""
        row, column = divmod(number, self._columns)
        left, top = (
            self._margin + at * (side + self._pad) for at, side in zip((column, row), self.tile, strict=True)
        )
        return left, top, *self.tile

    def put(self, number: int, image: Image.Image) -> None:
        """Puts an image on its tile; a smaller one into its middle."""
        left, top, width, height = self.place(number)
        at = left + (width - image.width) // 2, top + (height - image.height) // 2
        self.image.paste(image.convert("RGB"), at)


def track(cues: Sequence[tuple[int, int, tuple[int, int, int, int]]], link: str) -> str:
    """A WebVTT file (W3C WebVTT §4; Media Fragments URI 1.0 §4.2.2).

    Args:
        cues: start and end in ms, and the place of the tile.
        link: of the sheet.
    """
    texts = [
        f"{_clock(start)} --> {_clock(stop)}\n{link}#xywh={','.join(map(str, place))}\n"
        for start, stop, place in cues
    ]
    return "\n".join(["WEBVTT\n", *texts])


def _clock(at_ms: int) -> str:
    seconds, ms = divmod(at_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
