"""Small fragmented films made byte by byte; see `films.py`."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

from tests.containers.films import (
    MOVIE_TIMESCALE,
    TIMESCALE,
    Shot,
    avc1,
    box,
    full,
    listed,
    numbers,
    shots,
    track,
)

_NO_KEY = 0x01010000
_KEY = 0x02000000
_EMPTY = (b"stts", b"stsc", b"stco")


def _empty_tables(entry: bytes) -> bytes:
    tables = b"".join(listed(kind, []) for kind in _EMPTY)
    return full(b"stsd", numbers(1), entry) + tables + full(b"stsz", numbers(0, 0))


@dataclass(frozen=True)
class FragmentedFilm:
    """A film of fragments, each a tuple of shots, and what may be wrong with it.

    Args:
        starts: the first decode time of each fragment; without, one follows the other.
        sound: whether each fragment has a second track, of one sample, and when that starts.
        padding: bytes of each fragment's data that no sample has.
    """

    fragments: tuple[tuple[Shot, ...], ...] = field(default_factory=lambda: (shots("Kppp"), shots("Kppp")))
    edits: tuple[tuple[int, int], ...] = ()
    tfdt: bool = True
    wide_times: bool = False
    sidx: bool = False
    mfra: bool = False
    explicit_base: bool = False
    starts: tuple[int, ...] = ()
    sound: int | None = None
    sound_edits: tuple[tuple[int, int], ...] = ()
    entry: bytes = field(default_factory=avc1)
    padding: int = 0
    trun_flags: int = 0xF01
    moof_extra: bytes = b""

    def but(self, **changes: object) -> FragmentedFilm:
        return replace(self, **changes)  # type: ignore[arg-type]

    def moov(self) -> bytes:
        identity = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
        times = numbers(0, 0, MOVIE_TIMESCALE, 0, 1 << 16, 1 << 24)
        mvhd = full(b"mvhd", times, bytes(8), identity, bytes(28))
        tracks = [track(1, b"vide", _empty_tables(self.entry), self.edits)]
        trex = full(b"trex", numbers(1, 1, 40, 7, _NO_KEY))
        if self.sound is not None:
            tracks.append(track(2, b"soun", _empty_tables(box(b"mp4a", bytes(28))), self.sound_edits))
            trex += full(b"trex", numbers(2, 1, 20, 5, 0))
        return box(b"moov", mvhd, *tracks, box(b"mvex", trex))

    def trun(self, fragment: tuple[Shot, ...], offset: int) -> bytes:
        flags = self.trun_flags
        rows = []
        for shot in fragment:
            values = (shot.duration, shot.size, _KEY if shot.key else _NO_KEY, shot.delay)
            rows.append(
                numbers(
                    *(v for v, flag in zip(values, (0x100, 0x200, 0x400, 0x800), strict=True) if flags & flag)
                )
            )
        head = numbers(len(fragment), offset)
        if flags & 4:
            head += numbers(_KEY)
        return full(b"trun", head, *rows, version=1, flags=flags)

    def moof(self, fragment: tuple[Shot, ...], at: int, start: int) -> bytes:
        if self.explicit_base:
            tfhd = full(b"tfhd", numbers(1), struct.pack(">Q", at), flags=1)
        else:
            tfhd = full(b"tfhd", numbers(1), flags=0x20000)
        tfdt = b""
        if self.tfdt:
            tfdt = (
                full(b"tfdt", struct.pack(">Q", start), version=1)
                if self.wide_times
                else full(b"tfdt", numbers(start))
            )
        sound = b""
        if self.sound is not None:
            sound = box(
                b"traf",
                full(b"tfhd", numbers(2), flags=0x20000),
                full(b"tfdt", numbers(self.sound + start)),
                full(b"trun", numbers(1, 0), flags=1),
            )

        def made(offset: int) -> bytes:
            traf = box(b"traf", tfhd, tfdt, self.trun(fragment, offset))
            return box(b"moof", full(b"mfhd", numbers(1)), traf, sound, self.moof_extra)

        return made(len(made(0)) + 8)

    def bytes(self) -> bytes:
        head = box(b"ftyp", b"iso5", bytes(4), b"iso5") + self.moov()
        sidx_bytes = 32 + 12 * len(self.fragments) if self.sidx else 0
        at = len(head) + sidx_bytes
        start = 0
        body, sizes, durations, entries = b"", [], [], []
        number = 0
        for position, fragment in enumerate(self.fragments):
            start = self.starts[position] if self.starts else start
            moof = self.moof(fragment, at + len(body), start)
            pictures = b""
            for shot in fragment:
                pictures += bytes([number & 0xFF]) * shot.size
                number += 1
            made = moof + box(b"mdat", pictures, bytes(self.padding))
            entries.append((start, at + len(body), 1, 1, 1))
            body += made
            sizes.append(len(made))
            durations.append(sum(shot.duration for shot in fragment))
            start += durations[-1]
        sidx = b""
        if self.sidx:
            rows = [numbers(size, duration, 1 << 31) for size, duration in zip(sizes, durations, strict=True)]
            first = self.starts[0] if self.starts else 0
            sidx = full(b"sidx", numbers(1, TIMESCALE, first, 0, len(sizes)), *rows)
        mfra = b""
        if self.mfra:
            rows = [struct.pack(">IIBBB", *one) for one in entries]
            tfra = full(b"tfra", numbers(1, 0, len(rows)), *rows)
            mfra = box(b"mfra", tfra, full(b"mfro", numbers(8 + len(tfra) + 16)))
        return head + sidx + body + mfra
