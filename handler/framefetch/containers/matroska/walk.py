"""The way through a Matroska or WebM file: which bytes lead to the pictures around one moment. See `Pull`.

It never does I/O, never asks outside the object, and asks a bounded number of times.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.index import AFTER_BYTES, NotUnderstood, VideoIndex
from framefetch.containers.index import Segment as WholeTrack
from framefetch.containers.matroska import ebml, header_film
from framefetch.containers.matroska.clock import read_start
from framefetch.containers.matroska.clusters import Clusters
from framefetch.containers.matroska.cues import by_time, read_cues
from framefetch.containers.matroska.pictures import Origin, Pictures, onward
from framefetch.containers.matroska.samples import make_table
from framefetch.containers.matroska.search import Search
from framefetch.containers.matroska.segment import read_segment
from framefetch.containers.pull import Pull
from framefetch.errors import ImageTooLarge

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import FlatTable, Need
    from framefetch.containers.matroska import clusters
    from framefetch.containers.matroska.blocks import Block
    from framefetch.containers.matroska.cues import Cue
    from framefetch.containers.matroska.segment import Segment
    from framefetch.containers.matroska.tracks import Track

MAX_INDEX_BYTES = 16 << 20
"""The largest ``Cues``, and the largest element before the clusters."""
MAX_HELD_BYTES = 96 << 20
MAX_NEEDS = 256
"""Requests that one film may cost before FFmpeg is asked instead; real ones cost four."""
_NS = 1_000_000_000
_FOREVER = 1 << 62
_START_HOP_BYTES = 32 << 10
"""To find the first block of every track: some small pictures and sounds."""
_LONGEST_HOP_BYTES = 256 << 10
_SOON_MS = 1000
"""Before this, what comes first is needed anyway."""
_CUES_HOP_BYTES = 64 << 10
_LAST_HOP_BYTES = 1 << 20
"""What is left of the object after the clusters is the index and tags: below this, take it all."""
_WORTH_CUES_BYTES = 256 << 10
"""Below this much of clusters, reading them is cheaper than asking for the index."""
_FAR_BYTES = 1 << 20
"""Without cues: from here on it pays to look for the cluster."""
_FAR_FROM_CUE_BYTES = 32 << 20
"""After the last cue: one keyframe's pictures are less in most films, and looking costs requests."""
_STEP_BACK_BYTES = 128 << 10
_MAX_STEPS_BACK = 64


