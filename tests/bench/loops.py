"""A short MP4 made long: its samples are given many times over, and its tables are written for all of them.

In goes a finished MP4 with its index at the end, out comes a list of parts. The samples stay in one
file on disk; only the index grows. Boxes that are not about time or place are copied as they are.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.bench.shelf import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"})
_FOUR_GIB = 1 << 32


def boxes(film: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, start, start of the body, and stop of the boxes in a range."""
    stop = len(film) if stop is None else stop
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", film, start)
        body = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", film, body)
            body += 8
        yield kind, start, body, start + size
        start += size


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def child(film: bytes, *path: bytes, start: int = 0, stop: int | None = None) -> bytes:
    """The body of the first box at a path."""
    body = b""
    for kind in path:
        begin, end = next((b, c) for name, _, b, c in boxes(film, start, stop) if name == kind)
        body, start, stop = film[begin:end], begin, end
    return body


def traks(film: bytes) -> list[bytes]:
    """The bodies of the film's tracks."""
    moov = child(film, b"moov")
    return [moov[b:c] for kind, _, b, c in boxes(moov) if kind == b"trak"]


def is_video(trak: bytes) -> bool:
    return child(trak, b"mdia", b"hdlr")[8:12] == b"vide"


@dataclass(frozen=True, slots=True)
class Looped:
    """The film's parts, and the bytes of its video's `trak`: what an index of the pictures is made of."""

    parts: tuple[Part, ...]
    video_trak_bytes: int


def loop(unit: Path, name: str, times: int, *, front: bool = False, hole_bytes: int = 0) -> Looped:
    """Makes the long film beside the short one.

    Args:
        unit: the short film.
        name: of the long film; its own files are called ``NAME.head`` and ``NAME.moov``.
        times: how often the samples come.
        front: puts the index before the samples.
        hole_bytes: zeros between the beginning and the first sample.
    """
    film = unit.read_bytes()
    ftyp = film[: next(stop for kind, _, _, stop in boxes(film) if kind == b"ftyp")]
    begin, end = next((b, c) for kind, _, b, c in boxes(film) if kind == b"mdat")
    length = end - begin
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + hole_bytes + length * times)
    wide = hole_bytes + length * times >= _FOUR_GIB - (256 << 20)
    samples_at = len(ftyp) + len(mdat) + hole_bytes
    maker = _Maker(times, length, samples_at - begin, wide=wide)
    moov = maker.moov(film)
    if front:
        # The places of the samples do not change the index's size.
        maker = _Maker(times, length, samples_at + len(moov) - begin, wide=wide)
        moov = maker.moov(film)
    folder = unit.parent
    head, tail = (ftyp + moov + mdat, b"") if front else (ftyp + mdat, moov)
    (folder / f"{name}.head").write_bytes(head)
    (folder / f"{name}.moov").write_bytes(tail)
    parts = [Part(f"{name}.head", 0, len(head))]
    if hole_bytes:
        parts.append(Part(None, 0, hole_bytes))
    parts.append(Part(unit.name, begin, length, times))
    if tail:
        parts.append(Part(f"{name}.moov", 0, len(tail)))
    return Looped(tuple(parts), maker.video_trak_bytes)


