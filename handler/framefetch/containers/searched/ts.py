"""MPEG transport streams (ISO/IEC 13818-1 §2.4): packets of 188 bytes, or of more with a stamp or a check."""

from __future__ import annotations

from framefetch.containers.index import NotUnderstood
from framefetch.containers.searched.keys import LOOKED_AT_BYTES, begins_with_key, is_aligned
from framefetch.containers.searched.pes import WRAP, pes_header
from framefetch.containers.searched.places import Form, Place
from framefetch.containers.transport import PACKET_BYTES, geometry, payload

_SYNC = 0x47
_STARTS = 0x40


def ts_form(head: bytes, pid: int, codec: str) -> Form:
    """How to find the video of a transport stream.

    Args:
        head: the first bytes of the object; 1 KiB is enough.
        pid: of the video.
        codec: FFmpeg's name of it.

    Raises:
        NotUnderstood: the packets cannot be told.
    """
    found = geometry(head)
    if found is None:
        raise NotUnderstood("no packets of one size")
    first, step = found

    def scan(data: bytes, start: int) -> list[Place]:
        at = (first - start) % step
        count = (len(data) - at - PACKET_BYTES) // step + 1
        if count <= 0:
            return []
        stop = at + count * step
        if data[at:stop:step].count(_SYNC) != count:
            raise NotUnderstood("packets without their sync byte")
        return _places(data, start, range(at, stop, step), pid, codec)

    return Form(scan, WRAP)


def _places(data: bytes, start: int, packets: range, pid: int, codec: str) -> list[Place]:
    highs = data[packets.start + 1 : packets.stop : packets.step]
    # One pass in C over the packets that start something, whatever their priority bit.
    wanted = bytes((0x40 | pid >> 8, 0x60 | pid >> 8))
    starts = highs.translate(bytes(value in wanted for value in range(256)))
    found = []
    number = starts.find(1)
    while number >= 0:
        if data[packets[number] + 2] == pid & 0xFF:
            place = _place(data, start, packets[number:], pid, codec)
            if place is not None:
                found.append(place)
        number = starts.find(1, number + 1)
    return found


def _place(data: bytes, start: int, packets: range, pid: int, codec: str) -> Place | None:
    """The place at the first of some packets, if a picture begins there."""
    at = packets[0]
    carried = payload(data, at)
    header = pes_header(carried)
    if header is None:
        return None
    # The flag of §2.4.3.5; not every multiplexer sets it.
    is_key = bool(data[at + 3] & 0x20 and data[at + 4] and data[at + 5] & 0x40)
    stream = carried[header.payload :]
    aligned = is_aligned(stream, codec)
    if not is_key:
        for other in packets[1:]:
            if len(stream) >= LOOKED_AT_BYTES:
                break
            if (data[other + 1] & 0x1F) << 8 | data[other + 2] == pid:
                if data[other + 1] & _STARTS:
                    break
                stream += payload(data, other)
        is_key = begins_with_key(stream, codec)
    return Place(start + at, header.dts, header.pts, is_key, aligned)
