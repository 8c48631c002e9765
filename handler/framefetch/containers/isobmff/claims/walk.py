"""The way to the movie box of a film that FFmpeg is to read: its claims are looked at, wherever it is."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.boxes import HEADER_BYTES, Box, box_header
from framefetch.containers.isobmff.claims.movie import OUT_OF_PLACE, check_gaps
from framefetch.containers.isobmff.long.outline import FIRST_BYTES
from framefetch.containers.pull import Pull
from framefetch.errors import CorruptFilm, ImageTooLarge

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need, VideoIndex

MAX_BOXES = 4096
_MAX_UNPACKED_BYTES = 16 << 20
"""Of a compressed movie box; QuickTime wrote them when films were short."""


class ClaimsWalk(Pull):
    """Finds the movie box wherever FFmpeg would, and looks at its claims; all being well, it has no index.

    Args:
        size: of the object, in bytes.
        max_index_bytes: the largest movie box that is read.
    """

    def __init__(self, size: int, max_index_bytes: int) -> None:
        super().__init__(size, 2 * max_index_bytes, in_full=True)
        self._max_index_bytes = max_index_bytes

    def _walk(self) -> Generator[Need, None, VideoIndex]:
        at = 0
        for _ in range(MAX_BOXES):
            if self._size - at < HEADER_BYTES // 2:
                raise NotUnderstood("no movie box")
            head = yield from self.read(at, min(at + HEADER_BYTES, self._size), at + FIRST_BYTES)
            header = box_header(head)
            if header is None:
                raise NotUnderstood("a box's header is cut short")
            stop = self._size if header.size is None else min(self._size, at + header.size)
            if header.kind in OUT_OF_PLACE:
                raise CorruptFilm(
                    "The video's index is not where it belongs.", detail=f"{header.kind!r} at {at}"
                )
            if header.kind == b"moov":
                if stop - at > self._max_index_bytes:
                    raise ImageTooLarge("The video's index is larger than the limits of this service.")
                self._held.reserve(at, stop)
                whole = yield from self.read(at, stop)
                moov = Box(b"moov", whole[header.bytes :], whole, at)
                check_gaps(_unpacked(moov), self._size)
                raise NotUnderstood("nothing to object to")
            at = stop
        raise ImageTooLarge(
            "The video has more parts than one picture may cost.",
            hint="Remux it: its index comes after thousands of other boxes.",
        )


def _unpacked(moov: Box) -> Box:
    """The movie box in a compressed one (QuickTime File Format, "Compressed movie resources"), or itself.

    Raises:
        ImageTooLarge: it is larger than any of its time.
    """
    with suppress(NotUnderstood, zlib.error):
        cmov = moov.child(b"cmov")
        cmvd = cmov.child(b"cmvd") if cmov is not None else None
        if cmvd is not None:
            inflating = zlib.decompressobj()
            found = memoryview(inflating.decompress(cmvd.body[4:], _MAX_UNPACKED_BYTES))
            if inflating.unconsumed_tail:
                raise ImageTooLarge("The video's index is larger than the limits of this service.")
            header = box_header(found[:HEADER_BYTES])
            if header is not None:
                return Box(header.kind, found[header.bytes :], found, moov.start)
    return moov
