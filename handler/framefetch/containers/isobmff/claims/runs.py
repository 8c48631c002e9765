"""What the fragments of a film claim, looked at while FFmpeg reads them: it makes room for all of it.

FFmpeg goes from fragment to fragment, to some of which our own reader has not been. A run (``trun``,
ISO/IEC 14496-12 §8.8.8) has twenty bytes, and says how many samples it has. In go the bytes that FFmpeg
reads, of any place; runs are known by their name and by flags that no other bytes are likely to have. As
FFmpeg takes any flags, others are a run too, where there are fragments and where it lists nothing of samples.
"""

from __future__ import annotations

import struct

from framefetch.containers.isobmff.counts import check_count
from framefetch.errors import CorruptFilm

_NAME, _FRAGMENT = b"trun", b"tfhd"
_BEFORE, _AFTER = 4, 12
"""Bytes before the name that are looked at, and from it on: the size; version, flags and count."""
_FIELDS = struct.Struct(">I4sII")
_KNOWN_FLAGS = 0xF05
_SAMPLE_FLAGS = 0xF00


class RunClaims:
    """The runs of one object, as far as they were read.

    Args:
        size: of the object, in bytes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._counts: dict[int, int] = {}
        self._claimed = 0
        self._has_fragments = False
        self._held = (0, b"")

    def see(self, start: int, data: bytes) -> None:
        """Looks at bytes that FFmpeg is about to get.

        Args:
            start: where they are in the object.
            data: the bytes.

        Raises:
            CorruptFilm: a run claims more samples than the object or it has bytes for.
            ImageTooLarge: all runs together claim more samples than any film has.
        """
        at, before = self._held
        if at + len(before) == start:
            # A run may lie across two reads.
            start, data = at, before + data
        self._has_fragments = self._has_fragments or _FRAGMENT in data
        name = data.find(_NAME, _BEFORE)
        while 0 <= name <= len(data) - _AFTER:
            self._claim(start + name, *_FIELDS.unpack_from(data, name - _BEFORE))
            name = data.find(_NAME, name + 1)
        kept = data[1 - _BEFORE - _AFTER :]
        self._held = start + len(data) - len(kept), kept

    def _claim(self, at: int, length: int, _: bytes, flags: int, count: int) -> None:
        version, flags = flags >> 24, flags & 0xFFFFFF
        columns = (flags & _SAMPLE_FLAGS).bit_count()
        is_usual = version <= 1 and not flags & ~_KNOWN_FLAGS
        # Of what a run lists FFmpeg keeps no more than there are bytes for.
        is_endless = self._has_fragments and not columns
        if not (is_usual or is_endless) or length < _BEFORE + _AFTER:
            return
        if count > self._size or count * columns * 4 > length:
            raise CorruptFilm("The video's index claims more than the file has.", detail=f"trun of {count}")
        # What is read twice counts once.
        self._claimed += count - self._counts.get(at, 0)
        self._counts[at] = count
        check_count(self._claimed)
