"""What a movie box says of its tracks without their tables: kind, codec, language, length. Pure.

In: a `Movie`. Out: `StreamFacts`, one a track, in order. A box that is too short leaves its facts out.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.index import StreamFacts
from framefetch.containers.orientation import Orientation

if TYPE_CHECKING:
    from framefetch.containers.isobmff.tracks import Movie, Track

_KINDS = {b"vide": "video", b"soun": "audio", b"subt": "subtitle", b"sbtl": "subtitle", b"text": "subtitle"}
_ENTRY_AT = 16
"""Where the first sample description's own fields start in ``stsd`` (§8.5.2)."""
_NO_LENGTH = {0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}


def streams_of(movie: Movie, video: Track) -> tuple[StreamFacts, ...]:
    """The facts of all tracks; `video` is the one whose pictures are taken."""
    return tuple(_facts(track, movie, is_film=track.id == video.id) for track in movie.tracks)


def _facts(track: Track, movie: Movie, *, is_film: bool) -> StreamFacts:
    kind = _KINDS.get(track.handler, "data")
    described = track.tables.get(b"stsd")
    entry = bytes(described.body[_ENTRY_AT:]) if described is not None and kind == "audio" else b""
    has_sound = len(entry) >= 28
    return StreamFacts(
        kind=kind,
        codec=track.fourcc.decode("latin-1"),
        language=_language(track),
        duration_s=_shown_s(track, movie) or _duration_s(track),
        # §12.2.3: channels, and the rate as 16.16.
        channels=int.from_bytes(entry[16:18], "big") if has_sound else 0,
        rate_hz=int.from_bytes(entry[24:26], "big") if has_sound else 0,
        orientation=_orientation(track),
        is_film=is_film,
    )


def _language(track: Track) -> str:
    """Three letters, packed into 15 bits (§8.4.2)."""
    mdhd = track.boxes[b"mdhd"]
    at = 32 if mdhd.version == 1 else 20
    packed = int.from_bytes(mdhd.body[at : at + 2], "big")
    letters = [(packed >> shift & 31) + 0x60 for shift in (10, 5, 0)]
    return bytes(letters).decode() if all(0x61 <= one <= 0x7A for one in letters) else "und"


def _shown_s(track: Track, movie: Movie) -> Fraction | None:
    """How much of it is shown or heard: all edits together (§8.3.2)."""
    tkhd = track.boxes[b"tkhd"]
    at, length = (28, 8) if tkhd.version == 1 else (20, 4)
    ticks = int.from_bytes(tkhd.body[at : at + length], "big")
    return None if ticks in _NO_LENGTH or not movie.timescale else Fraction(ticks, movie.timescale)


def _duration_s(track: Track) -> Fraction | None:
    """How long its samples are (§8.4.2)."""
    mdhd = track.boxes[b"mdhd"]
    at, length = (24, 8) if mdhd.version == 1 else (16, 4)
    ticks = int.from_bytes(mdhd.body[at : at + length], "big")
    return None if ticks in _NO_LENGTH else Fraction(ticks, track.timescale)


def _orientation(track: Track) -> Orientation:
    tkhd = track.boxes[b"tkhd"]
    at = 52 if tkhd.version == 1 else 40
    matrix = bytes(tkhd.body[at : at + 36])
    if len(matrix) < 36:
        return Orientation()
    return Orientation.from_display_matrix(struct.pack("=9i", *struct.unpack(">9i", matrix)))