class _Maker:
    """Writes the index of the long film.

    Args:
        times: how often the samples come.
        length: bytes of one turn.
        shift: how far the first turn's samples moved.
        wide: whether places take 64 bits.
    """

    def __init__(self, times: int, length: int, shift: int, *, wide: bool) -> None:
        self.times = times
        self.length = length
        self.shift = shift
        self.wide = wide
        self.video_trak_bytes = 0
        self._movie_ticks = 0
        self._ticks = 0
        self._samples = 0
        self._chunks = 0
        self._added = 0
        self._changes: dict[bytes, Callable[[bytes], bytes]] = {
            b"tkhd": lambda body: box(b"tkhd", _add(body, 20, self._added)),
            b"mdhd": lambda body: box(b"mdhd", _add(body, 16, (self.times - 1) * self._ticks)),
            b"elst": lambda body: box(b"elst", _add(body, len(body) - 12, self._added)),
            b"stts": lambda body: box(b"stts", self._runs(body, 4)),
            b"sbgp": lambda body: box(b"sbgp", self._runs(body, 8)),
            b"ctts": lambda body: box(b"ctts", self._repeated(body)),
            b"stsz": lambda body: box(b"stsz", self._sizes(body)),
            b"stss": lambda body: box(b"stss", self._numbers(body)),
            b"stsc": lambda body: box(b"stsc", self._chunk_runs(body)),
            b"stco": self._places,
        }

    def moov(self, film: bytes) -> bytes:
        body = child(film, b"moov")
        self._movie_ticks = struct.unpack_from(">I", body, 8 + 12)[0]
        rest = []
        longest = 0
        for kind, start, begin, stop in boxes(body):
            if kind == b"trak":
                rest.append(self._trak(body[begin:stop]))
                longest = max(longest, self._added)
            elif kind != b"mvhd":
                rest.append(body[start:stop])
        mvhd = box(b"mvhd", _add(child(body, b"mvhd"), 16, longest))
        return box(b"moov", mvhd + b"".join(rest))

    def _trak(self, trak: bytes) -> bytes:
        mdhd = child(trak, b"mdia", b"mdhd")
        timescale, self._ticks = struct.unpack_from(">II", mdhd, 12)
        stbl = child(trak, b"mdia", b"minf", b"stbl")
        self._samples = struct.unpack_from(">I", child(stbl, b"stsz"), 8)[0]
        self._chunks = struct.unpack_from(">I", child(stbl, b"stco"), 4)[0]
        self._added = (self.times - 1) * self._ticks * self._movie_ticks // timescale
        made = box(b"trak", self._children(trak))
        if is_video(trak):
            self.video_trak_bytes = len(made)
        return made

    def _children(self, body: bytes) -> bytes:
        return b"".join(self._one(kind, body[begin:stop]) for kind, _, begin, stop in boxes(body))

    def _one(self, kind: bytes, body: bytes) -> bytes:
        if kind in _HOLDERS:
            return box(kind, self._children(body))
        change = self._changes.get(kind)
        return box(kind, body) if change is None else change(body)

    def _repeated(self, body: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", body, 4)
        return body[:4] + struct.pack(">I", count * self.times) + body[8:] * self.times

    def _sizes(self, body: bytes) -> bytes:
        (size,) = struct.unpack_from(">I", body, 4)
        sizes = b"" if size else body[12:] * self.times
        return body[:8] + struct.pack(">I", self._samples * self.times) + sizes

    def _runs(self, body: bytes, count_at: int) -> bytes:
        """Pairs of a count and a value; runs that meet become one."""
        pairs = list(struct.iter_unpack(">II", body[count_at + 4 :])) * self.times
        merged: list[list[int]] = []
        for count, value in pairs:
            if merged and merged[-1][1] == value:
                merged[-1][0] += count
            else:
                merged.append([count, value])
        table = b"".join(struct.pack(">II", *pair) for pair in merged)
        return body[:count_at] + struct.pack(">I", len(merged)) + table

    def _numbers(self, body: bytes) -> bytes:
        numbers = _unpack("I", body[8:])
        made = array("I", (n + turn * self._samples for turn in range(self.times) for n in numbers))
        return body[:4] + struct.pack(">I", len(made)) + _pack(made)

    def _chunk_runs(self, body: bytes) -> bytes:
        rows = list(struct.iter_unpack(">III", body[8:]))
        # The first run of a turn goes on where the last turn's ended, if it is like it.
        again = rows[1:] if rows[0][1:] == rows[-1][1:] else rows
        made = array("I")
        for turn in range(self.times):
            for first, count, description in again if turn else rows:
                made.extend((first + turn * self._chunks, count, description))
        return body[:4] + struct.pack(">I", len(made) // 3) + _pack(made)

    def _places(self, body: bytes) -> bytes:
        places = _unpack("I", body[8:])
        assert all(one < other for one, other in pairwise(places))
        made = array("Q" if self.wide else "I")
        for turn in range(self.times):
            moved = self.shift + turn * self.length
            made.extend([place + moved for place in places])
        return box(b"co64" if self.wide else b"stco", body[:4] + struct.pack(">I", len(made)) + _pack(made))


def _add(body: bytes, at: int, more: int) -> bytes:
    """The body with a larger 32-bit number; all these boxes are version 0."""
    assert body[0] == 0
    (number,) = struct.unpack_from(">I", body, at)
    return body[:at] + struct.pack(">I", number + more) + body[at + 4 :]


def _unpack(kind: str, table: bytes) -> array[int]:
    made = array(kind, table)
    made.byteswap()
    return made


def _pack(numbers: array[int]) -> bytes:
    numbers.byteswap()
    return numbers.tobytes()
