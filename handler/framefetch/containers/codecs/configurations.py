"""Decoder configurations of H.264, H.265 and H.266: how samples are cut into NAL units, and which come first.

Pure. MP4 and Matroska have them as records (ISO/IEC 14496-15 §5.3.3.1, §8.3.3.1, §11.2.4.2); elsewhere they
are units after start codes, or there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.codecs.nal_units import H264, HEVC, VVC, in_sample
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORD = 1
"""The version that a record begins with; a start code begins with 0."""
_VVC_RESERVED = 0b11111
_LENGTH_AT = {H264: 4, HEVC: 21, VVC: 0}


@dataclass(frozen=True, slots=True)
class Record:
    """What a record says of the samples.

    Attributes:
        nal_length_bytes: how long the length before each unit is, 1 to 4.
        top_temporal_layer: H.265: the highest one that there may be; None: not said.
    """

    nal_length_bytes: int
    top_temporal_layer: int | None = None


def read_record(codec: str, record: bytes | memoryview) -> Record | None:
    """Reads a record, whatever its version; None where it is too short.

    Args:
        codec: `H264`, `HEVC` or `VVC`.
        record: of the last without the box's version and flags.
    """
    at = _LENGTH_AT[codec]
    if len(record) <= at:
        return None
    if codec == VVC:
        return Record((record[at] >> 1 & 3) + 1)
    # §8.3.3.1: 0 layers stands for an unknown number.
    layers = record[at] >> 3 & 7 if codec == HEVC else 0
    return Record((record[at] & 3) + 1, layers - 1 if layers else None)


def is_record(codec: str, configuration: bytes | memoryview) -> bool:
    """Whether a configuration is a record; else it is of units after start codes."""
    if codec == VVC:
        return len(configuration) > 4 and configuration[0] >> 3 == _VVC_RESERVED
    return len(configuration) > _LENGTH_AT[codec] and configuration[0] == _RECORD


def length_bytes(codec: str, configuration: bytes) -> int:
    """How long the length before each unit of a sample is, 1 to 4; 0: the units come after start codes.

    Args:
        codec: as `read_record` has it.
        configuration: as FFmpeg has it; may be empty.
    """
    record = read_record(codec, configuration) if is_record(codec, configuration) else None
    return record.nal_length_bytes if record is not None else 0


def in_configuration(codec: str, configuration: bytes) -> Iterator[bytes]:
    """The units of a configuration; of H.264's record the sequence parameter sets alone."""
    if not is_record(codec, configuration):
        return in_sample(configuration, 0)
    return _in_avc_record(configuration) if codec == H264 else _in_hevc_record(configuration)


def _in_avc_record(record: bytes) -> Iterator[bytes]:
    at = 6
    for _ in range(record[5] & 31 if len(record) > 5 else 0):
        start = at + 2
        at = start + int.from_bytes(record[at:start], "big")
        yield record[start:at]


def _in_hevc_record(record: bytes) -> Iterator[bytes]:
    at = 23
    for _ in range(record[22] if len(record) > 22 else 0):
        count = int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            if at >= len(record):
                return
            start = at + 2
            at = start + int.from_bytes(record[at:start], "big")
            yield record[start:at]
