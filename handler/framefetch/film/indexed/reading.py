"""Reading a film's index: our walks are fed with what they ask for, and no byte is asked for twice.

In goes an object that was opened, and the bytes of its index that are known; out comes the `VideoIndex`,
or `NotUnderstood`.
"""

from __future__ import annotations

from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

from framefetch.containers.index import Need, NotUnderstood
from framefetch.containers.isobmff import walk as isobmff
from framefetch.errors import CorruptFilm
from framefetch.plan import stretch
from framefetch.process import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.containers.index import VideoIndex
    from framefetch.containers.pull import Pull
    from framefetch.process import SnapshotRequest
    from framefetch.sources.fetch import PinnedObject

_PIECE_BYTES, _SEEN_BYTES = 128 << 10, 512 << 10
"""Of an index that is read bit by bit, reads up to the first are kept for other pictures, up to the second
in all: what is longer are samples."""


class Seen:
    """The bytes in which a film's index is: those that an earlier request read, and then this one's.

    Args:
        pieces: from an earlier request, each with its place; the first one begins at 0.
    """

    def __init__(self, pieces: tuple[tuple[int, bytes], ...]) -> None:
        self.pieces = list(pieces)
        self.has_more = False
        """Whether this request has added something."""
        self._bytes = sum(len(piece) for _, piece in pieces)

    def add(self, start: int, piece: bytes) -> None:
        """Keeps what was read, if it is short and there is room."""
        if 0 < len(piece) <= min(_PIECE_BYTES, _SEEN_BYTES - self._bytes):
            self.pieces.append((start, piece))
            self._bytes += len(piece)
            self.has_more = True


def _mov(size: int, request: SnapshotRequest, whole: bool) -> Pull:  # noqa: FBT001 - as `WALKS` has it
    return isobmff.Walk(
        size,
        request.at_ms,
        wanted=None if whole else partial(stretch, at_ms=request.at_ms, mode=request.mode),
        fast=request.mode is Mode.FAST and not whole,
    )


def _matroska(size: int, request: SnapshotRequest, _: bool) -> Pull:  # noqa: FBT001 - as `WALKS` has it
    from framefetch.containers.matroska import walk  # noqa: PLC0415 - rare: no part of a start

    return walk.Walk(size, request.at_ms, fast=request.mode is Mode.FAST)


WALKS: dict[str, Callable[[int, SnapshotRequest, bool], Pull]] = {"mov": _mov, "matroska": _matroska}
"""Our index readers, by FFmpeg's name of the container."""


def read_index(
    pinned: PinnedObject, seen: Seen, container: str, request: SnapshotRequest, *, whole: bool = False
) -> VideoIndex:
    """Reads the index of a film.

    Args:
        pinned: the object, opened.
        seen: its first bytes, and what else is known of it; what is read is added.
        container: one that `WALKS` has.
        request: of very long films, and of those without one table of all samples, only what is around
            its t is read.
        whole: whether to read all tables of very long films, so that the index can be kept: more bytes
            for this picture, fewer for all that follow.

    Raises:
        NotUnderstood: the film is one for the generic way.
        FilmError: no picture can be had of it.
        FramefetchError: as `PinnedObject.read`.
    """
    return _follow(WALKS[container](pinned.info.size, request, whole), pinned, seen)


def read_index_after(pinned: PinnedObject, seen: Seen, container: str, place: int) -> VideoIndex:
    """Reads the first keyframe from a place in the object on, with its time, where nothing says where it is.

    Args:
        pinned: the object, opened.
        seen: its first bytes, and what else is known of it; what is read is added.
        container: one that `WALKS` has.
        place: in bytes.

    Raises:
        NotUnderstood: an index says where keyframes are, or there is none within `AFTER_BYTES`.
        FilmError, FramefetchError: as `read_index`.
    """
    if container == "mov":
        return _follow(isobmff.Walk(pinned.info.size, after=place), pinned, seen)
    from framefetch.containers.matroska import walk  # noqa: PLC0415 - rare: no part of a start

    return _follow(walk.Walk(pinned.info.size, after=place), pinned, seen)


def check_index(pinned: PinnedObject, head: bytes) -> None:
    """Reads all of an MP4's movie box, and checks what it claims.

    FFmpeg believes every table of every track; it is to meet none that nobody has looked at. Fragments are
    looked at while FFmpeg reads them (`claims.runs`).

    Raises:
        FilmError: the index claims more than the object has, or than our limits allow.
        FramefetchError: as `PinnedObject.read`.
    """
    from framefetch.containers.isobmff.claims.walk import ClaimsWalk  # noqa: PLC0415 - rare: no part of a start

    with suppress(NotUnderstood):
        _follow(ClaimsWalk(pinned.info.size, isobmff.MAX_INDEX_BYTES), pinned, Seen(((0, head),)))


def _follow(walk: Pull, pinned: PinnedObject, seen: Seen) -> VideoIndex:
    walk.allow(pinned.budget.steps_left)
    try:
        return _fed(walk, pinned, seen)
    except OverflowError as fault:
        raise CorruptFilm("The video's index has numbers that no video has.", detail=repr(fault)) from fault
    finally:
        pinned.budget.step(walk.steps)


def _fed(walk: Pull, pinned: PinnedObject, seen: Seen) -> VideoIndex:
    # All of it comes before the first step: what lies further on may spare a request for what comes first.
    for start, piece in seen.pieces:
        walk.hold(start, piece)
    step = walk.feed(0, b"")
    while isinstance(step, Need):
        if step.more:
            step = _read_together(pinned, walk, step)
            continue
        at = step.start
        read = bytearray()
        with closing(pinned.stream(at, step.stop, "index")) as pieces:
            for piece in pieces:
                step = walk.feed(at, piece)
                at += len(piece)
                if len(read) <= _PIECE_BYTES:
                    read += piece
                # What is there may be enough before all of it is.
                if not (isinstance(step, Need) and step.start <= at < step.stop):
                    break
        seen.add(at - len(read), bytes(read))
    for start, stop in walk.landmarks:
        seen.add(start, bytes(walk.there(start, stop)))
    return step


def _read_together(pinned: PinnedObject, walk: Pull, need: Need) -> Need | VideoIndex:
    """Reads several ranges in one round trip; they are small but for the first."""
    step: Need | VideoIndex = need
    with closing(pinned.together(((need.start, need.stop), *need.more), "index")) as pieces:
        for at, piece in pieces:
            step = walk.feed(at, piece)
    return step
