"""NAL units of H.264, H.265 and H.266: where they are in a sample.

Pure. In MP4 and Matroska each comes after its length, which the decoder's configuration says the size of;
elsewhere each comes after a start code (ITU-T H.264, Annex B). A unit that does not end where it should
ends the list.
"""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

from framefetch.errors import ImageTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

H264, HEVC, VVC = "h264", "hevc", "vvc"
_START = b"\0\0\1"
MAX_UNITS = 10_000
"""In one sample. A picture of 8K in slices of one network packet each has some thousands; FFmpeg takes up to
4 KiB beside each."""


def too_many_units() -> ImageTooLarge:
    """What is said of a sample with more than `MAX_UNITS`."""
    return ImageTooLarge(
        f"A picture of the video has more than {MAX_UNITS} parts.", hint="Encode it with fewer slices."
    )


def in_sample(sample: bytes, length_bytes: int) -> Iterator[bytes]:
    """The units of a sample.

    Args:
        sample: its bytes.
        length_bytes: of the length before each unit, 1 to 4; 0: they come after start codes.

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


def starts(data: bytes) -> Iterator[int]:
    """Where units begin that come after start codes, in order; the last may be the end of the data."""
    at = data.find(_START)
    while at >= 0:
        at += len(_START)
        yield at
        at = data.find(_START, at)


def _after_start_codes(sample: bytes) -> Iterator[bytes]:
    ends = chain(starts(sample), (len(sample) + len(_START),))
    return (sample[start : following - len(_START)] for start, following in pairwise(ends))
