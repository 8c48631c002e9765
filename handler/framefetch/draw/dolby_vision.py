"""Dolby Vision: which frames can be shown by their base layer alone.

Profiles 7 and 8 (and 4 and 9) have a base layer that is HDR10, HLG or SDR in itself, and so is shown.
Profile 5 has none: its samples are Dolby's own IPTPQc2, reshaped picture by picture by what the RPU says.
Taken for YCbCr it is green and purple, so it is refused by name.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from framefetch.containers.codecs.bits import Bits, Unreadable
from framefetch.errors import UnsupportedCodec
from framefetch.ffmpeg.side_data import side_data

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_PREFIX = 25
"""The first byte of an RPU (ETSI GS CCM 001 §5.3.2)."""
_HEADER_BYTES = 16
"""As far as it is read here, it takes less."""


def check_dolby_vision(frame: VideoFrame) -> None:
    """Raises `UnsupportedCodec` for a frame of profile 5."""
    for side in side_data(frame) or ():
        if side.type.name == "DOVI_RPU_BUFFER" and _is_profile_5(bytes(side)):
            raise UnsupportedCodec(
                "The video is in Dolby Vision profile 5, which has no base layer that others can show.",
                hint="Serve a copy in profile 8, HDR10, HLG or SDR.",
            )


def _is_profile_5(rpu: bytes) -> bool:
    """Whether the header of an RPU (ETSI GS CCM 001 §5.3.3) is one of profile 5.

    That is: the RPU's own profile is 0, and the base layer has full range.
    """
    bits = Bits(rpu[:_HEADER_BYTES])
    with suppress(Unreadable):
        if bits.u(8) != _PREFIX:
            return False
        bits.u(6 + 11)
        profile = bits.u(4)
        bits.u(4)
        if profile != 0 or not bits.u(1):
            return False
        bits.u(1)
        if bits.u(2) == 0:
            bits.ue()
        bits.u(2)
        return bits.u(1) == 1
    return False
