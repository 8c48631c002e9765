"""Whether a piece of an elementary stream begins with a keyframe, told by its first start codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.codecs.nal_units import starts

if TYPE_CHECKING:
    from collections.abc import Callable

LOOKED_AT_BYTES = 2048
"""Parameter sets and messages before a slice take less, nearly always; a disc's PES packets are as long."""
_RECOVERY_POINT = 6


def _h264(unit: bytes) -> bool | None:
    """ITU-T H.264 §7.4.1: parameter sets, an IDR slice, or a recovery point."""
    kind = unit[0] & 0x1F
    if kind in (5, 7) or (kind == 6 and unit[1:2] == bytes([_RECOVERY_POINT])):
        return True
    return False if 1 <= kind <= 4 else None


def _hevc(unit: bytes) -> bool | None:
    """ITU-T H.265 §7.4.2.2: parameter sets, or a slice of a random access picture."""
    kind = unit[0] >> 1 & 0x3F
    if kind in (32, 33) or 16 <= kind <= 23:
        return True
    return False if kind < 16 else None


def _mpeg2(unit: bytes) -> bool | None:
    """ISO/IEC 13818-2 §6.3: a sequence header, a group of pictures, or an I-picture."""
    if unit[0] in (0xB3, 0xB8):
        return True
    return len(unit) > 2 and unit[2] >> 3 & 7 == 1 if unit[0] == 0 else None


def _mpeg4(unit: bytes) -> bool | None:
    """ISO/IEC 14496-2 §6.2: the start of a visual object, or an I-VOP."""
    if unit[0] in (0xB0, 0xB3):
        return True
    return len(unit) > 1 and unit[1] >> 6 == 0 if unit[0] == 0xB6 else None


_RULES: dict[str, Callable[[bytes], bool | None]] = {
    "h264": _h264,
    "hevc": _hevc,
    "mpeg1video": _mpeg2,
    "mpeg2video": _mpeg2,
    "mpeg4": _mpeg4,
}


def begins_with_key(stream: bytes, codec: str) -> bool:
    """Whether the first picture in a piece of an elementary stream seems to be a keyframe.

    Args:
        stream: from the start of a unit on; only the first `LOOKED_AT_BYTES` count.
        codec: FFmpeg's name; of one without a rule, nothing is known and nothing is a keyframe.
    """
    rule = _RULES.get(codec)
    if rule is None:
        return False
    stream = stream[:LOOKED_AT_BYTES]
    answers = (rule(stream[at : at + 4]) for at in starts(stream) if at < len(stream))
    return next((answer for answer in answers if answer is not None), False)


def is_aligned(stream: bytes, codec: str) -> bool:
    """Whether a piece of an elementary stream begins with a picture, and not within one."""
    zeros = 3 if stream[:4] == b"\x00\x00\x00\x01" else 2
    if stream[: zeros + 1] != bytes(zeros) + b"\x01":
        return False
    # MPEG video is made of slices by the row, and any of them may be where a packet begins.
    return codec not in ("mpeg1video", "mpeg2video") or not 1 <= int.from_bytes(stream[3:4], "big") <= 0xAF
