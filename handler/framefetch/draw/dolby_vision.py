"""Dolby Vision: which frames can be shown by their base layer alone.

Profiles 7 and 8 (and 4 and 9) have a base layer that is HDR10, HLG or SDR in itself, and so is shown.
Profile 5 has none: its samples are Dolby's own IPTPQc2, reshaped picture by picture by what the RPU says.
Taken for YCbCr it is green and purple, so it is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.decode import side_data
from framefetch.errors import UnsupportedCodec

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_PREFIX = 25
"""The first byte of an RPU (ETSI GS CCM 001 §5.3.2)."""


def check_dolby_vision(frame: VideoFrame) -> None:
    """Raises `UnsupportedCodec` for a frame of profile 5."""
    for side in side_data(frame):
        if side.type.name == "DOVI_RPU_BUFFER" and _is_profile_5(bytes(side)):
            raise UnsupportedCodec(
                "The video is in Dolby Vision profile 5, which has no base layer that others can show.",
                hint="Serve a copy in profile 8, HDR10, HLG or SDR.",
            )


def _is_profile_5(rpu: bytes) -> bool:
    """Whether the header of an RPU (ETSI GS CCM 001 §5.3.3) is one of profile 5.

    That is: the RPU's own profile is 0, and the base layer has full range.
    """
    bits = _Bits(rpu)
    if bits.read(8) != _PREFIX:
        return False
    bits.read(6 + 11)
    profile = bits.read(4)
    bits.read(4)
    if profile != 0 or not bits.read(1):
        return False
    bits.read(1)
    if bits.read(2) == 0:
        bits.skip_exp_golomb()
    bits.read(2)
    return bits.read(1) == 1


class _Bits:
    """Reads bits, the highest first; past the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        # The header takes 9 bytes at most; an Exp-Golomb code of damaged data must not run on.
        self._left = 16 * 8
        self._value = int.from_bytes(data[:16].ljust(16, b"\0"))

    def read(self, count: int) -> int:
        self._left -= count
        return (self._value >> max(0, self._left)) & ((1 << count) - 1) if self._left >= 0 else 0

    def skip_exp_golomb(self) -> None:
        zeros = 0
        while self._left > 0 and not self.read(1):
            zeros += 1
        self.read(zeros)
