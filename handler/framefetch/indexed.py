"""The direct way to a picture: our own index of the film, one range of samples, FFmpeg's decoder.

In goes an object that was opened, and its first bytes; out comes the `Picture`, or `NotUnderstood`,
which sends the caller to the generic way. Reads the index and the samples from the keyframe to the
wanted picture, and nothing else; the decoder works while they arrive.
"""

from __future__ import annotations

import io
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from framefetch.containers.droppable import droppable, is_closed
from framefetch.containers.index import Damaged, Need, NotUnderstood
from framefetch.containers.isobmff import walk as isobmff
from framefetch.containers.isobmff.aperture import clean_aperture
from framefetch.containers.isobmff.header_film import FORMAT as MOV
from framefetch.decode import Film
from framefetch.errors import CorruptFilm
from framefetch.plan import longest, make_plan, stretch
from framefetch.process import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from av.video.frame import VideoFrame

    from framefetch.budget import Budget
    from framefetch.containers.held import Held
    from framefetch.containers.index import VideoIndex
    from framefetch.containers.pull import Pull
    from framefetch.decode import Picture
    from framefetch.plan import Range, ReadPlan, Sample
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings
    from framefetch.sources.fetch import PinnedObject

_PIECE_BYTES, _SEEN_BYTES = 128 << 10, 512 << 10
"""Of an index that is read bit by bit, reads up to the first are kept for other pictures, up to the second
in all: what is longer are samples."""


class Readable(Protocol):
    """What the bytes of samples come from: the object itself, or what was read of it before."""

    def stream(self, start: int, stop: int, purpose: str) -> Iterator[bytes | memoryview]:
        """The bytes of a range, in pieces."""
        ...


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


def check_index(pinned: PinnedObject, head: bytes, at_ms: int) -> None:
    """Reads all of an MP4's index, of which only slices were read before, and checks what it claims.

    Of a fragmented film, the fragments around t. FFmpeg believes every table of every track; it is to meet
    none that nobody has looked at.

    Raises:
        FilmError: the index claims more than the object has, or than our limits allow.
        FramefetchError: as `PinnedObject.read`.
    """
    with suppress(NotUnderstood):
        _follow(
            isobmff.Walk(pinned.info.size, at_ms, long_bytes=pinned.info.size), pinned, Seen(((0, head),))
        )


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


def open_film(index: VideoIndex, settings: Settings, budget: Budget) -> Film:
    """Opens the decoder for an index: a film without samples tells FFmpeg all about them.

    Raises:
        FilmError: as `Film`.
    """
    return Film(io.BytesIO(index.header), index.header_format, settings, budget)


def find_picture(pinned: PinnedObject, index: VideoIndex, request: SnapshotRequest, film: Film) -> Picture:
    """Reads and decodes the picture that answers a request.

    Raises:
        NotUnderstood: the samples are not what the index says: the generic way is to look at them.
        Damaged: they cannot be decoded; likewise.
        FramefetchError: as `PinnedObject.stream`.
    """
    plan = make_plan(index, request.at_ms, request.mode)
    found: VideoFrame | None = None
    for frame in _frames(film, index, plan, pinned, {plan.samples[-1].number}):
        if frame.pts == plan.target_pts:
            found = frame
    if film.damaged or found is None:
        raise Damaged(plan.time * 1000)
    return _picture(film, index, found, plan)


def decode_run(
    source: Readable, index: VideoIndex, plans: Sequence[ReadPlan], film: Film
) -> Iterator[tuple[int, Picture]]:
    """Reads and decodes the pictures of plans that all begin with the same keyframe, in one go.

    Args:
        source: has their bytes.
        index: that the plans were made of.
        plans: of different pictures.
        film: opened for the index, and new or flushed.

    Yields:
        A plan's number, and its picture, in the order in which the film shows them.

    Raises:
        NotUnderstood, FramefetchError: as `find_picture`; pictures before the fault have been handed on.
    """
    numbers = {plan.target_pts: number for number, plan in enumerate(plans)}
    wanted = {plan.samples[-1].number for plan in plans}
    for frame in _frames(film, index, longest(plans), source, wanted):
        number = numbers.pop(frame.pts or 0, None)
        if film.damaged:
            break
        if number is not None:
            yield number, _picture(film, index, frame, plans[number])
    if numbers:
        raise NotUnderstood("the samples are damaged")


def _picture(film: Film, index: VideoIndex, frame: VideoFrame, plan: ReadPlan) -> Picture:
    picture = film.picture(frame, plan.time * 1000)
    if index.header_format == MOV:
        return replace(picture, aperture=clean_aperture(index.header))
    return picture


def _frames(
    film: Film, index: VideoIndex, plan: ReadPlan, source: Readable, wanted: set[int]
) -> Iterator[VideoFrame]:
    """The pictures of a plan's samples, without those that nothing refers to and nobody wants."""
    key = plan.samples[0]
    for frame in _decoded(film, index, plan, source, wanted):
        if frame.pts == key.pts and not film.is_key(frame):
            raise NotUnderstood("the decoder does not take the keyframe for one")
        yield frame


def _decoded(
    film: Film, index: VideoIndex, plan: ReadPlan, source: Readable, wanted: set[int]
) -> Iterator[VideoFrame]:
    for done, (sample, data) in enumerate(_samples(plan, source, index.held)):
        film.expect(done, len(plan.samples) - done)
        if index.closed and not is_closed(index.codec, index.nal_length_bytes, data):
            raise NotUnderstood("the times hold for IDR pictures only, and this is none")
        if sample.number in wanted or not droppable(
            index.codec, index.nal_length_bytes, data, index.top_temporal_layer
        ):
            yield from film.decode_sample(data, sample.dts, sample.pts)
    yield from film.drain()


def _samples(plan: ReadPlan, source: Readable, seen: Held | None) -> Iterator[tuple[Sample, memoryview]]:
    """The samples of a plan in decode order, each as soon as all of it is there."""
    waiting = iter(plan.samples)
    sample = next(waiting, None)
    for one in plan.ranges:
        # One buffer a range, filled once: samples are views of it.
        held = memoryview(bytearray(one.stop - one.start))
        filled = 0
        for piece in _pieces(one, source, seen):
            held[filled : filled + len(piece)] = piece
            filled += len(piece)
            while sample is not None and _is_in(sample, one.start, one.start + filled):
                yield sample, held[sample.offset - one.start :][: sample.size]
                sample = next(waiting, None)
    if sample is not None:
        raise NotUnderstood("samples are not stored in the order in which they are decoded")


def _pieces(wanted: Range, source: Readable, seen: Held | None) -> Iterator[bytes | memoryview]:
    """The bytes of a range; those that the index reader has seen are not read again."""
    at = wanted.start
    while at < wanted.stop:
        gap = (at, wanted.stop) if seen is None else seen.gap(at, wanted.stop)
        until = wanted.stop if gap is None else gap[0]
        if seen is not None and at < until:
            yield seen.view(at, until)
        if gap is not None:
            yield from source.stream(*gap, "samples")
            until = gap[1]
        at = until


def _is_in(sample: Sample, start: int, stop: int) -> bool:
    return start <= sample.offset and sample.offset + sample.size <= stop
