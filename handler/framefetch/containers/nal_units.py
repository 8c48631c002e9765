"""NAL units of H.264, H.265 and H.266: where they are in a decoder configuration, and in a sample.

Pure. In MP4 and Matroska each comes after its length, which the configuration says the size of
(ISO/IEC 14496-15 §5.3.3.1, §8.3.3.1); elsewhere each comes after a start code (ITU-T H.264, Annex B).
A unit that does not end where it should ends the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.errors import ImageTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

H264, HEVC, VVC = "h264", "hevc", "vvc"
_RECORD = 1
"""The version that a configuration record begins with; a start code begins with 0."""
_LENGTH_AT = {H264: 4, HEVC: 21}
_VVC_RESERVED = 0b11111
_START = b"\0\0\1"
MAX_UNITS = 10_000
"""In one sample. A picture of 8K in slices of one network packet each has some thousands; FFmpeg takes up to
4 KiB beside each."""


class Unreadable(Exception):  # noqa: N818 - a signal, never answered
    """A stream is not what the standard says that it is."""


def too_many_units() -> ImageTooLarge:
    """What is said of a sample with more than `MAX_UNITS`."""
    return ImageTooLarge(
        f"A picture of the video has more than {MAX_UNITS} parts.", hint="Encode it with fewer slices."
    )


def length_bytes(codec: str, configuration: bytes) -> int:
    """How long the length before each unit of a sample is, 1 to 4; 0: the units come after start codes.

    Args:
        codec: `H264`, `HEVC` or `VVC`.
        configuration: of the decoder; may be empty.
    """
    if codec == VVC:
        # §11.2.4.2: FFmpeg's configuration begins behind the box's version and flags.
        is_record = len(configuration) > 4 and configuration[0] >> 3 == _VVC_RESERVED
        return (configuration[0] >> 1 & 3) + 1 if is_record else 0
    at = _LENGTH_AT[codec]
    is_record = len(configuration) > at and configuration[0] == _RECORD
    return (configuration[at] & 3) + 1 if is_record else 0


def in_configuration(codec: str, configuration: bytes) -> Iterator[bytes]:
    """The units of a configuration; of H.264's record the sequence parameter sets alone."""
    if not length_bytes(codec, configuration):
        return in_sample(configuration, 0)
    return _in_avc_record(configuration) if codec == H264 else _in_hevc_record(configuration)


def in_sample(sample: bytes, length_bytes: int) -> Iterator[bytes]:
    """The units of a sample, as `length_bytes` has them.

    Raises:
        ImageTooLarge: there are more than any sample has.
    """
    units = _after_lengths(sample, length_bytes) if length_bytes else _after_start_codes(sample)
    for number, unit in enumerate(units):
        if number == MAX_UNITS:
            raise too_many_units()
        yield unit


def places(sample: bytes | memoryview, length_bytes: int) -> Iterator[tuple[int, int]]:
    """Where the units of a sample are (half-open), each after its length.

    The last one may be cut short: then it stops behind the sample's end.

    Args:
        sample: of MP4 or Matroska.
        length_bytes: of the length before each unit, 1 to 4.
    """
    at = 0
    while at < len(sample):
        start = at + length_bytes
        at = start + int.from_bytes(sample[at:start], "big")
        yield start, at


def _after_lengths(sample: bytes, length_bytes: int) -> Iterator[bytes]:
    return (sample[start:stop] for start, stop in places(sample, length_bytes) if stop <= len(sample))


def _after_start_codes(sample: bytes) -> Iterator[bytes]:
    start = sample.find(_START)
    while start >= 0:
        following = sample.find(_START, start + len(_START))
        yield sample[start + len(_START) : following if following >= 0 else len(sample)]
        start = following


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
