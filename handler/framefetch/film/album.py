"""Many pictures of one film in one pass over it: near samples are read together, ranges side by side.

In: an opened object, its whole index, the plans of the pictures. Out: the pictures, one at a time; those that
begin with the same keyframe come together, for they are decoded in one go. Holds the bytes of one batch of
ranges, and asks for a bounded number at once.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import closing
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.ffmpeg.decoder_memory import Outgrown
from framefetch.film.indexed import decode_run
from framefetch.plan import coalesced, longest
from framefetch.round_trips import GAP_BYTES, WHOLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from framefetch.containers.index import VideoIndex
    from framefetch.ffmpeg.decode import Film, Picture
    from framefetch.plan import Range, ReadPlan
    from framefetch.sources.fetch import PinnedObject

TOGETHER = 8
"""Ranges that are asked for at once."""
BATCH_BYTES = 8 << 20
"""Bytes of ranges that are held at a time; one picture that needs more is read by itself, as it arrives."""


class _Fetched:
    """Bytes that were read: the ranges of one batch."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self._starts = [one.start for one in ranges]
        self._held = [memoryview(bytearray(one.stop - one.start)) for one in ranges]

    def put(self, at: int, piece: bytes) -> None:
        """Keeps a piece of a range."""
        number = bisect_right(self._starts, at) - 1
        start = at - self._starts[number]
        self._held[number][start : start + len(piece)] = piece

    def stream(self, start: int, stop: int, purpose: str) -> Iterator[memoryview]:  # noqa: ARG002 - as an object's
        """See `Readable`."""
        number = bisect_right(self._starts, start) - 1
        base = self._starts[number]
        yield self._held[number][start - base : stop - base]


def take_all(
    pinned: PinnedObject, index: VideoIndex, plans: Sequence[ReadPlan], film: Film
) -> Generator[tuple[int, Picture], None, None]:
    """Takes the pictures of plans; those whose samples are not what the index says are left out.

    Args:
        pinned: the object.
        index: that the plans were made of.
        plans: in any order; best in the order of the file.
        film: opened for the index.

    Yields:
        A plan's number, and its picture.

    Raises:
        Outgrown: the film needs more memory than is held for it.
        FramefetchError: as reading does.
    """
    # A small object is read through: it costs less than to ask for its parts.
    gap_bytes = WHOLE_BYTES if pinned.info.size <= WHOLE_BYTES else GAP_BYTES
    runs = _runs(plans)
    whole = [longest([plans[number] for number in run]) for run in runs]
    for batch in _batches(whole, gap_bytes):
        ranges = _ranges(whole, batch, gap_bytes)
        source = _read(pinned, ranges) if _bytes(ranges) <= BATCH_BYTES else pinned
        for one in batch:
            try:
                for at, picture in decode_run(source, index, [plans[number] for number in runs[one]], film):
                    yield runs[one][at], picture
            except Outgrown:
                raise
            except NotUnderstood:
                pass
            film.flush()


def _runs(plans: Sequence[ReadPlan]) -> list[list[int]]:
    """Numbers of plans that begin with the same keyframe."""
    found: dict[int, list[int]] = {}
    for number, plan in enumerate(plans):
        found.setdefault(plan.samples[0].number, []).append(number)
    return list(found.values())


def _batches(plans: Sequence[ReadPlan], gap_bytes: int) -> Iterator[list[int]]:
    """Numbers of plans whose ranges are read together."""
    batch: list[int] = []
    for number in range(len(plans)):
        ranges = _ranges(plans, [*batch, number], gap_bytes)
        if batch and (len(ranges) > TOGETHER or _bytes(ranges) > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _ranges(plans: Sequence[ReadPlan], batch: Sequence[int], gap_bytes: int) -> tuple[Range, ...]:
    return coalesced([one for number in batch for one in plans[number].ranges], gap_bytes)


def _bytes(ranges: Sequence[Range]) -> int:
    return sum(one.stop - one.start for one in ranges)


def _read(pinned: PinnedObject, ranges: Sequence[Range]) -> _Fetched:
    fetched = _Fetched(ranges)
    wanted = [(one.start, one.stop) for one in ranges]
    if len(wanted) == 1:
        (start, stop) = wanted[0]
        with closing(pinned.stream(start, stop, "samples")) as pieces:
            at = start
            for piece in pieces:
                fetched.put(at, piece)
                at += len(piece)
        return fetched
    with closing(pinned.together(wanted, "samples")) as placed:
        for at, piece in placed:
            fetched.put(at, piece)
    return fetched
