"""The service: one call in, one picture out. Read `_snapshot` from top to bottom to follow a request.

Everything that a request touches is made here once, from the settings, and handed on. A `Service` is
shared by all requests and threads of a process. It never raises: every fault becomes an answer.
"""

from __future__ import annotations

import platform
import traceback
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import av
import PIL

from framefetch import __version__, caching, demux, indexed
from framefetch.admission import Memory, decoder_bytes
from framefetch.answers import error_answer, picture_answer
from framefetch.budget import Budget, now_unix
from framefetch.call import Answer, percent_decode
from framefetch.containers.index import NotUnderstood
from framefetch.containers.sniff import HEAD_BYTES, sniff
from framefetch.decode import Film
from framefetch.draw import draw
from framefetch.encode import encode
from framefetch.errors import (
    FramefetchError,
    InternalError,
    InvalidObjectName,
    MethodNotAllowed,
    NoSuchKey,
    SourceChanged,
    UnsupportedFormat,
)
from framefetch.observe import Record
from framefetch.process import parse, process_of
from framefetch.reader import RangeReader
from framefetch.sources import Changed
from framefetch.sources.fetch import PinnedObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.call import Call
    from framefetch.decode import Picture
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings
    from framefetch.sources import Source

_HEAD_BYTES = 64 << 10
"""The opening range: it holds the whole index of most short films."""


class Service:
    """Answers calls with pictures of the videos of one source."""

    def __init__(self, settings: Settings, source: Source) -> None:
        self.settings = settings
        self.source = source
        self._memory = Memory(settings.memory_mb << 20)
        # Settings and versions are fixed for the life of a process.
        self._since = datetime.fromtimestamp(now_unix(), UTC)
        self._renderer = (*settings.pixel_values(), *versions().items(), platform.machine())

    def budget(self) -> Budget:
        """A new request's allowance; its time starts to run."""
        settings = self.settings
        return Budget(settings.timeout_s, settings.max_bytes, settings.max_requests)

    def answer(self, call: Call, record: Record | None = None) -> Answer:
        """Answers one call.

        Args:
            call: the request.
            record: made by a door that started to count the time earlier.
        """
        record = record or Record(self.budget())
        error: FramefetchError | None = None
        try:
            answer = self._snapshot(call, record)
        except FramefetchError as fault:
            error = fault
        except Exception as fault:  # noqa: BLE001 - the last boundary: our own bugs become a 500
            error = InternalError(detail="".join(traceback.format_exception(fault)))
        if error is not None:
            answer = error_answer(error, call, record.request_id)
        answer = _with_headers(answer, record)
        record.write(call, answer, error)
        return answer

    def _snapshot(self, call: Call, record: Record) -> Answer:
        if call.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(hint="Use GET or HEAD.")
        request = parse(process_of(call), max_side=self.settings.max_side)
        record.facts["process"] = request.canonical()
        key = _key(call)
        try:
            try:
                return self._picture(call, key, request, record)
            except Changed:
                # The object was replaced while it was read: once more, from the new one's beginning.
                return self._picture(call, key, request, record)
        except Changed as fault:
            raise SourceChanged(detail=str(fault)) from fault
        except NoSuchKey as fault:
            raise NoSuchKey(extras=(("Key", key),), detail=fault.detail) from fault

    def _picture(self, call: Call, key: str, request: SnapshotRequest, record: Record) -> Answer:
        settings = self.settings
        may_end_early = call.method == "HEAD" or caching.is_conditional(call)
        with record.stage("open"):
            pinned = PinnedObject(self.source.open(key), record.budget, record.trace)
        with pinned:
            with record.stage("open"):
                head = pinned.open(0, HEAD_BYTES if may_end_early else _HEAD_BYTES)
            record.facts["size"] = pinned.info.size

            current = caching.validators(pinned.info, request, self._renderer)
            headers = (
                *current.headers(),
                ("Cache-Control", caching.cache_control(current, settings.max_age_s)),
            )
            if may_end_early and caching.is_fresh(call, current, self._since):
                return picture_answer(304, headers, b"", with_length=False)
            headers = (("Content-Type", request.format.content_type), *headers)
            if call.method == "HEAD":
                return picture_answer(200, headers, b"", with_length=False)

            demuxer = sniff(head)
            if demuxer is None:
                raise UnsupportedFormat(hint=_not_a_video(pinned.info.size))
            picture, body = self._make(pinned, head, demuxer, request, record)

            record.facts["taken_ms"] = float(picture.time_ms)
            headers += (
                ("x-framefetch-time", f"{float(picture.time_ms):.3f}"),
                ("x-framefetch-read", _read_header(record, pinned.info.size)),
            )
            return picture_answer(200, headers, body, with_length=True)

    def _make(
        self, pinned: PinnedObject, head: bytes, demuxer: str, request: SnapshotRequest, record: Record
    ) -> tuple[Picture, bytes]:
        """Finds the picture, by our own index where there is one, and makes the image of it."""
        if demuxer in indexed.DEMUXERS and self.settings.index == "own":
            try:
                with record.stage("index"):
                    index = indexed.read_index(pinned, head, request.at_ms)
                    film = indexed.open_film(index, self.settings, record.budget)
                find = partial(indexed.find_picture, pinned, index, request)
                return self._image(film, find, request, record)
            except NotUnderstood as fault:
                record.facts["generic"] = str(fault)
        with record.stage("index"):
            reader = RangeReader(pinned, head, block_bytes=self.settings.block_bytes)
            film = Film(reader, demuxer, self.settings, record.budget)
        find = partial(demux.find_picture, at_ms=request.at_ms, mode=request.mode)
        return self._image(film, find, request, record)

    def _image(
        self, film: Film, find: Callable[[Film], Picture], request: SnapshotRequest, record: Record
    ) -> tuple[Picture, bytes]:
        """Decodes, draws and encodes; the memory for it is waited for."""
        wanted_bytes = decoder_bytes(*film.picture_shape, self.settings.threads)
        with closing(film), self._memory.hold(wanted_bytes, record.budget):
            with record.stage("decode"):
                picture = find(film)
            with record.stage("draw"):
                image = draw(picture, request, self.settings)
            with record.stage("encode"):
                return picture, encode(image, request.format, self.settings)


