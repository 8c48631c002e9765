"""How many NAL units one picture has, counted while FFmpeg reads a film that it has to decode to open it.

Where units come after start codes (ITU-T H.264 and H.265, Annex B), FFmpeg makes room for 4 KiB beside each
before anybody can look at the sample. In go the bytes that FFmpeg reads, of any place; out comes nothing, or
a refusal. A count begins anew with each slice that is the first of its picture, as FFmpeg's parser has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framefetch.containers.codecs.nal_units import H264, HEVC, MAX_UNITS, too_many_units
from framefetch.containers.transport import Packets, geometry

if TYPE_CHECKING:
    from collections.abc import Callable

_START = b"\0\0\1"
_LONGEST_BYTES = 6
_FIRST_SLICES = {
    # H.264 §7.3.3: first_mb_in_slice, an Exp-Golomb number, is 0.
    H264: re.compile(rb"\x00\x00\x01[\x01\x05\x21\x25\x41\x45\x61\x65][\x80-\xff]"),
    # H.265 §7.3.6.1: first_slice_segment_in_pic_flag, of types 0 to 9 and 16 to 21 in layer 0.
    HEVC: re.compile(
        rb"\x00\x00\x01[\x00\x02\x04\x06\x08\x0a\x0c\x0e\x10\x12\x20\x22\x24\x26\x28\x2a][\x00-\x07][\x80-\xff]"
    ),
}
_AVI_CODECS = {
    **dict.fromkeys((b"h264", b"x264", b"avc1", b"davc", b"vssh"), H264),
    **dict.fromkeys((b"hevc", b"h265", b"x265", b"hvc1", b"hev1"), HEVC),
}
"""Codes of codecs, in small letters, that follow the kind of a stream (``vids``)."""
_PS_MAP = b"\0\0\1\xbc"
_PS_CODECS = {0x1B: H264, 0x24: HEVC}
_HEAD_BYTES = 64 << 10


class _Count:
    """The units of one elementary stream since a picture began.

    Args:
        codec: of the stream.
    """

    def __init__(self, codec: str) -> None:
        self._first_slice = _FIRST_SLICES[codec]
        self._units = 0
        self._tail = b""

    def add(self, data: bytes) -> None:
        """Counts on.

        Raises:
            ImageTooLarge: a picture has more than `MAX_UNITS`.
        """
        data = self._tail + data
        first, *more = self._first_slice.split(data)
        self._check(self._units + first.count(_START))
        for one in more:
            if len(one) > MAX_UNITS * len(_START):
                self._check(one.count(_START))
        last = more[-1] if more else first
        kept = last[-_LONGEST_BYTES + 1 :]
        self._units = last.count(_START) - kept.count(_START) + (0 if more else self._units)
        self._tail = kept

    def restart(self) -> None:
        """What follows is of another place."""
        self._units, self._tail = 0, b""

    def _check(self, units: int) -> None:
        if units > MAX_UNITS:
            raise too_many_units()


class UnitClaims:
    """The units of one object, as far as they were read.

    Args:
        split: from bytes of the object, and whether they follow those before, to bytes of its streams.
    """

    def __init__(self, split: Callable[[bytes, bool], dict[tuple[int, str], bytes]]) -> None:
        self._split = split
        self._counts: dict[tuple[int, str], _Count] = {}
        self._stop = 0

    def see(self, start: int, data: bytes) -> None:
        """Looks at bytes that FFmpeg is about to get.

        Args:
            start: where they are in the object.
            data: the bytes.

        Raises:
            ImageTooLarge: a picture has more units than any has.
        """
        follows = start == self._stop
        self._stop = start + len(data)
        if not follows:
            for one in self._counts.values():
                one.restart()
        for (stream, codec), part in self._split(data, follows).items():
            self._counts.setdefault((stream, codec), _Count(codec)).add(part)


def unit_claims(container: str, head: bytes) -> UnitClaims | None:
    """What counts the units of a film; None where there is nothing to count.

    Args:
        container: FFmpeg's name.
        head: the first bytes of the object.
    """
    if container == "mpegts":
        found = geometry(head)
        return UnitClaims(Packets(*found).split) if found is not None else None
    codec = container if container in _FIRST_SLICES else None
    if container == "avi":
        at = head.find(b"vids")
        codec = _AVI_CODECS.get(head[at + 4 : at + 8].lower()) if at >= 0 else None
    elif container == "mpeg":
        codec = _program_codec(head[:_HEAD_BYTES])
    return UnitClaims(lambda data, _: {(0, codec): data}) if codec is not None else None


def _program_codec(head: bytes) -> str | None:
    """ISO/IEC 13818-1 §2.5.4.1: the stream map of a program stream says the type of each stream."""
    at = head.find(_PS_MAP)
    while at >= 0:
        body = head[at + 10 : at + 6 + int.from_bytes(head[at + 4 : at + 6], "big")]
        place = 2 + int.from_bytes(head[at + 8 : at + 10], "big") if len(body) else 0
        while 0 < place < len(body) - 4:
            if body[place] in _PS_CODECS:
                return _PS_CODECS[body[place]]
            place += 4 + int.from_bytes(body[place + 2 : place + 4], "big")
        at = head.find(_PS_MAP, at + 4)
    return None
