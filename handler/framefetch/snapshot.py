"""The service: one call in, one picture out. Read `_process` from top to bottom to follow a request.

Everything that a request touches is made here once, from the settings, and handed on. A `Service` is
shared by all requests and threads of a process. It never raises: every fault becomes an answer.
"""

from __future__ import annotations

import math
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from framefetch.access.grants import Access
from framefetch.admission import COMPANY, Allowance, Flights, told
from framefetch.budget import Budget, now_unix
from framefetch.errors import (
    FramefetchError,
    InternalError,
    MethodNotAllowed,
    NoSuchKey,
    NotImplementedHere,
    OutOfMemory,
    SourceChanged,
)
from framefetch.film.finder import Finder
from framefetch.http import caching
from framefetch.http.answers import error_answer, picture_answer
from framefetch.http.call import Answer
from framefetch.observe import Record
from framefetch.operations import Made, Studio, make
from framefetch.process import SheetRequest, parse
from framefetch.sources import Changed
from framefetch.sources.locate import open_source
from framefetch.texts import cors_of
from framefetch.versions import machine, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.access.buckets import Bucket
    from framefetch.access.grants import Grant
    from framefetch.film.opened import FilmObject
    from framefetch.http.call import Call
    from framefetch.process import Request
    from framefetch.saving import Saving
    from framefetch.settings import Settings
    from framefetch.sources import Source


_T = TypeVar("_T")
_MOST_RANGES = 60
_OPEN_A_TURN = 4
"""Objects that may be open for each picture in the making: the first answers of those that wait come in
meanwhile, and take memory."""


class Service:
    """Answers calls with pictures of the videos of its buckets.

    Args:
        settings: everything that can be chosen.
        source: of all videos; without it, what the settings name: a map of buckets, or one source.

    Raises:
        BadSetting: the settings do not fit together.
    """

    def __init__(self, settings: Settings, source: Source | None = None) -> None:
        self.settings = settings
        self.access = Access.of(settings, source.kind if source is not None else "")
        self._sources = {
            bucket.name: source if source is not None else open_source(bucket.source, settings)
            for bucket in self.access.buckets.buckets
        }
        self._cors = cors_of(settings)
        self._saving = _saving_of(settings, self.access)
        self._finder = Finder(settings)
        self.studio = Studio(settings, self._finder, Allowance(settings.memory_mb << 20, "memory_mb"))
        self._turns = Allowance(settings.concurrency, "concurrency")
        self._open = Allowance(settings.concurrency * _OPEN_A_TURN, "concurrency")
        self._flights: Flights[Made] = Flights()
        # Settings and versions are fixed for the life of a process.
        self._since = datetime.fromtimestamp(now_unix(), UTC)
        self._renderer: tuple[object, ...] = (*settings.pixel_values(), *versions().items(), machine())

    def budget(self, at_most_s: float = math.inf) -> Budget:
        """A new request's allowance; its time starts to run.

        Args:
            at_most_s: what the platform still gives the request, in seconds.
        """
        settings = self.settings
        timeout_s = min(settings.timeout_s, at_most_s)
        return Budget(
            timeout_s, settings.max_bytes, settings.max_requests, settings.max_steps, settings.max_search_s
        )

    def source_of(self, bucket: Bucket) -> Source:
        """Where the bytes of a bucket's videos come from."""
        return self._sources[bucket.name]

    def opened(
        self, bucket: Bucket, key: str, version: str | None, record: Record, *, briefly: bool = False
    ) -> FilmObject:
        """A video, opened. Whether the caller may see it has been decided before.

        Raises:
            FramefetchError: as `Finder.open`.
        """
        source = self.source_of(bucket)
        return self._finder.open(source, bucket.source, key, version, record, briefly=briefly)

    def answer(self, call: Call, record: Record | None = None) -> Answer:
        """Answers one call.

        Args:
            call: the request.
            record: made by a door that started to count the time earlier.
        """
        record = record or Record(self.budget())
        error: FramefetchError | None = None
        grant: Grant | None = None
        try:
            if call.method == "OPTIONS":
                answer = picture_answer(200, self._cors.preflight(call), b"", with_length=True)
            elif call.method == "POST":
                saving = self._saver()
                wanted, grant = saving.admit(call, self.access, now_unix())
                _tell_signer(grant, record)
                picture = self._process(call.as_get(), grant, record)
                answer = saving.save(call, wanted, picture, record)
            else:
                grant = self._admit(call, record)
                answer = self._process(call, grant, record)
        except FramefetchError as fault:
            # Its traceback refers back to here, and would keep the film open until the collector comes by.
            error = fault.with_traceback(None)
        except MemoryError as fault:
            # Of a bounded process, and not in the work with a film: that knows whose fault it is.
            error = OutOfMemory(detail=told(fault))
        except Exception as fault:  # noqa: BLE001 - the last boundary: our own bugs become a 500
            error = InternalError(detail="".join(traceback.format_exception(fault)))
        if error is not None:
            answer = error_answer(error, call, record.request_id)
        if grant is not None:
            answer = grant.finish(answer, record.budget.elapsed_s)
        if not caching.is_read_alike(call):
            answer = caching.with_headers(answer, (("Cache-Control", "no-store"),))
        return self._sent(call, answer, record, error)

    def refuse(self, call: Call, error: FramefetchError, record: Record) -> Answer:
        """The answer to a call that a door does not let through to here."""
        return self._sent(call, error_answer(error, call, record.request_id), record, error)

    def _sent(self, call: Call, answer: Answer, record: Record, error: FramefetchError | None) -> Answer:
        answer = _with_headers(answer, record, self._cors.headers(call))
        record.write(call, answer, error)
        return answer

    def _saver(self) -> Saving:
        if self._saving is None:
            raise NotImplementedHere(hint="Nothing is stored here: GET the picture.")
        return self._saving

    def _admit(self, call: Call, record: Record) -> Grant:
        if call.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(hint="Use GET or HEAD.")
        grant = self.access.admit(call, now_unix())
        _tell_signer(grant, record)
        return grant

    def _process(self, call: Call, grant: Grant, record: Record) -> Answer:
        asked = parse(grant.process, max_side=self.settings.max_side)
        request = asked.for_caller(call.header("accept"))
        if isinstance(request, SheetRequest) and request.is_track:
            from framefetch.links import beside  # noqa: PLC0415 - rare: no part of a start

            request = replace(
                request,
                link=beside(call, request.sheet().canonical(), grant.bucket.name, grant.key, grant.signed),
            )
        record.facts["process"] = request.canonical()
        try:
            answer = once_more(partial(self._answered, call, grant, request, record))
        except NoSuchKey as fault:
            raise NoSuchKey(extras=(("Key", grant.key),), detail=fault.detail) from fault
        return caching.varying(answer, "Accept") if asked.varies else answer

    def _answered(self, call: Call, grant: Grant, request: Request, record: Record) -> Answer:
        while (answer := self._result(call, grant, request, record)) is None:
            # An equal request was to bring it.
            continue
        return answer

    def _result(self, call: Call, grant: Grant, request: Request, record: Record) -> Answer | None:
        """The answer; None where an equal request was to bring it, and nothing came of that one."""
        may_end_early = call.method == "HEAD" or caching.is_conditional(call)
        with self._open.hold(1, record.budget), COMPANY.joined() as mine, mine.judging():
            with record.stage("open"):
                opened = self.opened(grant.bucket, grant.key, grant.version, record, briefly=may_end_early)
            with opened:
                record.facts |= {"size": opened.info.size, "etag": opened.info.etag}
                current = caching.validators(opened.info, request, self._renderer_of(request, call))
                headers = (
                    *current.headers(),
                    ("Cache-Control", caching.cache_control(current, self.settings.max_age_s)),
                )
                if may_end_early and caching.is_fresh(call, current, self._since):
                    return picture_answer(304, headers, b"", with_length=False)
                headers = (("Content-Type", request.content_type), *headers)
                if call.method == "HEAD":
                    return picture_answer(200, headers, b"", with_length=False)
                if may_end_early:
                    self._finder.recall(opened, record)
                key = (grant.bucket.name, grant.key, grant.version, current, call.max_answer_bytes)
                flight, is_first = self._flights.board(key if current.is_strong else object())
                if is_first:
                    # Equal requests that wait share the film's fault: it is judged before the flight ends.
                    turn = self._turns.hold(1, record.budget)
                    with self._flights.flown(flight), turn, mine.judging():
                        flight.made = make(opened, request, self.studio, record, call.max_answer_bytes)
        # Who waits for an equal request holds nothing meanwhile.
        made = flight.wait(record.budget)
        if made is None:
            return None
        if not is_first:
            record.facts["shared"] = True
        headers += (*made.headers, ("x-framefetch-read", _read_header(record, opened.info.size)))
        if call.header("x-framefetch-trace"):
            headers += (("x-framefetch-ranges", _ranges_header(record)),)
        return picture_answer(200, headers, made.body, with_length=True)

    def _renderer_of(self, request: Request, call: Call) -> tuple[object, ...]:
        """What beside the request's text decides the bytes."""
        renderer = self._renderer
        if isinstance(request, SheetRequest) and request.link:
            # A track has the sheet's address in it.
            renderer = (*renderer, request.link)
        if self.settings.oversize == "shrink":
            # One function may stand behind two doors, of which each lets another size through.
            renderer = (*renderer, call.max_answer_bytes)
        return renderer


