"""The way into a long fragmented film without a directory: by guesses, as in a book without an index.

A fragment says where the next one is, and nothing says more. Going from one to the next costs a small
request each, which is cheap until there are many of them. Then a place is guessed by the bytes that a second
of the film takes, and the object is read from there until a fragment begins, which says when it is. On
average a guess costs half a fragment. Fragments without times (``tfdt``) cannot be found this way.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framefetch.containers.isobmff.fragmented.directory import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from framefetch.containers.index import Need
    from framefetch.containers.isobmff.fragmented.fragments import Fragment
    from framefetch.containers.pull import Pull

HOPS = 16
"""Fragments that are rather asked for one after the other: they cost fewer bytes than a guess."""
_GUESSES = 10
_ROOM_BYTES = 64 << 20
"""What all guesses of one picture may read."""
_PIECE_BYTES = (64 << 10, 1 << 20)
_MOOF = b"moof"
_MFHD = struct.pack(">I4s", 16, b"mfhd")
"""How a ``moof`` goes on after its kind (ISO/IEC 14496-12 §8.8.5)."""
_BEGINNING_BYTES = 4 + len(_MOOF) + len(_MFHD)


@dataclass(frozen=True, slots=True)
class _Film:
    """What the first fragment tells of all: where and when it is, its bytes and its ticks."""

    at: Entry
    bytes: int
    ticks: int


class FragmentSearch:
    """Looks for a fragment shortly before a time.

    Args:
        pull: how bytes are asked for.
        size: of the object, in bytes.
        next_from: the first fragment with video at or after a box; None at the end of the object.
    """

    def __init__(
        self, pull: Pull, size: int, next_from: Callable[[int], Generator[Need, None, Fragment | None]]
    ) -> None:
        self._pull = pull
        self._size = size
        self._next_from = next_from
        self._left = _ROOM_BYTES

    def run(self, first: Fragment, wanted: int) -> Generator[Need, None, tuple[Entry, ...]]:
        """Fragments at or before a time (dts), each nearer to it; none where hops do.

        Args:
            first: the film's first fragment.
            wanted: in ticks of the track.
        """
        second = yield from self._next_from(first.after)
        if second is None or first.start is None or second.start is None or second.start <= first.start:
            return ()
        film = _Film(
            Entry(first.start, first.offset), second.offset - first.offset, second.start - first.start
        )
        # Its keyframe has to be among what is read, and be shown by then. A GOP may have many fragments.
        wanted -= max(first.delays) if second.keys else HOPS // 2 * film.ticks
        found = [Entry(second.start, second.offset)]
        high = yield from self._known(found, wanted)
        for number in range(_GUESSES):
            low = found[-1]
            if wanted - low.time <= HOPS * film.ticks or high - low.offset <= 2 * film.bytes:
                break
            at = _guess(film, low, high, wanted, halve=number % 3 == 2)
            fragment = yield from self._fragment_from(at, high, film.bytes)
            if fragment is None or fragment.start is None or fragment.start > wanted:
                high = at
            else:
                found.append(Entry(fragment.start, fragment.offset))
            if self._left <= 0:
                break
        return tuple(found[1:])

    def first_after(self, place: int, stop: int) -> Generator[Need, None, Fragment | None]:
        """The first fragment that begins at or after a place and before another one, read in one go."""
        return (yield from self._fragment_from(place, stop, 0, ask=stop))

    def _known(self, found: list[Entry], wanted: int) -> Generator[Need, None, int]:
        """Adds fragments that earlier pictures led to; the place of the first one that is too late."""
        for at in self._pull.beginnings():
            begins = at > found[-1].offset and _beginning(self._pull.there(at, at + _BEGINNING_BYTES)) == 0
            fragment = (yield from self._next_from(at)) if begins else None
            if fragment is not None and fragment.start is not None:
                if fragment.start > wanted:
                    return fragment.offset
                found.append(Entry(fragment.start, fragment.offset))
        return self._size

    def _fragment_from(
        self, at: int, stop: int, usual: int, ask: int = 0
    ) -> Generator[Need, None, Fragment | None]:
        """The first fragment that begins at or after a place, before another one."""
        piece = min(max(usual // 2, _PIECE_BYTES[0]), _PIECE_BYTES[1])
        while at + _BEGINNING_BYTES <= stop and self._left > 0:
            until = min(at + piece, stop)
            window = yield from self._pull.read(at, until, ask)
            self._left -= len(window)
            start = _beginning(window)
            if start is not None:
                fragment = yield from self._next_from(at + start)
                if fragment is not None:
                    self._pull.landmarks.append((fragment.offset, fragment.after))
                return fragment
            at = until - _BEGINNING_BYTES + 1
        return None


def _guess(film: _Film, low: Entry, high: int, wanted: int, *, halve: bool) -> int:
    """A place between two others: a fragment before the time by what a tick took so far, or the middle."""
    if halve:
        far = (high - low.offset) // 2
    else:
        rate = (low.offset - film.at.offset) / (low.time - film.at.time)
        far = min(int(rate * (wanted - low.time)), high - low.offset) - film.bytes
    return low.offset + max(film.bytes, far)


def _beginning(window: memoryview) -> int | None:
    """Where in bytes from anywhere a fragment begins: known by its kind and its first child's header."""
    held = bytes(window)
    at = held.find(_MOOF, 4)
    while at >= 0:
        if held.startswith(_MFHD, at + len(_MOOF)):
            return at - 4
        at = held.find(_MOOF, at + 1)
    return None
