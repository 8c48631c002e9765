"""t = 0 of a segment: when the first block of its earliest track is shown, as FFmpeg finds it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.clock import earliest

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need
    from framefetch.containers.matroska.blocks import Block
    from framefetch.containers.matroska.clusters import Clusters
    from framefetch.containers.matroska.tracks import Tracks

_TEXT = b"text"
_INTERLEAVED_WITHIN_NS = 1_000_000_000
"""Blocks are stored in the order of time, give or take this: what was not seen by then starts later."""
_MAX_BLOCKS = 2000
_SOON_BLOCKS = 30


@dataclass(frozen=True, slots=True)
class Start:
    """How a segment begins.

    Attributes:
        zero_ns: the start of the presentation, in nanoseconds.
        video: the first block of the video; None: it was not seen.
    """

    zero_ns: int
    video: Block | None


def read_start(clusters: Clusters, tracks: Tracks, scale_ns: int) -> Generator[Need, None, Start]:
    """Looks at the first blocks.

    Args:
        clusters: at the first one.
        tracks: all of them.
        scale_ns: nanoseconds a tick.

    Raises:
        NotUnderstood: a time is negative, or the video does not begin soon.
    """
    starts: dict[int, int] = {}
    video = tracks.video.number
    first: Block | None = None
    at_zero = False
    heard = {number for number, handler in tracks.others.items() if handler != _TEXT}
    for number in range(_MAX_BLOCKS):
        block = yield from clusters.next()
        if block is None:
            break
        if block.track != video and block.track not in tracks.others:
            continue
        time_ns = block.time * scale_ns
        if time_ns < 0:
            raise NotUnderstood("a block before the start of the film")
        if block.track == video:
            first = first or block
        # No track can start earlier than 0.
        at_zero = at_zero or (not time_ns and (block.track == video or block.track in heard))
        if at_zero and (first or number > _SOON_BLOCKS):
            return Start(0, first)
        starts.setdefault(block.track, time_ns)
        if video in starts and (heard <= starts.keys() or time_ns > starts[video] + _INTERLEAVED_WITHIN_NS):
            break
    if at_zero:
        return Start(0, first)
    if video not in starts:
        raise NotUnderstood("the video does not begin soon")
    others = [(tracks.others[number], Fraction(start)) for number, start in starts.items() if number != video]
    # In seconds, as the rule for texts has one.
    zero = earliest(
        Fraction(starts[video], 1_000_000_000), [(kind, start / 1_000_000_000) for kind, start in others]
    )
    return Start(int(zero * 1_000_000_000), first)
