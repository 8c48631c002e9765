"""What FFmpeg will read of a film when it opens it, so that it can be fetched in few ranges.

In go the first bytes, out come ranges. A hint and no more: what it misses is fetched when it is
read, and what it asks in vain is bounded.
"""

from __future__ import annotations

from framefetch.round_trips import WHOLE_BYTES

_SEQUENTIAL = frozenset({"mpegts", "mpeg", "flv", "avi", "ogg", "asf"})
"""Containers whose parameters are in the streams: FFmpeg reads about a second of them."""
_MOST_BYTES = 1280 << 10
_LEAST_BYTES = 256 << 10
_SHARE = 128
"""A second is no more than this part of a film of two minutes: a small film gets a small range."""
_MAX_INDEX_BYTES = 8 << 20
_LAST_BYTES = 128 << 10


def opening_ranges(demuxer: str, head: bytes, size: int) -> list[tuple[int, int]]:
    """The ranges (half-open) that are worth fetching before a film is opened.

    Args:
        demuxer: FFmpeg's name of the container.
        head: the first bytes of the object.
        size: of the object.
    """
    if size <= WHOLE_BYTES:
        return [(0, size)]
    if demuxer not in _SEQUENTIAL:
        return []
    found = [(0, min(size, max(_LEAST_BYTES, min(size // _SHARE, _MOST_BYTES))))]
    if demuxer == "avi":
        index = _avi_index(head)
        if index is not None and found[0][1] <= index < size and size - index <= _MAX_INDEX_BYTES:
            found.append((index, size))
    if demuxer == "ogg":
        # The last pages say how long the film is, and FFmpeg wants to know.
        found.append((max(found[0][1], size - _LAST_BYTES), size))
    return found


def _avi_index(head: bytes) -> int | None:
    """Where the list of the film's chunks ends, and its index starts: AVI 1.0, one RIFF."""
    at = head.find(b"movi")
    if at < 8 or head[at - 8 : at - 4] != b"LIST":
        return None
    return at + int.from_bytes(head[at - 4 : at], "little")
