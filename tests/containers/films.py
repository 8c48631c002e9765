"""Small films made byte by byte, so that each test can damage the one box that it speaks of.

Their samples are no pictures: the index readers never look inside.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMESCALE = 1000
MOVIE_TIMESCALE = 600
_IDENTITY = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


@dataclass(frozen=True)
class Shot:
    """One sample."""

    size: int = 10
    duration: int = 40
    delay: int = 0
    key: bool = False


def shots(pattern: str, **common: int) -> tuple[Shot, ...]:
    """``KppKpp``: keyframes and others, alike but for that."""
    return tuple(Shot(key=letter == "K", **common) for letter in pattern)


def box(kind: bytes, *parts: bytes, wide: bool = False) -> bytes:
    body = b"".join(parts)
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def numbers(*values: int) -> bytes:
    return b"".join(struct.pack(">I", value & 0xFFFFFFFF) for value in values)


def listed(kind: bytes, rows: Iterable[tuple[int, ...]], version: int = 0) -> bytes:
    entries = [numbers(*row) for row in rows]
    return full(kind, numbers(len(entries)), *entries, version=version)


def avc1(kind: bytes = b"avc1", *more: bytes) -> bytes:
    avcc = box(b"avcC", bytes.fromhex("0142c01effe1000467420c1e01000468ce3c80"))
    head = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", 64, 48) + bytes(50)
    return box(kind, head, avcc, *more)


@dataclass(frozen=True)
class Film:
    """A film with one video track, and what may be wrong with it.

    `boxes` replaces boxes of the video's ``stbl`` by kind; an empty value leaves one out.
    """

    shots: tuple[Shot, ...] = field(default_factory=lambda: shots("KppppKpppp"))
    edits: tuple[tuple[int, int], ...] = ()
    edit_version: int = 0
    per_chunk: int = 3
    moov_first: bool = False
    wide_boxes: bool = False
    co64: bool = False
    handler: bytes = b"vide"
    entries: tuple[bytes, ...] = field(default_factory=lambda: (avc1(),))
    boxes: dict[bytes, bytes] = field(default_factory=dict)
    before: bytes = b""
    other_tracks: tuple[bytes, ...] = ()
    in_moov: bytes = b""
    in_trak: bytes = b""

    def but(self, **changes: object) -> Film:
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def pictures(self) -> bytes:
        """The bytes of all samples: each has its own number in every byte."""
        return b"".join(bytes([number & 0xFF]) * shot.size for number, shot in enumerate(self.shots))

    def tables(self, first_offset: int) -> bytes:
        offsets: list[int] = []
        runs: list[tuple[int, int, int]] = []
        at = first_offset
        for first in range(0, len(self.shots), self.per_chunk):
            chunk = self.shots[first : first + self.per_chunk]
            offsets.append(at)
            at += sum(shot.size for shot in chunk)
            if not runs or runs[-1][1] != len(chunk):
                runs.append((len(offsets), len(chunk), 1))
        made = {
            b"stsd": full(b"stsd", numbers(len(self.entries)), *self.entries),
            b"stts": listed(b"stts", [(1, shot.duration) for shot in self.shots]),
            b"ctts": listed(b"ctts", [(1, shot.delay) for shot in self.shots]),
            b"stss": listed(b"stss", [(n,) for n, shot in enumerate(self.shots, 1) if shot.key]),
            b"stsc": listed(b"stsc", runs),
            b"stsz": full(b"stsz", numbers(0, len(self.shots)), *(numbers(shot.size) for shot in self.shots)),
            b"stco": full(b"co64", numbers(len(offsets)), *(struct.pack(">Q", one) for one in offsets))
            if self.co64
            else listed(b"stco", [(one,) for one in offsets]),
        }
        made.update(self.boxes)
        return b"".join(made.values())

    def moov(self, first_offset: int) -> bytes:
        mvhd = full(
            b"mvhd", numbers(0, 0, MOVIE_TIMESCALE, 0, 1 << 16, 1 << 24), bytes(8), _IDENTITY, bytes(28)
        )
        trak = track(1, self.handler, self.tables(first_offset), self.edits, self.edit_version, self.in_trak)
        return box(b"moov", mvhd, trak, *self.other_tracks, self.in_moov, wide=self.wide_boxes)

    def bytes(self) -> bytes:
        ftyp = box(b"ftyp", b"isom", bytes(4), b"isom")
        mdat = box(b"mdat", self.pictures, wide=self.wide_boxes)
        head = ftyp + self.before
        header = 16 if self.wide_boxes else 8
        if self.moov_first:
            moov = self.moov(0)
            moov = self.moov(len(head) + len(moov) + header)
            return head + moov + mdat
        return head + mdat + self.moov(len(head) + header)


def track(  # noqa: PLR0917 - as many as a track has parts
    number: int,
    handler: bytes,
    tables: bytes,
    edits: tuple[tuple[int, int], ...] = (),
    edit_version: int = 0,
    more: bytes = b"",
    timescale: int = TIMESCALE,
) -> bytes:
    """A ``trak``; an edit is its duration in movie ticks and its media time."""
    tkhd = full(
        b"tkhd", numbers(0, 0, number, 0, 0), bytes(16), _IDENTITY, numbers(64 << 16, 48 << 16), flags=3
    )
    entry = ">QqI" if edit_version else ">IiI"
    rows = [struct.pack(entry, duration, time, 1 << 16) for duration, time in edits]
    elst = full(b"elst", numbers(len(rows)), *rows, version=edit_version)
    edts = box(b"edts", elst) if edits else b""
    mdhd = full(b"mdhd", numbers(0, 0, timescale, 0, 0))
    hdlr = full(b"hdlr", bytes(4), handler, bytes(13))
    dinf = box(b"dinf", full(b"dref", numbers(1), full(b"url ", flags=1)))
    minf = box(b"minf", full(b"vmhd", bytes(8), flags=1), dinf, box(b"stbl", tables))
    return box(b"trak", tkhd, edts, box(b"mdia", mdhd, hdlr, minf), more)


def sound_track(number: int, edits: tuple[tuple[int, int], ...] = (), handler: bytes = b"soun") -> bytes:
    """A track of something else, of three samples that are nowhere."""
    tables = b"".join(
        [
            full(b"stsd", numbers(1), box(b"mp4a", bytes(28))),
            listed(b"stts", [(3, 20)]),
            listed(b"stsc", [(1, 3, 1)]),
            full(b"stsz", numbers(4, 3)),
            listed(b"stco", [(0,)]),
        ]
    )
    return track(number, handler, tables, edits)