def once_more(read: Callable[[], _T]) -> _T:
    """What comes of reading an object. If it was replaced meanwhile, once more from the new one's beginning.

    Raises:
        SourceChanged: it was replaced again.
    """
    try:
        return read()
    except Changed:
        pass
    try:
        return read()
    except Changed as fault:
        raise SourceChanged(detail=str(fault)) from fault


def _saving_of(settings: Settings, access: Access) -> Saving | None:
    if not settings.save_to:
        return None
    from framefetch.saving import Saving  # noqa: PLC0415 - most deployments save nothing: no part of a start

    return Saving(settings, access)


def _tell_signer(grant: Grant, record: Record) -> None:
    if grant.signed is not None:
        record.facts["signed_by"] = grant.signed.access_key_id


def _read_header(record: Record, size: int) -> str:
    return f"bytes={record.trace.received}, requests={record.trace.requests}, size={size}"


def _ranges_header(record: Record) -> str:
    """What was received, for whoever asks with ``x-framefetch-trace``; a header has room for so many."""
    reads = record.trace.reads[:_MOST_RANGES]
    return ", ".join(f"{one.purpose} {one.start}-{one.start + one.received}" for one in reads)


def _with_headers(answer: Answer, record: Record, more: tuple[tuple[str, str], ...]) -> Answer:
    """Adds what every answer carries."""
    server_ms = max(1, round(record.budget.elapsed_s * 1000))
    headers = [
        *answer.headers,
        *more,
        ("x-oss-request-id", record.request_id),
        ("x-oss-server-time", str(server_ms)),
    ]
    if timing := record.server_timing():
        headers.append(("Server-Timing", timing))
    return Answer(answer.status, tuple(headers), answer.body)
