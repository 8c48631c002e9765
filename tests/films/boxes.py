"""Changes to finished MP4 files that no muxer makes: edit lists, display matrices, cover pictures.

Offsets into `mdat` are never rewritten, so a box may only change its size in a file that has its
index at the end.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ONE = 0x10000
_W = 0x40000000

MATRICES: dict[str, tuple[int, int, int, int]] = {
    "none": (1, 0, 0, 1),
    "90": (0, 1, -1, 0),
    "180": (-1, 0, 0, -1),
    "270": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "mirrored-90": (0, -1, -1, 0),
    "mirrored-180": (1, 0, 0, -1),
    "mirrored-270": (0, 1, 1, 0),
}
"""a, b, c, d of ISO/IEC 14496-12 §8.3.2: the stored point (x, y) is shown at (ax + cy, bx + dy), moved
into view. "mirrored-90": flip left to right, then turn 90° clockwise."""


def walk(film: bytes, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and stop (header included) of the boxes that lie in a range."""
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", film, start)
        if size == 1:
            (size,) = struct.unpack_from(">Q", film, start + 8)
        size = size or stop - start
        yield kind, start, start + size
        start += size


def find(film: bytes, *path: bytes, nth: int = 0) -> tuple[int, int]:
    """Start and stop of the box at a path; ``nth`` counts at the first step that has several."""
    start, stop = 0, len(film)
    for step, kind in enumerate(path):
        found = [(a, b) for name, a, b in walk(film, start, stop) if name == kind]
        begin, end = found[nth if len(found) > 1 else 0]
        if step == len(path) - 1:
            return begin, end
        start, stop = begin + 8, end
    raise AssertionError(path)


def video_track(film: bytes) -> int:
    """Which of the `trak` boxes is the video's."""
    moov, moov_end = find(film, b"moov")
    traks = [(a, b) for kind, a, b in walk(film, moov + 8, moov_end) if kind == b"trak"]
    return next(nth for nth, (a, b) in enumerate(traks) if b"vide" in film[a:b])


def put_matrix(film: bytes, turn: str, width: int, height: int) -> bytes:
    """The film with another display matrix in its video's `tkhd`."""
    a, b, c, d = MATRICES[turn]
    # The move that brings the turned picture back to where x and y are not negative.
    x, y = -min(0, a * width) - min(0, c * height), -min(0, b * width) - min(0, d * height)
    numbers = (a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, x * ONE, y * ONE, _W)
    tkhd, _ = find(film, b"moov", b"trak", b"tkhd", nth=video_track(film))
    at = tkhd + 8 + (52 if film[tkhd + 8] else 40)
    return film[:at] + struct.pack(">9i", *numbers) + film[at + 36 :]


def first_media_time(film: bytes) -> int:
    """Where in the video's own time its first picture is shown, as the muxer's edit list says."""
    _, stop = find(film, b"moov", b"trak", b"edts", b"elst", nth=video_track(film))
    (media_time,) = struct.unpack_from(">i", film, stop - 8)
    return int(media_time)


def timescales(film: bytes) -> tuple[int, int]:
    """Ticks a second of the movie and of the video's own time (version 0 boxes)."""
    mvhd, _ = find(film, b"moov", b"mvhd")
    mdhd, _ = find(film, b"moov", b"trak", b"mdia", b"mdhd", nth=video_track(film))
    return struct.unpack_from(">I", film, mvhd + 20)[0], struct.unpack_from(">I", film, mdhd + 20)[0]


def put_edits(film: bytes, entries: Sequence[tuple[int, int]]) -> bytes:
    """The film with another edit list: (duration in movie ticks, media time or -1) an entry."""
    body = b"".join(struct.pack(">IiI", duration, at, ONE) for duration, at in entries)
    new = struct.pack(">I4sII", 16 + len(body), b"elst", 0, len(entries)) + body
    return replace_box(film, (b"moov", b"trak", b"edts", b"elst"), new, nth=video_track(film))


def put_cover(film: bytes, picture: bytes) -> bytes:
    """The film with a JPEG as its cover, as music shops write it: udta/meta/ilst/covr."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(body), kind) + body

    jpeg = 13
    data = box(b"data", struct.pack(">II", jpeg, 0) + picture)
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = box(b"meta", bytes(4) + handler + box(b"ilst", box(b"covr", data)))
    moov, stop = find(film, b"moov")
    children = [(kind, a, b) for kind, a, b in walk(film, moov + 8, stop) if kind != b"udta"]
    body = b"".join(film[a:b] for _, a, b in children) + box(b"udta", meta)
    return replace_box(film, (b"moov",), box(b"moov", body))


def replace_box(film: bytes, path: tuple[bytes, ...], new: bytes, nth: int = 0) -> bytes:
    """The film with another box at a path; the sizes of those around it are put right."""
    start, stop = find(film, *path, nth=nth)
    grown = len(new) - (stop - start)
    kinds = [kind for kind, _, _ in walk(film, 0, len(film))]
    if grown and kinds.index(b"moov") < kinds.index(b"mdat"):
        # It would move `mdat` away from where the index says that it is.
        raise AssertionError("the index has to be at the end")
    patched = bytearray(film[:start] + new + film[stop:])
    for depth in range(1, len(path)):
        parent, _ = find(film, *path[:depth], nth=nth)
        (size,) = struct.unpack_from(">I", film, parent)
        struct.pack_into(">I", patched, parent, size + grown)
    return bytes(patched)
