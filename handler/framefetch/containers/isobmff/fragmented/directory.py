"""Where fragments are without reading them all: ``sidx`` (§8.16.3) before them, ``mfra`` (§8.8.9) after.

In goes such a box, out come pairs of time and offset. Both are hints only: a fragment is believed when
it says itself when it starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood

if TYPE_CHECKING:
    from framefetch.containers.isobmff.boxes import Box

MFRO_BYTES = 16
"""The box at the very end of a film with an ``mfra``; its last number is the size of that."""
_REFERS_TO_INDEX = 1 << 31


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that starts at about a time, in ticks of the track, at an offset in the object."""

    time: int
    offset: int


def read_sidx(box: Box, track_id: int, timescale: int) -> tuple[Entry, ...]:
    """The segments of one track; none where the box is of another track, or an index of indexes.

    Args:
        box: the box.
        track_id: the track that is looked for.
        timescale: of that track.

    Raises:
        NotUnderstood: the box is malformed.
    """
    own_timescale = box.u32(8)
    if box.version > 1 or box.u32(4) != track_id or not own_timescale:
        return ()
    if box.version == 0:
        time, offset, at = box.u32(12), box.u32(16), 20
    else:
        time, offset, at = box.u64(12), box.u64(20), 28
    count = box.u32(at) & 0xFFFF
    numbers = box.numbers(at + 4, 3 * count, "I")
    offset += box.stop
    found = []
    for size, duration in zip(numbers[0::3], numbers[1::3], strict=True):
        if size & _REFERS_TO_INDEX:
            return ()
        found.append(Entry(time * timescale // own_timescale, offset))
        time += duration
        offset += size
    return tuple(found)


def mfra_size(mfro: bytes | memoryview) -> int | None:
    """How long the ``mfra`` is that ends with these bytes, the object's last 16; None: there is none."""
    if len(mfro) < MFRO_BYTES or bytes(mfro[4:8]) != b"mfro":
        return None
    return int.from_bytes(mfro[12:16], "big")


def read_mfra(box: Box, track_id: int) -> tuple[Entry, ...]:
    """The random access points of one track.

    Raises:
        NotUnderstood: the box is malformed.
    """
    for tfra in box.children():
        if tfra.kind == b"tfra" and tfra.u32(4) == track_id:
            return _entries(tfra)
    return ()


def _entries(tfra: Box) -> tuple[Entry, ...]:
    lengths = tfra.u32(8)
    wide = 16 if tfra.version == 1 else 8
    step = wide + sum((lengths >> shift & 3) + 1 for shift in (4, 2, 0))
    count = tfra.u32(12)
    if 16 + count * step > len(tfra.body):
        raise NotUnderstood("tfra claims more entries than it has bytes for")
    read = tfra.u64 if wide == 16 else tfra.u32
    found = [Entry(read(at), read(at + wide // 2)) for at in range(16, 16 + count * step, step)]
    # Several points in one fragment are one place for us.
    firsts = {one.offset: one for one in reversed(found)}
    return tuple(sorted(firsts.values(), key=lambda one: one.offset))
