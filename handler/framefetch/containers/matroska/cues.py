"""Cues: where a segment's own index says that pictures can be found (RFC 9559 §5.1.5)."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.matroska import ebml

if TYPE_CHECKING:
    from collections.abc import Sequence


MAX_ELEMENTS = 700_000
"""In all cues: a hundred thousand places, which is one a second for more than a day."""


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """One place.

    Attributes:
        time: of the block there, in ticks of the segment.
        cluster: where the block's cluster starts, in the object.
        relative: where the block starts in the cluster's body; None: not said.
    """

    time: int
    cluster: int
    relative: int | None


def by_time(places: Sequence[Cue], time: int) -> int:
    """The number of the last place at or before a time; -1 for none."""
    return bisect_right(places, time, key=lambda cue: cue.time) - 1


def read_cues(body: memoryview, track: int, base: int, first: int, stop: int) -> tuple[Cue, ...]:
    """Reads the body of ``Cues``: the places of one track, in order of time and of place.

    Args:
        body: bounded by the segment.
        track: number of the video track.
        base: where the segment's body starts: positions count from there.
        first: where its first cluster starts.
        stop: where it ends.

    Raises:
        NotUnderstood: the places are outside the clusters, not in the order of time, or too many.
    """
    places = []
    allowed = ebml.Allowed(MAX_ELEMENTS)
    for kind, point in ebml.children(body, allowed):
        if kind != ebml.CUE_POINT:
            continue
        time: int | None = None
        found: Cue | None = None
        for inner, value in ebml.children(point, allowed):
            if inner == ebml.CUE_TIME:
                time = ebml.unsigned(value)
            elif inner == ebml.CUE_TRACK_POSITIONS and found is None:
                found = _position(value, track, base, allowed)
        if found is None or time is None:
            continue
        if not first <= found.cluster < stop:
            raise NotUnderstood("cues lead out of the clusters")
        places.append(Cue(time, found.cluster, found.relative))
    if any(one.time > other.time or one.cluster > other.cluster for one, other in pairwise(places)):
        raise NotUnderstood("cues are not in order")
    return tuple(places)


def _position(body: memoryview, track: int, base: int, allowed: ebml.Allowed) -> Cue | None:
    fields = ebml.fields(body, allowed)
    number, cluster = fields.get(ebml.CUE_TRACK), fields.get(ebml.CUE_CLUSTER_POSITION)
    if number is None or cluster is None or ebml.unsigned(number) != track:
        return None
    relative = fields.get(ebml.CUE_RELATIVE_POSITION)
    return Cue(0, base + ebml.unsigned(cluster), None if relative is None else ebml.unsigned(relative))