def versions() -> dict[str, str]:
    """Of everything that decides the bytes of a picture, by name."""
    libraries = {name: ".".join(map(str, av.library_versions[name])) for name in ("libavcodec", "libswscale")}
    return {"framefetch": __version__, "PyAV": av.__version__, "Pillow": PIL.__version__, **libraries}


def _key(call: Call) -> str:
    """The object that a path names: percent-decoded once, without its first slash.

    Raises:
        InvalidObjectName: it names none, or is not UTF-8.
    """
    key = percent_decode(call.path.removeprefix("/"))
    if not key:
        raise InvalidObjectName(hint="The path has to name a video: /videos/clip.mp4?x-oss-process=…")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidObjectName(hint="Names are percent-encoded UTF-8.") from None
    return key


def _not_a_video(size: int) -> str:
    if not size:
        return "The object is empty."
    return "The first bytes are not those of a video that framefetch reads; the README lists them."


def _read_header(record: Record, size: int) -> str:
    return f"bytes={record.trace.received}, requests={record.trace.requests}, size={size}"


def _with_headers(answer: Answer, record: Record) -> Answer:
    """Adds what every answer carries."""
    server_ms = max(1, round(record.budget.elapsed_s * 1000))
    headers = [
        *answer.headers,
        ("x-oss-request-id", record.request_id),
        ("x-oss-server-time", str(server_ms)),
    ]
    if timing := record.server_timing():
        headers.append(("Server-Timing", timing))
    return Answer(answer.status, tuple(headers), answer.body)
