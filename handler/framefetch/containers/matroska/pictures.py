"""The video blocks around one moment: one keyframe alone, or all from a keyframe to what is shown then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framefetch.containers.index import Need, NotUnderstood
from framefetch.containers.matroska.clusters import Clusters

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.held import Held
    from framefetch.containers.matroska.blocks import Block
    from framefetch.containers.matroska.cues import Cue
    from framefetch.containers.matroska.search import Search
    from framefetch.containers.matroska.segment import Read, Segment
    from framefetch.containers.matroska.tracks import Track

MAX_BLOCKS = 100_000
"""Pictures that are looked at for one: half an hour without a keyframe."""
_JUMP_BYTES = 64 << 10
"""From here on it pays to jump to the block that a cue names, rather than to read its cluster up to it."""
_KEYFRAME_BYTES = 128 << 10
"""How large a keyframe may be, where nothing is known of the film's."""
_MAX_KEYFRAME_READS = 4
_UNEVEN = 1.12
"""Pictures differ in size: so much more than by their number is asked for."""
_LEAST_STEP_BYTES = 192 << 10
_SLACK_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to start.

    Attributes:
        at: where an element of a cluster, or a cluster, starts.
        cluster_time: in ticks; None: a cluster starts there, and says it itself.
        time: of the first picture there, in ticks, as far as it is known.
    """

    at: int
    cluster_time: int | None
    time: int


CheckRoom = Callable[[int, int], None]
"""Raises `NotUnderstood` when a range is more than may be held."""


class Pictures:
    """Reads the video blocks around one moment.

    Args:
        held: the bytes that are there.
        read: how others are asked for.
        check_room: asked before a long range is.
        segment: the film.
        track: its video track.
        wanted: the moment, in ticks.
        first: the first picture of the film, which tells how large a keyframe may be; None: not known.
    """

    def __init__(
        self,
        held: Held,
        read: Read,
        check_room: CheckRoom,
        *,
        segment: Segment,
        track: Track,
        wanted: int,
        first: Block | None,
    ) -> None:
        self._held = held
        self._read = read
        self._check_room = check_room
        self._segment = segment
        self._track = track
        self._wanted = wanted
        self._keyframe_bytes = _KEYFRAME_BYTES if first is None else first.size * 5 // 4 + _SLACK_BYTES // 4

    def origin(self, cue: Cue, search: Search) -> Generator[Need, None, Origin]:
        """Where to start for a cue: at its cluster, or at its block where that is far into it."""
        if cue.relative is None or cue.relative <= _JUMP_BYTES:
            return Origin(cue.cluster, None, cue.time)
        place = yield from search.at(cue.cluster)
        if place.body + cue.relative >= self._segment.stop:
            raise NotUnderstood("a cue leads out of the clusters")
        return Origin(place.body + cue.relative, place.time, cue.time)

    def keyframe(self, origin: Origin) -> Generator[Need, None, list[Block]]:
        """The keyframe that a cue names, alone; none when it is not soon after the origin."""
        reads = 0

        def read(start: int, stop: int) -> Generator[Need, None, memoryview]:
            nonlocal reads
            if self._held.gap(start, stop) is not None:
                reads += 1
            return (yield from self._read(start, stop, start + self._keyframe_bytes))

        clusters = Clusters(read, origin.at, self._segment.stop, origin.cluster_time)
        while reads <= _MAX_KEYFRAME_READS:
            block = yield from clusters.next()
            if block is None:
                break
            if block.track == self._track.number and block.time >= origin.time:
                return [block] if block.time == origin.time and block.key and not block.laced else []
        return []

    def gather(
        self, origin: Origin, next_at: int | None, next_time: int | None
    ) -> Generator[Need, None, tuple[list[Block], bool]]:
        """All video blocks from an origin on, until no later one can be shown at the moment.

        Args:
            origin: where to start.
            next_at: where the next cue leads; None: there is none.
            next_time: the time there.

        Returns:
            The blocks, and whether the film ends with them.
        """
        goal = origin.at + self._estimate(origin, next_at, next_time)
        read = onward(self._held, self._check_room, self._segment.stop, origin.at, goal)
        clusters = Clusters(read, origin.at, self._segment.stop, origin.cluster_time)
        found: list[Block] = []
        later = 0
        while True:
            block = yield from clusters.next()
            if block is None:
                return found, True
            if block.track != self._track.number:
                continue
            if block.laced:
                raise NotUnderstood("several pictures in one block")
            if len(found) >= MAX_BLOCKS:
                raise NotUnderstood(f"more than {MAX_BLOCKS} pictures without the wanted one")
            found.append(block)
            later += block.time > self._wanted
            # Pictures may be stored before others that are shown before them, but only so many.
            if later > self._track.codec.reordered:
                return found, False
            if block.time == self._wanted and not self._track.codec.hides(block.start):
                # Nothing can be shown later than this and yet at or before the moment.
                return found, False

    def _estimate(self, origin: Origin, next_at: int | None, next_time: int | None) -> int:
        """Bytes from an origin to the moment, if they are spread evenly between the pictures."""
        segment = self._segment
        if next_at is None or next_time is None:
            if segment.duration <= origin.time:
                return _LEAST_STEP_BYTES
            next_at, next_time = segment.stop, int(segment.duration)
        stretch, lasts = next_at - origin.at, next_time - origin.time
        if stretch <= 0 or lasts <= 0:
            return _LEAST_STEP_BYTES
        picture_ns = self._track.duration_ns or 40_000_000
        ahead = (self._track.codec.reordered + 1) * picture_ns / segment.scale_ns
        share = min(1.5, max(0.0, self._wanted - origin.time + ahead) / lasts)
        keyframe = min(self._keyframe_bytes, stretch)
        return keyframe + int((stretch - keyframe) * share * _UNEVEN) + _SLACK_BYTES


def onward(
    held: Held, check_room: CheckRoom, end: int, at: int, goal: int
) -> Callable[[int, int], Generator[Need, None, memoryview]]:
    """A way to read everything from a place on, with nothing left out, as far as it turns out to be needed.

    Args:
        held: the bytes that are there.
        check_room: asked before more are.
        end: where the segment ends.
        at: where to start.
        goal: how far to ask at first; that may be enough before its end.
    """
    first, until = at, -1

    def read(start: int, stop: int) -> Generator[Need, None, memoryview]:
        nonlocal at, goal, until
        while (gap := held.gap(at, stop)) is not None:
            missing = gap[0]
            if missing >= goal:
                goal = missing + max(_LEAST_STEP_BYTES, (missing - first) // 4)
            limit = min(end, max(stop, goal))
            _forget_islands(held, missing, limit)
            whole = held.gap(missing, limit)
            if whole is not None and whole[1] != until:
                until = whole[1]
                check_room(missing, until)
                held.reserve(missing, until)
            yield Need(missing, until)
        at = start
        return held.view(start, stop)

    return read


def _forget_islands(held: Held, start: int, stop: int) -> None:
    """Lets go of small pieces in a range that is to be read: they would cut it into several requests."""
    held.pieces[:] = [
        one
        for one in held.pieces
        if not (start < one.start and one.stop < stop and 0 < one.filled <= _JUMP_BYTES * 2)
    ]
