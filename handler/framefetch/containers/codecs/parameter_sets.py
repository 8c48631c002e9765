"""What H.264 and H.265 streams say of their pictures in their sequence parameter sets.

Pure and bounded: every loop is over a number that the standard bounds or over the bits that are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.codecs.bits import Bits, Unreadable
from framefetch.containers.codecs.configurations import in_configuration
from framefetch.containers.codecs.nal_units import H264
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_SET_BYTES = 4096
_H264_SPS = 7
_HEVC_SPS = 33
_WITH_CHROMA_FORMAT = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_EXTENDED_SAR = 255
_MAX_CYCLE = 255
_MAX_SCHEDULES = 32
_SAMPLES = (1.5, 1.5, 2.0, 3.0)
"""Samples a pixel, by chroma_format_idc; decoders make room for colour where there is none."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """One sequence parameter set.

    Attributes:
        width: of the coded picture, in pixels.
        height: likewise.
        bytes_per_pixel: of a decoded picture, over all planes: 1.5 to 6.
        kept: pictures that the decoder has to keep: H.264: as references; H.265: all, with the one that is
            being decoded.
        reordered: pictures that may be decoded before one that is shown before them; None: not said.
        fields: whether a picture may come as two fields.
    """

    width: int
    height: int
    bytes_per_pixel: float
    kept: int
    reordered: int | None
    fields: bool = False


def is_sequence(codec: str, unit: bytes) -> bool:
    """Whether a NAL unit is a sequence parameter set (ITU-T H.264, table 7-1; H.265, table 7-1)."""
    if not unit:
        return False
    return unit[0] & 31 == _H264_SPS if codec == H264 else unit[0] >> 1 & 63 == _HEVC_SPS


def sequences(codec: str, units: Iterable[bytes]) -> Iterator[Sequence]:
    """What the sequence parameter sets among NAL units say.

    Args:
        codec: `H264` or `HEVC`.
        units: of any kind.

    Raises:
        Unreadable: one of them cannot be read.
    """
    read = _h264 if codec == H264 else _hevc
    return (read(unit) for unit in units if is_sequence(codec, unit))


def reordered(codec: str, configuration: bytes) -> int | None:
    """Units of a stream that may be decoded before one that is shown before them; None: not said by all sets.

    Args:
        codec: as `sequences` has it.
        configuration: of its decoder.
    """
    try:
        # Each field may be a unit of its own.
        found = [
            None if one.reordered is None else one.reordered * (2 if one.fields else 1)
            for one in sequences(codec, in_configuration(codec, configuration))
        ]
    except Unreadable:
        return None
    known = [one for one in found if one is not None]
    return max(known) if known and len(known) == len(found) else None


def _bits(payload: bytes) -> Bits:
    """The bits of a unit's payload, without the bytes that keep start codes from occurring in it (§7.4.1)."""
    return Bits(payload[:_MAX_SET_BYTES].replace(b"\0\0\3", b"\0\0"))


def _h264(unit: bytes) -> Sequence:
    """ITU-T H.264 §7.3.2.1.1 and §E.1.1."""
    bits = _bits(unit[1:])
    profile = bits.u(8)
    bits.u(16)
    bits.ue(31)
    bytes_per_pixel = _high_profile(bits) if profile in _WITH_CHROMA_FORMAT else _SAMPLES[1]
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
    kept = bits.ue()
    bits.u(1)
    width, height = 16 * (bits.ue() + 1), 16 * (bits.ue() + 1)
    fields = not bits.u(1)
    bits.u(2 if fields else 1)
    if bits.u(1):
        for _ in range(4):
            bits.ue()
    # §8.2.1.3: with type 2, the order in which they are decoded is the one in which they are shown.
    reordered = 0 if order_type == 2 else _h264_reordered(bits)
    return Sequence(width, height * (2 if fields else 1), bytes_per_pixel, kept, reordered, fields)


def _high_profile(bits: Bits) -> float:
    """Bytes per pixel; the scaling lists are skipped."""
    chroma = bits.ue(3)
    if chroma == 3:
        bits.u(1)
    deepest = max(bits.ue(6), bits.ue(6))
    bits.u(1)
    if bits.u(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.u(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)
    return _SAMPLES[chroma] * (2 if deepest else 1)


def _skip_scaling_list(bits: Bits, length: int) -> None:
    """§7.3.2.1.1.1: the list ends where the next scale would be 0."""
    last = following = 8
    for _ in range(length):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h264_reordered(bits: Bits) -> int | None:
    """From the video usability information; None where it is missing, or cannot be read."""
    try:
        return _h264_usability(bits) if bits.u(1) else None
    except Unreadable:
        return None


def _h264_usability(bits: Bits) -> int | None:
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


def _skip_look(bits: Bits) -> None:
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


def _skip_schedule(bits: Bits) -> None:
    """§E.1.2: hypothetical reference decoder parameters."""
    count = bits.ue(_MAX_SCHEDULES - 1) + 1
    bits.u(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.u(1)
    bits.u(20)


def _hevc(unit: bytes) -> Sequence:
    """ITU-T H.265 §7.3.2.2.1: of the highest temporal layer."""
    bits = _bits(unit[2:])
    bits.u(4)
    layers = bits.u(3)
    bits.u(1)
    _skip_profile(bits, layers)
    bits.ue(15)
    chroma = bits.ue(3)
    if chroma == 3:
        bits.u(1)
    width, height = bits.ue(), bits.ue()
    if bits.u(1):
        for _ in range(4):
            bits.ue()
    deepest = max(bits.ue(8), bits.ue(8))
    bits.ue(12)
    kept = reordered = 0
    for _ in range(layers + 1 if bits.u(1) else 1):
        kept = bits.ue(15) + 1
        reordered = bits.ue(15)
        bits.ue()
    return Sequence(width, height, _SAMPLES[chroma] * (2 if deepest else 1), kept, reordered)


def _skip_profile(bits: Bits, layers: int) -> None:
    """§7.3.3: profile, tier and level."""
    bits.u(96)
    if layers:
        present = [(bits.u(1), bits.u(1)) for _ in range(layers)]
        bits.u(2 * (8 - layers))
        for profile, level in present:
            bits.u(88 * profile + 8 * level)