class Walk(Pull):
    """Reads one object.

    Args:
        size: of the object, in bytes.
        at_ms: t, on the presentation clock: only the clusters around it are read.
        fast: whether only the keyframe at or before t is wanted.
        max_index_bytes: the largest element before the clusters, or index, that is read.
        after: any keyframe from this place of a film without cues on is wanted, whatever t.
    """

    def __init__(
        self,
        size: int,
        at_ms: int = 0,
        *,
        fast: bool = False,
        max_index_bytes: int = MAX_INDEX_BYTES,
        after: int | None = None,
    ) -> None:
        super().__init__(size, MAX_HELD_BYTES, max_needs=MAX_NEEDS)
        self._at_ms = at_ms
        self._fast = fast
        self._max_index_bytes = max_index_bytes
        self._after = after

    def check_room(self, start: int, stop: int) -> None:
        """FFmpeg holds less of a Matroska file than we do: what is too much here goes there."""
        try:
            super().check_room(start, stop)
        except ImageTooLarge as fault:
            raise NotUnderstood("too much of the film would have to be held") from fault

    def _walk(self) -> Generator[Need, None, VideoIndex]:
        segment = yield from read_segment(self.read, self._size, self._max_index_bytes)
        if segment.tracks is None:
            raise NotUnderstood("no tracks")
        track = segment.tracks.video
        read = self._jumping()
        if self._at_ms < _SOON_MS and self._after is None:
            read = onward(self._held, self.check_room, segment.stop, segment.first, segment.first)
        opening = Clusters(read, segment.first, segment.stop)
        start = yield from read_start(opening, segment.tracks, segment.scale_ns)
        zero = start.zero_ns
        if self._after is not None:
            block = yield from self._key_after(self._after, segment, track)
            table = make_table([block], track.codec, segment.scale_ns, track.duration_ns)
            return self._index(segment, track, _going_on(table, table.end + _NS), zero, ends=False)
        at_ns = self._at_ms * 1_000_000 + zero
        wanted = at_ns // segment.scale_ns
        cues = yield from self._cues(segment, track)
        search = Search(self.read, segment.stop)
        pictures = Pictures(
            self._held,
            self.read,
            self.check_room,
            segment=segment,
            track=track,
            wanted=wanted,
            first=start.video,
        )
        number = by_time(cues, wanted)
        if self._fast and number >= 0 and _lists_all_keyframes(segment.muxer):
            origin = yield from pictures.origin(cues[number], search)
            blocks = yield from pictures.keyframe(origin)
            if blocks:
                table = make_table(blocks, track.codec, segment.scale_ns, 0)
                return self._index(segment, track, _going_on(table, at_ns), zero, ends=False)
        blocks, ends = yield from self._around(pictures, search, segment, cues, wanted)
        table = make_table(blocks, track.codec, segment.scale_ns, track.duration_ns)
        return self._index(segment, track, table if ends else _going_on(table, at_ns), zero, ends=ends)

    def _key_after(self, place: int, segment: Segment, track: Track) -> Generator[Need, None, Block]:
        """The first keyframe that begins in a cluster from a place on, with its bytes."""
        if segment.cues is not None or segment.cues_at is not None:
            raise NotUnderstood("cues say where keyframes are")
        start, stop = max(place, segment.first), min(place + AFTER_BYTES, segment.stop)
        read = onward(self._held, self.check_room, segment.stop, start, stop)

        def onwards(start: int, stop: int, ask: int = 0) -> Generator[Need, None, memoryview]:
            del ask  # all of it is asked for at once
            return read(start, stop)

        found = yield from Search(onwards, segment.stop).first(start, stop)
        clusters = Clusters(read, found.at, segment.stop) if found is not None else None
        while clusters is not None and clusters.at < stop:
            block = yield from clusters.next()
            if block is None:
                break
            if block.track == track.number and block.key and not block.laced:
                yield from read(block.offset, block.offset + block.size)
                return block
        raise NotUnderstood("no keyframe soon after the place")

    def _jumping(self) -> clusters.Read:
        """A way to read elements' headers, and to jump over what is large."""
        before = 0

        def read(start: int, stop: int) -> Generator[Need, None, memoryview]:
            nonlocal before
            # After a large picture come others that are about half as large at most.
            hop = min(max(_START_HOP_BYTES, (start - before) // 2), _LONGEST_HOP_BYTES)
            data = yield from self.read(start, stop, start + hop)
            before = start
            return data

        return read

    def _cues(self, segment: Segment, track: Track) -> Generator[Need, None, tuple[Cue, ...]]:
        """The film's cues; none where it has none that can be used, or where they are not worth it."""
        body = segment.cues
        if body is None:
            at = segment.cues_at
            # At its very start a film needs no index.
            if at is None or self._at_ms == 0 or segment.stop - segment.first <= _WORTH_CUES_BYTES:
                return ()
            left = self._size - at
            ask = self._size if left <= _LAST_HOP_BYTES else at + _CUES_HOP_BYTES
            data = yield from self.read(at, min(at + ebml.HEADER_BYTES, segment.stop), ask)
            head = ebml.header(data)
            if head is None or head.id != ebml.CUES or head.size is None:
                return ()
            start = at + head.bytes
            if head.size > min(self._max_index_bytes, segment.stop - start):
                return ()
            body = yield from self.read(start, start + head.size)
        try:
            return read_cues(body, track.number, segment.base, segment.first, segment.stop)
        except NotUnderstood:
            return ()

    def _around(
        self, pictures: Pictures, search: Search, segment: Segment, cues: tuple[Cue, ...], wanted: int
    ) -> Generator[Need, None, tuple[list[Block], bool]]:
        """The blocks from one keyframe before a moment to what is shown then."""
        number = by_time(cues, wanted)
        for _ in range(_MAX_STEPS_BACK):
            floor = Origin(segment.first, None, 0)
            if number >= 0:
                floor = yield from pictures.origin(cues[number], search)
            following = cues[number + 1] if number + 1 < len(cues) else None
            origin = floor
            if following is None:
                origin = yield from self._nearer(search, segment, floor, wanted, has_cues=bool(cues))
            back = _STEP_BACK_BYTES
            while True:
                hint = (following.cluster, following.time) if following else (None, None)
                blocks, ends = yield from pictures.gather(origin, *hint)
                if any(block.key and block.time <= wanted for block in blocks):
                    return blocks, ends
                if origin.at <= floor.at:
                    break
                # Ever further back: keyframes may be far apart, and clusters small.
                back *= 2
                places = yield from search.before(origin.at, floor.at, back)
                origin = Origin(places[0].at, None, places[0].time) if places else floor
            if number < 0:
                return blocks, ends
            number -= 1
        raise NotUnderstood("no keyframe near the cues")

    def _nearer(
        self, search: Search, segment: Segment, floor: Origin, wanted: int, *, has_cues: bool
    ) -> Generator[Need, None, Origin]:
        """Where no cue says where a moment is: a cluster that starts soon before it."""
        if floor.cluster_time is not None:
            return floor
        if segment.stop - floor.at <= (_FAR_FROM_CUE_BYTES if has_cues else _FAR_BYTES):
            return floor
        low = yield from search.at(floor.at)
        if low.time > wanted:
            return floor
        if not segment.duration:
            # A live film: its last cluster says for how long it is, so that the way to t is short.
            last = yield from search.before(segment.stop, floor.at)
            if last and last[-1].time <= wanted:
                return Origin(last[-1].at, None, last[-1].time)
            segment.duration = last[-1].time if last else 0
        place = yield from search.last_by(low, segment.stop, wanted, segment.duration)
        return floor if place.at == low.at else Origin(place.at, None, place.time)

    def _index(
        self, segment: Segment, track: Track, table: FlatTable, zero: int, *, ends: bool
    ) -> VideoIndex:
        return VideoIndex(
            size=self._size,
            codec=track.codec.name,
            nal_length_bytes=track.codec.nal_length_bytes,
            top_temporal_layer=track.codec.top_temporal_layer,
            width=track.width,
            height=track.height,
            header=header_film.header_film(segment.ebml, track.entry),
            header_format=header_film.FORMAT,
            timescale=_NS,
            zero=Fraction(zero),
            segments=(WholeTrack(0, table.count, -_FOREVER, _FOREVER, 0),),
            table=table,
            whole=False,
            ends=ends,
            held=self._held,
        )


def _going_on(table: FlatTable, at_ns: int) -> FlatTable:
    """The table of a film that has more than was read, but nothing of it that is shown at a time."""
    return replace(table, end=max(table.end, at_ns + 1))


def _lists_all_keyframes(muxer: tuple[str, str]) -> bool:
    """Whether the film was written by a program that makes a cue of every keyframe, as long as it makes any.

    Others may leave some out, and then only reading on shows where they are.
    """
    library, program = muxer
    return library.startswith(("Lavf", "libwebm", "Chrome")) or (
        library.startswith("libebml") and program.startswith("mkvmerge")
    )
