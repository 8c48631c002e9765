"""The beginning of a movie box, to the end of the film's video track: what follows are other tracks' tables.

In go bytes as they arrive, out comes a ``moov`` that ends there. What would need more of it is `Unusual`:
then the whole box is to be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.boxes import HEADER_BYTES, Box, box_header
from framefetch.containers.isobmff.long.outline import Unusual
from framefetch.containers.isobmff.tracks import read_track

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need
    from framefetch.containers.isobmff.long.places import Place, Reading

_MAX_BOXES = 256
_CHAPTERS = frozenset({b"jpeg", b"png "})
"""Pictures of chapters are coded so; a track that comes later may say that these are."""


def read_beginning(reading: Reading, moov: Place, size: int) -> Generator[Need, None, Box]:
    """Reads a movie box up to the end of its first video track.

    Args:
        reading: how its bytes are had.
        moov: where it is.
        size: of the object, in bytes.

    Raises:
        NotUnderstood: it is malformed.
        Unusual: there is no video track, or more has to be seen.
        FilmError: as `read_track`.
    """
    at = moov.body
    for _ in range(_MAX_BOXES):
        if moov.stop - at < HEADER_BYTES:
            break
        head = yield from reading.read(at, at + HEADER_BYTES, moov.stop, early=True)
        header = box_header(head)
        if header is None or header.size is None or at + header.size > moov.stop:
            raise NotUnderstood("a box ends after the movie box")
        stop = at + header.size
        if header.kind == b"mvex":
            raise Unusual
        whole = yield from reading.read(at, stop, moov.stop, early=True)
        if header.kind == b"trak":
            track = read_track(Box(b"trak", whole[header.bytes :], whole, at, 1), size)
            if track.handler == b"vide":
                if not track.samples or track.fourcc in _CHAPTERS:
                    break
                found = yield from reading.read(moov.start, stop)
                return Box(b"moov", found[moov.body - moov.start :], found, moov.start)
        at = stop
    raise Unusual
