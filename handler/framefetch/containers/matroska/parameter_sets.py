"""How far H.264 and H.265 streams say that they reorder their pictures, from their parameter sets.

Pure and bounded: every loop is over a number that the standard bounds or over the bits that are there.
Where a parameter set says nothing, or cannot be read, the answer is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_SET_BYTES = 4096
_H264_SPS = 7
_HEVC_SPS = 33
_WITH_CHROMA_FORMAT = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_EXTENDED_SAR = 255
_MAX_CYCLE = 255
_MAX_SCHEDULES = 32


class _Unreadable(Exception):  # noqa: N818 - a signal within this module
    """The bits end, or a number is out of its range."""


class _Bits:
    """The bits of a NAL unit, without the bytes that keep start codes from occurring in it."""

    def __init__(self, unit: bytes) -> None:
        payload = unit[:_MAX_SET_BYTES].replace(b"\0\0\3", b"\0\0")
        self._value = int.from_bytes(payload, "big")
        self._left = 8 * len(payload)

    def u(self, count: int) -> int:
        """The next bits as an unsigned number."""
        if count > self._left:
            raise _Unreadable
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def ue(self, most: int = 1 << 32) -> int:
        """An Exp-Golomb number (ITU-T H.264 §9.1)."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise _Unreadable
        value = (1 << zeros) - 1 + self.u(zeros)
        if value > most:
            raise _Unreadable
        return value

    def se(self) -> int:
        """A signed one (§9.1.1)."""
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def avc_reordered(private: bytes) -> int | None:
    """Pictures, from an AVC configuration (ISO/IEC 14496-15 §5.3.3.1); None: not said."""
    return _greatest(_h264(unit) for unit in _avc_units(private) if unit[:1] and unit[0] & 31 == _H264_SPS)


def hevc_reordered(private: bytes) -> int | None:
    """Pictures, from an HEVC configuration (ISO/IEC 14496-15 §8.3.3.1); None: not said."""
    return _greatest(
        _hevc(unit) for unit in _hevc_units(private) if unit[:1] and unit[0] >> 1 & 63 == _HEVC_SPS
    )


def _greatest(answers: Iterator[int | None]) -> int | None:
    """The answer of all parameter sets together; None when one of them has none."""
    try:
        found = list(answers)
    except _Unreadable:
        return None
    known = [one for one in found if one is not None]
    return max(known) if known and len(known) == len(found) else None


def _avc_units(private: bytes) -> Iterator[bytes]:
    """The sequence parameter sets."""
    at = 6
    for _ in range(private[5] & 31 if len(private) > 5 else 0):
        start = at + 2
        at = start + int.from_bytes(private[at:start], "big")
        yield private[start:at]


def _hevc_units(private: bytes) -> Iterator[bytes]:
    """All parameter sets."""
    at = 23
    for _ in range(private[22] if len(private) > 22 else 0):
        count = int.from_bytes(private[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            if at >= len(private):
                return
            start = at + 2
            at = start + int.from_bytes(private[at:start], "big")
            yield private[start:at]


def _h264(unit: bytes) -> int | None:
    """ITU-T H.264 §7.3.2.1.1 and §E.1.1."""
    bits = _Bits(unit[1:])
    profile = bits.u(8)
    bits.u(16)
    bits.ue(31)
    if profile in _WITH_CHROMA_FORMAT:
        _skip_high_profile(bits)
    bits.ue(12)
    order_type = bits.ue(2)
    if order_type == 0:
        bits.ue(12)
    elif order_type == 1:
        bits.u(1)
        bits.ue()
        bits.ue()
        for _ in range(bits.ue(_MAX_CYCLE)):
            bits.ue()
    bits.ue()
    bits.u(1)
    bits.ue()
    bits.ue()
    fields = not bits.u(1)
    bits.u(2 if fields else 1)
    if bits.u(1):
        for _ in range(4):
            bits.ue()
    if order_type == 2:
        # §8.2.1.3: the order in which they are decoded is the one in which they are shown.
        return 0
    said = _h264_usability(bits) if bits.u(1) else None
    # Each field may be a block of its own.
    return said * 2 if fields and said is not None else said


def _skip_high_profile(bits: _Bits) -> None:
    chroma = bits.ue(3)
    if chroma == 3:
        bits.u(1)
    bits.ue(6)
    bits.ue(6)
    bits.u(1)
    if bits.u(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.u(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)


def _skip_scaling_list(bits: _Bits, length: int) -> None:
    """§7.3.2.1.1.1: the list ends where the next scale would be 0."""
    last = following = 8
    for _ in range(length):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h264_usability(bits: _Bits) -> int | None:
    _skip_look(bits)
    if bits.u(1):
        bits.u(65)
    scheduled = False
    for _ in range(2):
        if bits.u(1):
            _skip_schedule(bits)
            scheduled = True
    if scheduled:
        bits.u(1)
    bits.u(1)
    if not bits.u(1):
        return None
    bits.u(1)
    for _ in range(4):
        bits.ue()
    return bits.ue(16)


def _skip_look(bits: _Bits) -> None:
    """Sample aspect ratio, overscan, colour and chroma location."""
    if bits.u(1) and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.u(1):
        bits.u(1)
    if bits.u(1):
        bits.u(4)
        if bits.u(1):
            bits.u(24)
    if bits.u(1):
        bits.ue()
        bits.ue()


def _skip_schedule(bits: _Bits) -> None:
    """§E.1.2: hypothetical reference decoder parameters."""
    count = bits.ue(_MAX_SCHEDULES - 1) + 1
    bits.u(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.u(1)
    bits.u(20)


def _hevc(unit: bytes) -> int:
    """ITU-T H.265 §7.3.2.2.1: of the highest temporal layer."""
    bits = _Bits(unit[2:])
    bits.u(4)
    layers = bits.u(3)
    bits.u(1)
    _skip_profile(bits, layers)
    bits.ue(15)
    if bits.ue(3) == 3:
        bits.u(1)
    bits.ue()
    bits.ue()
    if bits.u(1):
        for _ in range(4):
            bits.ue()
    bits.ue(8)
    bits.ue(8)
    bits.ue(12)
    reordered = 0
    for _ in range(layers + 1 if bits.u(1) else 1):
        bits.ue(15)
        reordered = bits.ue(15)
        bits.ue()
    return reordered


def _skip_profile(bits: _Bits, layers: int) -> None:
    """§7.3.3: profile, tier and level."""
    bits.u(96)
    if layers:
        present = [(bits.u(1), bits.u(1)) for _ in range(layers)]
        bits.u(2 * (8 - layers))
        for profile, level in present:
            bits.u(88 * profile + 8 * level)
