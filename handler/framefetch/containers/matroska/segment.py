"""The beginning of a Matroska file: everything up to its first cluster, and what it says of the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from framefetch.containers.index import NotUnderstood
from framefetch.containers.matroska import ebml
from framefetch.containers.matroska.tracks import Tracks, read_tracks
from framefetch.errors import UnsupportedFormat

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need

MAX_ELEMENTS = 1024
"""Before the first cluster; real files have some ten."""
MAX_HOPS = 16
"""Times that the way to the first cluster may lead past what is held; attachments take one each."""
MAX_EBML_BYTES = 4096
_HOP_BYTES = 16 << 10
_DEFAULT_SCALE_NS = 1_000_000
_MAX_SCALE_NS = 1_000_000_000
_NOT_ENTERED = frozenset({ebml.VOID, ebml.CRC_32, ebml.ATTACHMENTS, ebml.CHAPTERS, ebml.TAGS})


class Read(Protocol):
    """How bytes are asked for: see `walk.Walk`."""

    def __call__(self, start: int, stop: int, ask: int = 0) -> Generator[Need, None, memoryview]:
        """Bytes that must be there before the walk goes on; `ask` is how far a request may reach."""
        ...


@dataclass(slots=True)
class Segment:
    """What comes before the first cluster.

    Attributes:
        ebml: the file's first element.
        base: where the segment's body starts.
        stop: where it ends, at most at the object's end.
        first: where its first cluster starts.
        scale_ns: nanoseconds a tick.
        duration: in ticks, as far as it is said; 0: not said.
        muxer: who wrote the file: the library, and the program.
        tracks: its tracks.
        cues: the body of its cues, where they come first.
        cues_at: where they are said to be; None: not said.
    """

    ebml: bytes
    base: int
    stop: int
    first: int = 0
    scale_ns: int = 0
    duration: float = 0.0
    muxer: tuple[str, str] = ("", "")
    tracks: Tracks | None = None
    cues: memoryview | None = field(default=None, repr=False)
    cues_at: int | None = None

    def read_info(self, body: memoryview) -> None:
        """Takes over ``Info``."""
        fields = ebml.fields(body)
        nothing = memoryview(b"")
        self.scale_ns = ebml.unsigned(fields.get(ebml.TIMESTAMP_SCALE, nothing)) or _DEFAULT_SCALE_NS
        if self.scale_ns > _MAX_SCALE_NS:
            raise NotUnderstood(f"ticks of {self.scale_ns} ns")
        duration = ebml.real(fields.get(ebml.DURATION, nothing))
        self.duration = duration if 0 < duration < 1 << 53 else 0.0
        self.muxer = (
            ebml.text(fields.get(ebml.MUXING_APP, nothing)),
            ebml.text(fields.get(ebml.WRITING_APP, nothing)),
        )

    def read_seek_head(self, body: memoryview) -> None:
        """Takes over where the cues are."""
        allowed = ebml.Allowed()
        for kind, seek in ebml.children(body, allowed):
            if kind != ebml.SEEK:
                continue
            fields = ebml.fields(seek, allowed)
            wanted, position = fields.get(ebml.SEEK_ID), fields.get(ebml.SEEK_POSITION)
            if wanted is None or position is None or ebml.unsigned(wanted) != ebml.CUES:
                continue
            at = self.base + ebml.unsigned(position)
            if self.cues_at is None and at < self.stop:
                self.cues_at = at


def read_segment(read: Read, size: int, max_index_bytes: int) -> Generator[Need, None, Segment]:
    """Reads a file up to its first cluster.

    Raises:
        NotUnderstood: FFmpeg is to read it.
        UnsupportedFormat: this is no Matroska.
        NoVideoStream, UnsupportedCodec: see `read_tracks`.
    """
    segment = yield from _open(read, size)
    at = segment.base
    hops = 0
    reach = at
    for _ in range(MAX_ELEMENTS):
        if segment.stop - at < 2:
            raise NotUnderstood("no cluster")
        hops += at > reach
        if hops > MAX_HOPS:
            raise NotUnderstood("the first cluster is too far away")
        reach = max(reach, at + _HOP_BYTES)
        data = yield from read(at, min(at + ebml.HEADER_BYTES, segment.stop), at + _HOP_BYTES)
        head = ebml.header(data)
        if head is None:
            raise NotUnderstood("an element is cut short")
        if head.id == ebml.CLUSTER:
            if segment.tracks is None or not segment.scale_ns:
                raise NotUnderstood("clusters before the tracks")
            segment.first = at
            return segment
        if head.size is None:
            raise NotUnderstood("an element of unknown size")
        body, at = at + head.bytes, at + head.bytes + head.size
        _check_size(at, segment.stop)
        if head.id not in _NOT_ENTERED:
            _check_size(head.size, max_index_bytes)
            whole = yield from read(body, at, at + ebml.HEADER_BYTES)
            _take(segment, head.id, whole)
    raise NotUnderstood("too many elements before the first cluster")


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise NotUnderstood("an element reaches out of the segment, or is too large to be read")


def _take(segment: Segment, kind: int, body: memoryview) -> None:
    if kind == ebml.SEEK_HEAD:
        segment.read_seek_head(body)
    elif kind == ebml.INFO and not segment.scale_ns:
        segment.read_info(body)
    elif kind == ebml.TRACKS and segment.tracks is None:
        segment.tracks = read_tracks(body)
    elif kind == ebml.CUES and segment.cues is None:
        segment.cues = body


def _open(read: Read, size: int) -> Generator[Need, None, Segment]:
    """The EBML element, and the header of the segment that follows it."""
    data = yield from read(0, min(ebml.HEADER_BYTES, size), _HOP_BYTES)
    if bytes(data[:4]) != ebml.EBML.to_bytes(4, "big"):
        raise UnsupportedFormat
    head = ebml.header(data)
    if head is None or head.size is None or head.size > MAX_EBML_BYTES or head.bytes + head.size >= size:
        raise NotUnderstood("the EBML header is too long, or cut short")
    at = head.bytes + head.size
    whole = yield from read(0, at)
    fields = ebml.fields(whole[head.bytes :])
    longest = [(ebml.MAX_ID_BYTES, 4), (ebml.MAX_SIZE_BYTES, 8)]
    if any(kind in fields and ebml.unsigned(fields[kind]) > most for kind, most in longest):
        raise NotUnderstood("longer IDs or sizes than Matroska has")
    data = yield from read(at, min(at + ebml.HEADER_BYTES, size))
    segment = ebml.header(data)
    if segment is None or segment.id != ebml.SEGMENT:
        raise NotUnderstood("no segment after the EBML header")
    base = at + segment.bytes
    stop = size if segment.size is None else min(size, base + segment.size)
    return Segment(bytes(whole), base, stop)
