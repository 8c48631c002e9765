"""What the tests of the index readers share: feeding a film, and decoding what a plan says."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import av

from framefetch.containers.index import Need, VideoIndex
from framefetch.containers.isobmff.walk import Walk

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from framefetch.plan import ReadPlan

HEAD_BYTES = 64 << 10
MAX_NEEDS = 3000
TOLERANT: dict[str, Any] = {"metadata_errors": "replace"} if av.__version__.startswith("18.") else {}


def index_of(film: bytes, at_ms: int = 0, head_bytes: int = HEAD_BYTES) -> VideoIndex:
    """The index of a film, by feeding just what is asked for."""
    return index_and_needs(film, at_ms, head_bytes)[0]


def index_and_needs(
    film: bytes, at_ms: int = 0, head_bytes: int = HEAD_BYTES
) -> tuple[VideoIndex, list[Need]]:
    """The same, with the ranges that were asked for after the head."""
    walk = Walk(len(film), at_ms)
    needs: list[Need] = []
    found = walk.feed(0, film[:head_bytes])
    while isinstance(found, Need):
        assert 0 <= found.start < found.stop <= len(film)
        needs.append(found)
        assert len(needs) < MAX_NEEDS
        found = walk.feed(found.start, film[found.start : found.stop])
    return found, needs


def decoded(index: VideoIndex, plan: ReadPlan, film: bytes) -> VideoFrame | None:
    """The planned picture, through the header film and packets of our own; None when none comes out."""
    held = {one.start: film[one.start : one.stop] for one in plan.ranges}

    def sample_bytes(offset: int, size: int) -> bytes:
        start = max(start for start in held if start <= offset)
        return held[start][offset - start : offset - start + size]

    with av.open(io.BytesIO(index.header), format=index.header_format, **TOLERANT) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        context.thread_type = "SLICE"
        found = None
        for sample in plan.samples:
            packet = av.Packet(sample.size)
            memoryview(packet)[:] = sample_bytes(sample.offset, sample.size)
            packet.pts, packet.dts = sample.pts, sample.dts
            packet.stream = stream
            for frame in context.decode(packet):
                found = frame if frame.pts == plan.target_pts else found
        for frame in context.decode(None):
            found = frame if frame.pts == plan.target_pts else found
        return found


def md5(frame: VideoFrame) -> str:
    """Of all planes in the frame's own pixel format, rows packed tight."""
    digest = hashlib.md5(usedforsecurity=False)
    for number, plane in enumerate(frame.planes):
        components = [one for one in frame.format.components if one.plane == number]
        row = plane.width * len(components) * (2 if max(one.bits for one in components) > 8 else 1)
        view = memoryview(plane)
        for at in range(0, plane.height * plane.line_size, plane.line_size):
            digest.update(view[at : at + row])
    return digest.hexdigest()
