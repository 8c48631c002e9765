"""The direct way to a picture: our own index of the film, one range of samples, FFmpeg's decoder.

In goes an object that was opened, and its first bytes; out comes the `Picture`, or `NotUnderstood`,
which sends the caller to the generic way. Reads the index and the samples from the keyframe to the
wanted picture, and nothing else; the decoder works while they arrive.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from framefetch.containers.index import Need, NotUnderstood
from framefetch.containers.isobmff.walk import Walk
from framefetch.decode import Film
from framefetch.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

    from framefetch.budget import Budget
    from framefetch.containers.index import VideoIndex
    from framefetch.decode import Picture
    from framefetch.plan import ReadPlan, Sample
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings
    from framefetch.sources.fetch import PinnedObject

WALKS: dict[str, type[Walk]] = {"mov": Walk}
"""Our index readers, by FFmpeg's name of the container."""


def read_index(pinned: PinnedObject, head: bytes, container: str, at_ms: int) -> VideoIndex:
    """Reads the index of a film.

    Args:
        pinned: the object, opened.
        head: its first bytes.
        container: one that `WALKS` has.
        at_ms: t; of a fragmented film only what is around it is read.

    Raises:
        NotUnderstood: the film is one for the generic way.
        FilmError: no picture can be had of it.
        FramefetchError: as `PinnedObject.read`.
    """
    walk = WALKS[container](pinned.info.size, at_ms)
    step = walk.feed(0, head)
    while isinstance(step, Need):
        if not step.early:
            step = walk.feed(step.start, pinned.read(step.start, step.stop, "index"))
            continue
        step = _feed_as_it_arrives(walk, step, pinned)
    return step


def _feed_as_it_arrives(walk: Walk, need: Need, pinned: PinnedObject) -> Need | VideoIndex:
    """Reads a range that may be enough before its end, and stops as soon as it is."""
    at = need.start
    step: Need | VideoIndex = need
    pieces = pinned.stream(need.start, need.stop, "index")
    try:
        for piece in pieces:
            step = walk.feed(at, piece)
            at += len(piece)
            if not (isinstance(step, Need) and step.start <= at < step.stop):
                break
    finally:
        pieces.close()
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
        FramefetchError: as `PinnedObject.stream`.
    """
    plan = make_plan(index, request.at_ms, request.mode)
    found: VideoFrame | None = None
    key = plan.samples[0]
    for frame in _frames(film, plan, pinned):
        if frame.pts == key.pts and not frame.key_frame:
            raise NotUnderstood("the decoder does not take the keyframe for one")
        if frame.pts == plan.target_pts:
            found = frame
    if film.damaged or found is None:
        raise NotUnderstood("the samples are damaged")
    return film.picture(found, plan.time * 1000)


def _frames(film: Film, plan: ReadPlan, pinned: PinnedObject) -> Iterator[VideoFrame]:
    for sample, data in _samples(plan, pinned):
        yield from film.decode_sample(data, sample.dts, sample.pts)
    yield from film.drain()


def _samples(plan: ReadPlan, pinned: PinnedObject) -> Iterator[tuple[Sample, memoryview]]:
    """The samples of a plan in decode order, each as soon as all of it is there."""
    waiting = iter(plan.samples)
    sample = next(waiting, None)
    for one in plan.ranges:
        # One buffer a range, filled once: samples are views of it.
        held = memoryview(bytearray(one.stop - one.start))
        filled = 0
        for piece in pinned.stream(one.start, one.stop, "samples"):
            held[filled : filled + len(piece)] = piece
            filled += len(piece)
            while sample is not None and _is_in(sample, one.start, one.start + filled):
                yield sample, held[sample.offset - one.start :][: sample.size]
                sample = next(waiting, None)
    if sample is not None:
        raise NotUnderstood("samples are not stored in the order in which they are decoded")


def _is_in(sample: Sample, start: int, stop: int) -> bool:
    return start <= sample.offset and sample.offset + sample.size <= stop
