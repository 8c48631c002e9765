"""The header of a packetised elementary stream (ISO/IEC 13818-1 §2.4.3.6), and what MPEG-1 had before."""

from __future__ import annotations

from dataclasses import dataclass

WRAP = 1 << 33
_NEVER_WITH_HEADER = frozenset({0xBC, 0xBE, 0xBF, 0xF0, 0xF1, 0xF2, 0xF8, 0xFF})


@dataclass(frozen=True, slots=True)
class PesHeader:
    """The times of a PES packet, in ticks of 90 kHz, and where its payload starts within it."""

    pts: int
    dts: int
    payload: int


def pes_header(data: bytes, at: int = 0) -> PesHeader | None:
    """The header at `at`; None when there is none, it carries no time, or is cut short."""
    if data[at : at + 3] != b"\x00\x00\x01" or len(data) < at + 14 or data[at + 3] in _NEVER_WITH_HEADER:
        return None
    if data[at + 6] >> 6 != 2:
        return _mpeg1_header(data, at)
    flags, length = data[at + 7] >> 6, data[at + 8]
    payload = 9 + length
    pts = _time(data, at + 9) if flags & 2 and length >= 5 else None
    if pts is None:
        return None
    dts = _time(data, at + 14) if flags == 3 and length >= 10 else None
    return PesHeader(pts, pts if dts is None else dts, payload)


def _mpeg1_header(data: bytes, at: int) -> PesHeader | None:
    """ISO/IEC 11172-1 §2.4.3.3: stuffing, buffer size, times."""
    first = at
    at += 6
    stuffed = 0
    while data[at : at + 1] == b"\xff" and stuffed < 16:
        at += 1
        stuffed += 1
    if data[at : at + 1] and data[at] >> 6 == 1:
        at += 2
    if not data[at : at + 1] or data[at] >> 4 not in (2, 3):
        return None
    pts = _time(data, at)
    if pts is None:
        return None
    if data[at] >> 4 == 2:
        return PesHeader(pts, pts, at + 5 - first)
    dts = _time(data, at + 5)
    return None if dts is None else PesHeader(pts, dts, at + 10 - first)


def _time(data: bytes, at: int) -> int | None:
    """33 bits in five bytes, with a marker bit after 3, 15 and 15 of them."""
    five = data[at : at + 5]
    if len(five) < 5 or not five[0] & five[2] & five[4] & 1:
        return None
    return (five[0] >> 1 & 7) << 30 | five[1] << 22 | (five[2] >> 1) << 15 | five[3] << 7 | five[4] >> 1
