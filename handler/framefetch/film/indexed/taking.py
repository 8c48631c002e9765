"""Taking pictures by an index: one range of samples, decoded while they arrive.

In goes an object with its index; out comes the `Picture`, or `NotUnderstood`. Reads the samples from the
keyframe to the wanted picture, and nothing else.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from framefetch.containers.codecs.droppable import droppable, is_closed
from framefetch.containers.index import Damaged, NotUnderstood
from framefetch.containers.isobmff.aperture import clean_aperture
from framefetch.containers.isobmff.header_film import FORMAT as MOV
from framefetch.ffmpeg.decode import Film
from framefetch.plan import longest, make_plan
from framefetch.process import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.video.frame import VideoFrame

    from framefetch.budget import Budget
    from framefetch.containers.held import Held
    from framefetch.containers.index import VideoIndex
    from framefetch.ffmpeg.decode import Picture
    from framefetch.plan import Range, ReadPlan, Sample
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings
    from framefetch.sources.fetch import PinnedObject


class Readable(Protocol):
    """What the bytes of samples come from: the object itself, or what was read of it before."""

    def stream(self, start: int, stop: int, purpose: str) -> Iterator[bytes | memoryview]:
        """The bytes of a range, in pieces."""
        ...


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
        # Of several of this time the last one is shown, but the first one is the keyframe.
        if frame.pts == plan.target_pts and (found is None or request.mode is not Mode.FAST):
            found = frame
        # The decoder would have to do without its memory while it makes the next one.
        del frame
    if film.damaged or found is None:
        raise Damaged(plan.time_ms)
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
    picture = film.picture(frame, plan.time_ms)
    if index.header_format == MOV:
        return replace(picture, aperture=clean_aperture(index.header))
    return picture


def _frames(
    film: Film, index: VideoIndex, plan: ReadPlan, source: Readable, wanted: set[int]
) -> Iterator[VideoFrame]:
    """The pictures of a plan's samples, without those that nothing refers to and nobody wants."""
    key = plan.samples[0]
    seen = False
    for frame in _decoded(film, index, plan, source, wanted):
        # Of pictures that have the keyframe's very time, the first one is the keyframe.
        if frame.pts == key.pts and not seen:
            seen = True
            if not film.is_key(frame):
                raise NotUnderstood("the decoder does not take the keyframe for one")
        yield frame
        del frame


def _decoded(
    film: Film, index: VideoIndex, plan: ReadPlan, source: Readable, wanted: set[int]
) -> Iterator[VideoFrame]:
    pace = film.pace(len(plan.samples))
    for done, (sample, data) in enumerate(_samples(plan, source, index.held)):
        pace.check(done)
        if index.closed and not is_closed(index.codec, index.nal_length_bytes, data):
            raise NotUnderstood("the times hold for IDR pictures only, and this is none")
        if sample.number in wanted or not droppable(
            index.codec, index.nal_length_bytes, data, index.top_temporal_layer
        ):
            yield from film.decode_sample(data, sample.dts, sample.pts)
    yield from film.drain()


def _samples(plan: ReadPlan, source: Readable, seen: Held | None) -> Iterator[tuple[Sample, bytes]]:
    """The samples of a plan in decode order, each as soon as all of it is there."""
    waiting = iter(plan.samples)
    sample = next(waiting, None)
    for one in plan.ranges:
        # What has not been decoded yet.
        at, held = one.start, bytearray()
        for piece in _pieces(one, source, seen):
            held += piece
            while (
                sample is not None and at <= sample.offset and sample.offset + sample.size <= at + len(held)
            ):
                start, stop = sample.offset - at, sample.offset - at + sample.size
                yield sample, bytes(memoryview(held)[start:stop])
                del held[:stop]
                at += stop
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
