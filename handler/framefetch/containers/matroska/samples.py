"""Blocks of the video track, in the order in which they are stored -> the table that a plan is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.index import FlatTable, NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framefetch.containers.matroska.blocks import Block
    from framefetch.containers.matroska.codecs import Codec


def make_table(blocks: Sequence[Block], codec: Codec, scale_ns: int, duration_ns: int) -> FlatTable:
    """Makes the table, in nanoseconds.

    Matroska has no decode times: the shown times in order are taken, so that a sample's time and the
    next one's are apart by what the picture lasts.

    Args:
        blocks: of the video track, one after the other.
        codec: of the track.
        scale_ns: nanoseconds a tick.
        duration_ns: of each picture, as far as the track says it; 0: not said.

    Raises:
        NotUnderstood: there are no pictures.
    """
    shown, blocks = _shown_times(blocks, codec, scale_ns)
    if not shown:
        raise NotUnderstood("no pictures")
    times = sorted(shown)
    last = max(range(len(shown)), key=lambda number: shown[number])
    own = blocks[last].duration
    lasts = own * scale_ns if own is not None else duration_ns // scale_ns * scale_ns
    if not lasts and len(times) > 1:
        lasts = times[-1] - times[-2]
    return FlatTable(
        times=times,
        shifts=[one - time for one, time in zip(shown, times, strict=True)],
        offsets=[block.offset for block in blocks],
        sizes=[block.size for block in blocks],
        keys=[number for number, block in enumerate(blocks) if block.key],
        end=times[-1] + lasts,
        has_shown_times=True,
    )


def _shown_times(blocks: Sequence[Block], codec: Codec, scale_ns: int) -> tuple[list[int], Sequence[Block]]:
    """When each block is shown; one that is only referred to counts as shown with the next one that is."""
    times: list[int] = []
    following: int | None = None
    for block in reversed(blocks):
        if not codec.hides(block.start):
            following = block.time * scale_ns
        if following is not None:
            times.append(following)
    times.reverse()
    return times, blocks[: len(times)]
