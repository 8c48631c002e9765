"""Which container a film is in, told by its own first bytes and by nothing else.

FFmpeg is never asked: its guess can be a playlist that opens other files, or a text that a terminal
emulator draws. What no rule below knows is not a film for us. Names are those of FFmpeg's demuxers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.codecs.nal_units import starts
from framefetch.containers.transport import geometry

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_BYTES = 1024
"""More than any rule below looks at, but those that search."""

_TOP_LEVEL_BOXES = frozenset(
    {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx", b"pnot", b"uuid"}
)
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


def _isobmff(head: bytes) -> bool:
    """ISO/IEC 14496-12 §4.2: a box's size and type; QuickTime files may start without ftyp."""
    return head[4:8] in _TOP_LEVEL_BOXES


def _units(head: bytes) -> list[bytes]:
    """The first two bytes of every unit that a start code (00 00 01) begins."""
    return [head[at : at + 2] for at in starts(head) if at + 2 <= len(head)]


def _starts_with_start_code(head: bytes) -> bool:
    return head[:3] == b"\x00\x00\x01" or head[:4] == b"\x00\x00\x00\x01"


def _hevc(head: bytes) -> bool:
    """ITU-T H.265 §7.4.2.2: a video or sequence parameter set (types 32, 33) early in the stream."""
    return _starts_with_start_code(head) and any(
        unit[0] >> 1 in (32, 33) and not unit[0] & 0x81 and unit[1] == 1 for unit in _units(head)
    )


def _h264(head: bytes) -> bool:
    """ITU-T H.264 §7.4.1: a sequence parameter set (type 7) early in the stream, with a known profile."""
    profiles = (66, 77, 88, 100, 110, 122, 244, 44, 83, 86, 118, 128)
    return _starts_with_start_code(head) and any(
        unit[0] & 0x9F == 7 and unit[1] in profiles for unit in _units(head)
    )


def _obu(head: bytes) -> bool:
    """AV1 §7.5: a temporal delimiter with nothing in it, then a sequence header, sizes present."""
    return head[:2] == b"\x12\x00" and head[2:3] == b"\x0a"


def _dv(head: bytes) -> bool:
    """IEC 61834-2: the header block of the first DIF sequence."""
    return len(head) > 3 and head[:3] == b"\x1f\x07\x00" and head[3] & 0x7F == 0x3F


def _matroska(head: bytes) -> bool:
    """RFC 8794 §8.1, RFC 9559 §5: the EBML header, and the document type in it."""
    return head[:4] == b"\x1a\x45\xdf\xa3" and (b"webm" in head[:64] or b"matroska" in head[:64])


RULES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("mov", _isobmff),
    ("matroska", _matroska),
    ("flv", lambda head: head[:4] == b"FLV\x01"),
    ("avi", lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI "),
    ("ogg", lambda head: head[:4] == b"OggS"),
    ("asf", lambda head: head[:16] == _ASF_HEADER),
    ("ivf", lambda head: head[:4] == b"DKIF"),
    ("mpeg", lambda head: head[:4] == b"\x00\x00\x01\xba"),
    ("hevc", _hevc),
    ("h264", _h264),
    ("obu", _obu),
    ("dv", _dv),
    ("mpegts", lambda head: geometry(head) is not None),
)


def sniff(head: bytes) -> str | None:
    """The demuxer's name for a film that starts with these bytes; None for anything else."""
    return next((name for name, rule in RULES if rule(head)), None)
