"""A film without samples, for FFmpeg to open: the video track's own boxes over empty tables.

FFmpeg interprets sample entry, display matrix, sample aspect ratio and colour from it exactly as it
would from the whole film; the samples are then fed to its decoder by us. About 1 KB.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framefetch.containers.isobmff.boxes import Box
    from framefetch.containers.isobmff.tracks import Movie, SampleEntry, Track

FORMAT = "mov"
"""FFmpeg's demuxer for it."""
_NO_ENTRIES = bytes(8)
_NO_SIZES = bytes(12)
_EMPTY_TABLES = (b"stts", b"stsc", b"stco")


def header_film(ftyp: Box | None, movie: Movie, track: Track, entry: SampleEntry) -> bytes:
    """Makes the film.

    Args:
        ftyp: the film's own, which tells FFmpeg whether to read MP4 or QuickTime; None: QuickTime.
        movie: its movie box.
        track: its video track.
        entry: the sample description that the samples have.
    """
    stsd = _box(b"stsd", bytes(4) + struct.pack(">I", 1) + bytes(entry.box.whole))
    tables = b"".join(_box(kind, _NO_ENTRIES) for kind in _EMPTY_TABLES)
    stbl = _box(b"stbl", stsd + tables + _box(b"stsz", _NO_SIZES))
    vmhd = track.boxes.get(b"vmhd")
    minf = _box(b"minf", (bytes(vmhd.whole) if vmhd is not None else b"") + stbl)
    mdia = _box(b"mdia", bytes(track.boxes[b"mdhd"].whole) + bytes(track.boxes[b"hdlr"].whole) + minf)
    trak = _box(b"trak", bytes(track.boxes[b"tkhd"].whole) + mdia)
    moov = _box(b"moov", bytes(movie.header.whole) + trak)
    return (bytes(ftyp.whole) if ftyp is not None else b"") + moov


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body
