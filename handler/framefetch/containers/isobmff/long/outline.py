"""A movie box that is too long to be read as a whole: its boxes one by one, without the long tables.

In go bytes as far as they are there, out come needs, a movie box in which every ``stbl`` has its sample
descriptions only, and where each of those is in the object. What it does not expect is `Unusual`: then
the whole box is to be read, so nothing here has to be clever.
"""

from __future__ import annotations

import struct
from dataclasses import field
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.boxes import HEADER_BYTES, MAX_CHILDREN, Box, box_header
from framefetch.containers.isobmff.long.places import Place
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from framefetch.containers.index import Need
    from framefetch.containers.isobmff.long.guess import Guess
    from framefetch.containers.isobmff.long.places import Hinting

FIRST_BYTES = 32 << 10
"""Of a movie box; with the start of ``ctts`` in it, which shows how the film is reordered."""
HOP_BYTES = 8 << 10
"""What is read where a box starts: of most tracks all but the tables."""
_MAX_WHOLE_BYTES = 1 << 20
_MAX_BOXES = 4096
_LEAST_HEADER = 8
_KEPT = {
    b"moov": frozenset({b"mvhd"}),
    b"trak": frozenset({b"tkhd", b"edts", b"tref"}),
    b"mdia": frozenset({b"mdhd", b"hdlr"}),
    b"minf": frozenset({b"vmhd", b"dinf"}),
    b"stbl": frozenset({b"stsd"}),
}
"""What is read of each box; of its other children only that they are there."""
_ENTERED = {b"moov": b"trak", b"trak": b"mdia", b"mdia": b"minf", b"minf": b"stbl"}


class Unusual(Exception):  # noqa: N818 - a signal, never answered
    """The movie box is to be read as a whole."""


@dataclass(slots=True)
class Outline:
    """One movie box.

    Attributes:
        reading: how its bytes are had.
        moov: where it is.
        guess: tells what to ask for next at the first video track; None: nothing.
        traks: its tracks, in order.
        tables: of each track, its ``stbl``.
        boxes: how many were seen.
    """

    reading: Hinting
    moov: Place
    guess: Guess | None = None
    traks: list[Place] = field(default_factory=list)
    tables: list[Place] = field(default_factory=list)
    boxes: int = 0
    _last: dict[bytes, bytes] = field(default_factory=dict)

    def run(self) -> Generator[Need, None, Box]:
        """The movie box without what was left out.

        Raises:
            NotUnderstood: it is malformed.
            Unusual: it is to be read as a whole.
        """
        found = memoryview((yield from self._outlined(self.moov)))
        if len(self.tables) != len(self.traks):
            raise Unusual
        return Box(b"moov", found[_LEAST_HEADER:], found, self.moov.start)

    def next_child(self, parent: Place, at: int) -> Generator[Need, None, Place | None]:
        """The child of a box that starts at a place; None after the last one."""
        if parent.stop - at < _LEAST_HEADER:
            return None
        wanted = min(at + HEADER_BYTES, parent.stop)
        head = yield from self.reading.read(at, wanted, min(self.moov.stop, at + HOP_BYTES))
        return self._child(parent, at, head)

    def peek_children(self, parent: Place) -> Iterator[Place]:
        """The first children of a box, as far as their headers are there."""
        at: int = parent.body
        while parent.stop - at >= _LEAST_HEADER:
            head = self.reading.peek(at, min(at + HEADER_BYTES, parent.stop))
            found = self._child(parent, at, head) if head is not None else None
            if found is None:
                return
            yield found
            at = found.stop

    def _child(self, parent: Place, at: int, head: memoryview) -> Place | None:
        header = box_header(head)
        self.boxes += 1
        if self.boxes > min(_MAX_BOXES, MAX_CHILDREN):
            raise Unusual
        if header is None:
            raise NotUnderstood(f"a box ends after {parent.kind!r}")
        if header.kind == b"\0\0\0\0":
            return None
        if header.size is None or at + header.size > parent.stop:
            raise NotUnderstood(f"{header.kind!r} ends after {parent.kind!r}")
        return Place(header.kind, at, at + header.bytes, at + header.size)

    def _outlined(self, place: Place) -> Generator[Need, None, bytes]:
        """A box with its children, most of them empty."""
        parts: list[bytes] = []
        at = place.body
        while (child := (yield from self.next_child(place, at))) is not None:
            parts.append((yield from self._part(place, child)))
            if place.kind == b"stbl":
                # The tables come later, and only those of the video.
                self._expect(place)
                break
            at = child.stop
        body = b"".join(parts)
        return struct.pack(">I4s", _LEAST_HEADER + len(body), place.kind) + body

    def _expect(self, stbl: Place) -> None:
        """Asks ahead for what the first video track's picture needs."""
        mdhd, hdlr = self._last.get(b"mdhd", b""), self._last.get(b"hdlr", b"")
        if self.guess is None or hdlr[8:12] != b"vide" or not mdhd:
            return
        at = 20 if mdhd[0] == 1 else 12
        timescale = int.from_bytes(mdhd[at : at + 4], "big")
        try:
            tables = list(self.peek_children(stbl))
        except NotUnderstood:
            return
        wanted = self.guess.ranges(self.moov, self.traks[-1], stbl, timescale, tables)
        self.reading.hint([(max(self.moov.start, a), min(self.moov.stop, b)) for a, b in wanted])
        self.guess = None

    def _part(self, place: Place, child: Place) -> Generator[Need, None, bytes]:
        if child.kind == _ENTERED.get(place.kind):
            if child.kind == b"trak":
                self.traks.append(child)
            if child.kind == b"stbl":
                self.tables.append(child)
            return (yield from self._outlined(child))
        if child.kind in _KEPT[place.kind]:
            if child.stop - child.start > _MAX_WHOLE_BYTES:
                raise Unusual
            whole = bytes((yield from self.reading.read(child.start, child.stop)))
            self._last[child.kind] = whole[child.body - child.start :]
            return whole
        if child.kind == b"mvex" or place.kind == b"stbl":
            # Fragments, or tables before the sample descriptions.
            raise Unusual
        return struct.pack(">I4s", _LEAST_HEADER, child.kind)
