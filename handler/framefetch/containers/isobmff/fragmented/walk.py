"""The way through a fragmented film: only the fragments that the wanted picture may be in are read.

The first one says when the film starts; a directory, where there is one, says where to look; without,
every fragment is asked for its header, from the first on or from one that a search has found.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from framefetch.containers.index import AFTER_BYTES, FlatTable, NotUnderstood, Segment
from framefetch.containers.isobmff.boxes import HEADER_BYTES, Box, box_header
from framefetch.containers.isobmff.clock import earliest
from framefetch.containers.isobmff.counts import check_count
from framefetch.containers.isobmff.edits import FOREVER, leading_gap
from framefetch.containers.isobmff.fragmented.directory import (
    MFRO_BYTES,
    Entry,
    mfra_size,
    read_mfra,
    read_sidx,
)
from framefetch.containers.isobmff.fragmented.fragments import Fragment, read_fragment
from framefetch.containers.isobmff.fragmented.parts import Part, joined
from framefetch.containers.isobmff.fragmented.search import FragmentSearch

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need
    from framefetch.containers.isobmff.tracks import Movie, Track
    from framefetch.containers.pull import Pull

MAX_FRAGMENTS = 20_000
MAX_BOXES = 100_000
MAX_BOX_BYTES = 16 << 20
"""The largest ``moof``, ``sidx`` or ``mfra``; real ones have some KB."""
_HOP_BYTES = 16 << 10
"""A fragment's header is shorter than this in real films, and a gap in its data is cheap."""
_TAIL_BYTES = 64 << 10
_WORTH_A_DIRECTORY_BYTES = 256 << 10
"""What is left after the first fragment: below this, going on is cheaper than looking at the end."""
_REORDER = 16
"""Pictures that a codec may hold back for reordering (H.264 and H.265: 16 at most)."""
_OTHERS_WITHIN = 4
"""Fragments in which every other track must have begun, where it matters when they do."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """What the walk found.

    Attributes:
        table: the samples of the fragments that were read.
        segments: one, with all of them.
        zero_s: t = 0, in seconds on the track's presentation timeline.
        description: which sample description the samples have, from 1.
        whole: whether these are all fragments of the film.
        ends: whether the last one is among them.
    """

    table: FlatTable
    segments: tuple[Segment, ...]
    zero_s: Fraction
    description: int
    whole: bool
    ends: bool


class FragmentWalk:
    """Reads the fragments around one moment.

    Args:
        pull: how bytes are asked for.
        size: of the object, in bytes.
        at_s: t, in seconds.
        movie: the film's movie box.
        track: its video track.
    """

    def __init__(self, pull: Pull, size: int, at_s: Fraction, movie: Movie, track: Track) -> None:
        self._pull = pull
        self._size = size
        self._at_s = at_s
        self._movie = movie
        self._track = track
        self._directory: tuple[Entry, ...] = ()
        self._boxes = 0
        self._starts: dict[int, int | None] = {}
        """When each track starts, as far as fragments of it have been met, also those without video."""

    def run(self, at: int, after: int | None = None) -> Generator[Need, None, Fragments]:
        """Walks, from the box after the movie box.

        Args:
            at: where that is.
            after: any keyframe from this place on is wanted, whatever t; None: what is around t.

        Raises:
            NotUnderstood: there are no fragments, or FFmpeg reads them in its own way; or `after` is given,
                and a directory says where keyframes are.
        """
        opening = yield from self._next(at)
        if opening is None:
            raise NotUnderstood("no fragments")
        if opening.start is None and self._directory:
            raise NotUnderstood("only sidx says when fragments start")
        first = Part.of(opening, 0)
        offset = _media_offset(self._movie, self._track)
        lift = max(0, -min(opening.delays))
        if lift and min(map(sum, zip(first.times(), opening.delays, strict=True))) < first.start:
            raise NotUnderstood("the first picture is not shown first, and delays are negative")
        shift = lift - offset
        zero_s = yield from self._zero(first, shift)
        wanted = floor((self._at_s + zero_s) * self._track.timescale) - shift
        if after is None:
            parts, ends = yield from self._around(first, wanted, wanted + lift)
        else:
            parts, ends = [(yield from self._with_key(after))], False
        if len(parts) == 1 and not ends:
            yield from self._expect_no_lower(parts[0].fragment, lift)
        if any(max(0, -min(part.fragment.delays)) > lift for part in parts):
            raise NotUnderstood("delays become more negative")
        descriptions = {part.fragment.description for part in parts}
        if len(descriptions) != 1:
            raise NotUnderstood("several sample descriptions are in use")
        table = joined(parts)
        return Fragments(
            table=table,
            segments=(Segment(0, table.count, -FOREVER, FOREVER, shift),),
            zero_s=zero_s,
            description=descriptions.pop(),
            whole=ends and parts[0].fragment.offset == opening.offset,
            ends=ends,
        )

    def _expect_no_lower(self, fragment: Fragment, lift: int) -> Generator[Need, None, None]:
        """That the pictures after a short fragment have no more negative delays than the film's first ones.

        FFmpeg adds the least delay that it has seen so far to every pts, and goes on to read ahead.
        """
        samples = len(fragment.sizes)
        at = fragment.after
        while fragment.signed and samples < _REORDER:
            found = yield from self._next(at)
            if found is None:
                break
            if -min(found.delays) > lift:
                raise NotUnderstood("delays become more negative")
            samples += len(found.sizes)
            at = found.after

    def _around(self, first: Part, wanted: int, until: int) -> Generator[Need, None, tuple[list[Part], bool]]:
        """The fragments from one with a keyframe shown by a time (cts) to one decoded after another (dts)."""
        parts = [first]
        entry = 0
        if wanted >= first.stop and first.fragment.start is not None:
            entry = yield from self._look_up(first, wanted)
            while entry:
                found = yield from self._next(self._directory[entry].offset)
                if found is not None and found.start is not None and found.start <= wanted:
                    parts = [Part.of(found, found.start)]
                    break
                entry -= 1
        ends = yield from self._forward(parts, until)
        while parts[0].fragment.offset > first.fragment.offset and not any(
            part.has_key_by(wanted) for part in parts
        ):
            entry = max(0, entry - 1)
            stop = parts[0].fragment.offset
            before = [first]
            if entry:
                found = yield from self._next(self._directory[entry].offset)
                if found is None or found.start is None:
                    raise NotUnderstood("a fragment that the directory has is not there")
                before = [Part.of(found, found.start)]
            while True:
                found = yield from self._next(before[-1].fragment.after)
                if found is None or found.offset >= stop:
                    break
                before.append(before[-1].followed_by(found))
            parts = before + parts
        return parts, ends

    def _with_key(self, after: int) -> Generator[Need, None, Part]:
        """The first fragment from a place on that has a keyframe, with the bytes of that."""
        if len(self._directory) > 1 or (yield from self._read_mfra()):
            raise NotUnderstood("a directory says where keyframes are")
        stop = min(self._size, after + AFTER_BYTES)
        found = yield from FragmentSearch(self._pull, self._size, self._next).first_after(after, stop)
        while found is not None and found.start is not None and found.after + HEADER_BYTES <= stop:
            # Read on without a gap: what lies before a keyframe costs less than another request.
            if found.keys:
                until = found.offsets[found.keys[0]] + found.sizes[found.keys[0]]
                if until <= stop:
                    yield from self._pull.read(found.offset, until, until)
                return Part.of(found, found.start)
            head = yield from self._pull.read(found.after, found.after + HEADER_BYTES, stop)
            header = box_header(head)
            if header is None or header.size is None or found.after + header.size > stop:
                break
            yield from self._pull.read(found.after, found.after + header.size, stop)
            found = yield from self._next(found.after)
        raise NotUnderstood("no keyframe soon after the place")

    def _forward(self, parts: list[Part], until: int) -> Generator[Need, None, bool]:
        """Adds the fragments up to a time (dts); whether the film ends with them."""
        samples = 0
        while parts[-1].stop <= until:
            found = yield from self._next(parts[-1].fragment.after)
            if found is None:
                return True
            parts.append(parts[-1].followed_by(found))
            samples += len(found.sizes)
            check_count(samples)
            if len(parts) > MAX_FRAGMENTS:
                raise NotUnderstood(f"more than {MAX_FRAGMENTS} fragments")
        return False

    def _next(self, at: int) -> Generator[Need, None, Fragment | None]:
        """The first fragment with video at or after a box; None at the end of the object."""
        while self._size - at >= 8:
            self._boxes += 1
            if self._boxes > MAX_BOXES:
                raise NotUnderstood("too many boxes")
            head = yield from self._pull.read(at, min(at + HEADER_BYTES, self._size), at + _HOP_BYTES)
            header = box_header(head)
            if header is None:
                return None
            stop = self._size if header.size is None else at + header.size
            if header.kind in (b"moof", b"sidx"):
                box = yield from self._whole(header.kind, at, stop, header.bytes)
                if header.kind == b"moof":
                    found = read_fragment(box, self._movie, self._track, self._size)
                    self._starts = {**found.starts, **self._starts}
                    if found.sizes:
                        return found
                elif not self._directory:
                    self._directory = read_sidx(box, self._track.id, self._track.timescale)
            at = stop
        return None

    def _whole(self, kind: bytes, at: int, stop: int, header_bytes: int) -> Generator[Need, None, Box]:
        if stop > self._size or stop - at > MAX_BOX_BYTES:
            raise NotUnderstood(f"{kind!r} of {stop - at} bytes")
        # The header of what follows is asked for as well: it leads on. Of small boxes many at a time.
        whole = yield from self._pull.read(at, stop, max(stop + HEADER_BYTES, at + _HOP_BYTES))
        return Box(kind, whole[header_bytes:], whole, at)

    def _look_up(self, first: Part, wanted: int) -> Generator[Need, None, int]:
        """The directory's last entry at or before a time (cts); 0 stands for the first fragment."""
        if len(self._directory) <= 1 and self._size - first.fragment.after > _WORTH_A_DIRECTORY_BYTES:
            self._directory = yield from self._read_mfra()
            if not self._directory:
                search = FragmentSearch(self._pull, self._size, self._next)
                self._directory = yield from search.run(first.fragment, wanted)
        later = (one for one in self._directory if one.offset > first.fragment.offset)
        self._directory = (Entry(0, 0), *later)
        times = [one.time for one in self._directory]
        return bisect_right(times, wanted) - 1 if times == sorted(times) else 0

    def _read_mfra(self) -> Generator[Need, None, tuple[Entry, ...]]:
        start = max(0, self._size - _TAIL_BYTES)
        tail = yield from self._pull.read(start, self._size)
        size = mfra_size(tail[-MFRO_BYTES:])
        if size is None or not MFRO_BYTES < size <= min(MAX_BOX_BYTES, self._size):
            return ()
        at = self._size - size
        whole = yield from self._pull.read(at, self._size)
        header = box_header(whole[:HEADER_BYTES])
        if header is None or header.kind != b"mfra" or header.size != size:
            return ()
        return read_mfra(Box(b"mfra", whole[header.bytes :], whole, at), self._track.id)

    def _zero(self, first: Part, shift: int) -> Generator[Need, None, Fraction]:
        """t = 0, by the first samples of all tracks."""
        start = Fraction(first.start + first.fragment.delays[0] + shift, self._track.timescale)
        wanted = {one.id for one in self._movie.tracks if one.id in self._movie.fragment_defaults}
        at = first.fragment.after
        for _ in range(_OTHERS_WITHIN if start > 0 else 0):
            if wanted <= self._starts.keys():
                break
            found = yield from self._next(at)
            if found is None:
                # The film has no samples of these tracks.
                wanted &= self._starts.keys()
                break
            at = found.after
        others = []
        for one in self._movie.tracks:
            if one is not self._track and one.id in wanted:
                own = self._starts.get(one.id, -1)
                known = own is None or own >= 0
                others.append((one.handler, self._start_of(one, own or 0) if known else None))
        return earliest(start, others)

    def _start_of(self, track: Track, dts: int) -> Fraction:
        return Fraction(dts - _media_offset(self._movie, track), track.timescale)


def _media_offset(movie: Movie, track: Track) -> int:
    """What a fragmented film's edit list takes off its times; FFmpeg knows one edit, after one empty one.

    Raises:
        NotUnderstood: there are more.
    """
    gap = leading_gap(track.edits[:1], track.timescale, movie.timescale)
    rest = [edit.media_time for edit in track.edits[1 if gap or _starts_empty(track) else 0 :]]
    if len(rest) > 1 or any(time < 0 for time in rest):
        raise NotUnderstood("several edits in a fragmented film")
    return (rest[0] if rest else 0) - gap


def _starts_empty(track: Track) -> bool:
    return bool(track.edits) and track.edits[0].media_time < 0
