"""FLV (Adobe Flash Video File Format 10.1, annex E): tags, each followed by its own size."""

from __future__ import annotations

from framefetch.containers.searched.places import Form, Place

_VIDEO = 9
_HEADER_BYTES = 11
_NO_STREAM = b"\x00\x00\x00"
_NALU = 1
_AVC = 7
_KEY = 1
_EXTENDED = 0x80
_CODED = (1, 3)
WRAP = 1 << 32


def flv_form() -> Form:
    """How to find the video of an FLV."""
    return Form(_scan, WRAP)


def _scan(data: bytes, start: int) -> list[Place]:
    found = []
    at = data.find(_VIDEO)
    while at >= 0:
        stop = _tag_stop(data, at)
        if stop is None:
            at = data.find(_VIDEO, at + 1)
            continue
        place = _place(data, start, at)
        if place is not None:
            found.append(place)
        at = data.find(_VIDEO, stop)
    return found


def _tag_stop(data: bytes, at: int) -> int | None:
    """Where the tag after this one starts; None when this is no video tag, or not all of it is here.

    The byte that begins one is in any data: what counts is the size that is written twice.
    """
    size = int.from_bytes(data[at + 1 : at + 4], "big")
    end = at + _HEADER_BYTES + size
    if data[at + 8 : at + 11] != _NO_STREAM or size < 5 or len(data) < end + 4:
        return None
    return end + 4 if int.from_bytes(data[end : end + 4], "big") == _HEADER_BYTES + size else None


def _place(data: bytes, start: int, at: int) -> Place | None:
    kind = data[at + _HEADER_BYTES]
    dts = data[at + 7] << 24 | int.from_bytes(data[at + 4 : at + 7], "big")
    delay = 0
    if kind & _EXTENDED:
        # Enhanced RTMP: the times of the pictures are not where they used to be; decode times do.
        if kind & 0x0F not in _CODED:
            return None
    elif kind & 0x0F == _AVC:
        if data[at + _HEADER_BYTES + 1] != _NALU:
            return None
        delay = int.from_bytes(data[at + 13 : at + 16], "big", signed=True)
    return Place(start + at, dts, dts + delay, kind >> 4 & 7 == _KEY)
