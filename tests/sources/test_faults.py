"""A store over HTTP whose answers are faulty: through urllib3, obstore and oss2 the end is the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from framefetch.budget import Budget
from framefetch.errors import AccessDenied, NoSuchKey, RequestTimeout, SourceBusy, SourceError
from framefetch.settings import Settings
from framefetch.sources import Changed
from framefetch.sources.locate import open_source
from tests.servers.kinds import running, words
from tests.sources.stores import Opening, ramp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from framefetch.sources import Source
    from tests.servers.ranges import Handler, RangeServer

SIZE = 100_000
FILM = ramp(SIZE)
NAME = "films/a.mp4"


@pytest.fixture(scope="module", params=["http", "gs", "oss"])
def server(request: pytest.FixtureRequest) -> Iterator[RangeServer]:
    with running(request.param) as made:
        yield made


@pytest.fixture
def source(server: RangeServer) -> Source:
    server.faults.clear()
    server.asked.clear()
    server.ranges = True
    server.put(NAME, FILM)
    return open_source(words(server.dialect, server.url), Settings(timeout_s=5))


def status(code: int, name: str = "", headers: dict[str, str] | None = None) -> Callable[[Handler], None]:
    return lambda handler: handler.fail(code, name or str(code), headers)


def cut(handler: Handler, keep: int, *, reset: bool = False, length: int | None = None) -> None:
    """The right headers, and a part of the body."""
    found = handler.find()
    assert found is not None
    start, last = (int(part) for part in handler.headers["Range"].removeprefix("bytes=").split("-"))
    stop = min(last + 1, SIZE)
    body = FILM[start:stop]
    headers = handler.facts(found, start, stop) | {"Connection": "close"}
    handler.say(206, headers, body[:keep], length if length is not None else len(body))
    handler.hang_up(reset=reset)


def lie(content_range: str | None, status_code: int = 206, **more: str) -> Callable[[Handler], None]:
    """A body of 1000 bytes under whatever Content-Range."""

    def fault(handler: Handler) -> None:
        found = handler.find()
        assert found is not None
        headers = handler.facts(found, 0, 1000, 200) | more
        if content_range is not None:
            headers["Content-Range"] = content_range
        handler.say(status_code, headers, FILM[:1000])

    return fault


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("at", ["first", "later"])
def test_a_passing_fault_is_retried(
    *, server: RangeServer, source: Source, opening: Opening, code: int, at: str
) -> None:
    """A status that may pass is tried again, on the first and on later ranges."""
    server.faults += [status(code)] if at == "first" else [None, status(code)]
    with opening.pin(source, "a.mp4") as pinned:
        assert pinned.open(0, 1000) == FILM[:1000]
        assert pinned.read(5000, 6000, "block") == FILM[5000:6000]
    assert opening.budget.retries == 1
    assert len(server.asked) == opening.trace.requests == 3


@pytest.mark.parametrize(("code", "error"), [(500, SourceError), (503, SourceBusy), (429, SourceBusy)])
def test_a_lasting_fault_is_tried_three_times(
    *, server: RangeServer, source: Source, opening: Opening, code: int, error: type[SourceError]
) -> None:
    """A fault that does not pass is answered after 3 requests: 502, or 503 where the store throttles."""
    server.faults += [status(code)] * 9
    with pytest.raises(error) as caught, opening.pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
    assert type(caught.value) is error
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("code", "name", "error"),
    [
        (404, "NoSuchKey", NoSuchKey),
        (403, "AccessDenied", AccessDenied),
        (401, "", AccessDenied),
        (412, "", Changed),
        (416, "", Changed),
        (400, "", SourceError),
        (304, "", SourceError),
        (418, "", SourceError),
    ],
)
def test_a_lasting_answer_is_believed(
    *, server: RangeServer, source: Source, opening: Opening, code: int, name: str, error: type[Exception]
) -> None:
    """What trying again does not change is not tried again: deleted, forbidden, changed between ranges."""
    server.faults += [None, status(code, name)]
    with opening.pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
        with pytest.raises(error):
            pinned.read(5000, 6000, "block")
    assert len(server.asked) == 2


@pytest.mark.parametrize("keep", [0, 1, 400, 999])
@pytest.mark.parametrize("reset", [False, True])
def test_a_broken_body_is_resumed(
    *, server: RangeServer, source: Source, opening: Opening, keep: int, reset: bool
) -> None:
    """A body that ends early goes on at the byte it reached, with If-Match, and every byte is right."""
    server.faults += [lambda handler: cut(handler, keep, reset=reset)]
    with opening.pin(source, "a.mp4") as pinned:
        assert pinned.open(0, 1000) == FILM[:1000]
    assert len(server.asked) == 2
    again = server.asked[1]
    start = int(again.range.split("-")[0])
    # After a reset the kernel may drop what came before it.
    assert start <= keep if reset else start == keep
    assert again.headers.get("if-match") == server.objects[NAME].etag or (reset and start == 0)


def test_a_connection_that_dies_before_the_headers_is_retried(
    server: RangeServer, source: Source, opening: Opening
) -> None:
    """A connection that is closed or reset without an answer is made anew."""
    server.faults += [lambda handler: handler.hang_up(), None, lambda handler: handler.hang_up(reset=True)]
    with opening.pin(source, "a.mp4") as pinned:
        assert pinned.open(0, 1000) == FILM[:1000]
        assert pinned.read(5000, 6000, "block") == FILM[5000:6000]


def chunked(handler: Handler) -> None:
    """The right answer in chunks of 100 bytes, without Content-Length."""
    found = handler.find()
    assert found is not None
    handler.say(206, handler.facts(found, 0, 1000) | {"Transfer-Encoding": "chunked"}, b"", -1)
    for at in range(0, 1000, 100):
        handler.wfile.write(b"64\r\n" + FILM[at : at + 100] + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def until_closed(handler: Handler) -> None:
    """The right answer of an HTTP/1.0 server, which ends with its connection."""
    found = handler.find()
    assert found is not None
    handler.protocol_version = "HTTP/1.0"
    handler.say(206, handler.facts(found, 0, 1000), FILM[:1000], -1)
    handler.hang_up()


@pytest.mark.parametrize("fault", [chunked, until_closed])
def test_a_body_of_unknown_length_is_read(
    server: RangeServer, source: Source, opening: Opening, fault: Callable[[Handler], None]
) -> None:
    """A range without Content-Length is read by its Content-Range; obstore wants the header: a clean 502."""
    server.faults += [fault]
    if server.dialect == "gs":
        with pytest.raises(SourceError), opening.pin(source, "a.mp4") as pinned:
            pinned.open(0, 1000)
        return
    with opening.pin(source, "a.mp4") as pinned:
        assert pinned.open(0, 1000) == FILM[:1000]
        assert pinned.read(1000, 2000, "block") == FILM[1000:2000]
    assert opening.budget.retries == 0


def test_excess_bytes_are_dropped(server: RangeServer, source: Source, opening: Opening) -> None:
    """A body longer than the range it announces is cut; the connection is not used again."""

    def fault(handler: Handler) -> None:
        found = handler.find()
        assert found is not None
        handler.say(206, handler.facts(found, 0, 1000), FILM[:1000] + b"\xee" * 5000)

    server.faults += [fault]
    with opening.pin(source, "a.mp4") as pinned:
        assert pinned.open(0, 1000) == FILM[:1000]
        assert pinned.read(1000, 2000, "block") == FILM[1000:2000]


@pytest.mark.parametrize(
    "content_range",
    [
        f"bytes 1-1000/{SIZE}",
        f"bytes 0-1000/{SIZE}",
        "bytes 0-999/*",
        "bytes 0-999",
        f"bytes 999-0/{SIZE}",
        f"octets 0-999/{SIZE}",
        "bytes 0-999/500",
        "nonsense",
        None,
    ],
)
def test_a_wrong_content_range_is_refused(
    server: RangeServer, source: Source, opening: Opening, content_range: str | None
) -> None:
    """A 206 whose Content-Range is wrong, missing or unreadable is a 502, and not tried again."""
    server.faults += [lie(content_range)]
    with pytest.raises(SourceError) as caught, opening.pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
    assert caught.value.status == 502
    assert len(server.asked) == 1


def test_a_whole_object_for_a_range_is_refused(server: RangeServer, source: Source, opening: Opening) -> None:
    """A 200 with everything is a 502, after at most 128 KiB."""
    server.ranges = False
    server.put(NAME, ramp(1 << 20))
    with pytest.raises(SourceError), opening.pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
    assert opening.budget.spent_bytes <= 128 << 10
    assert len(server.asked) == 1


def test_another_version_is_found_out_without_if_match(
    server: RangeServer, source: Source, opening: Opening
) -> None:
    """A server that ignores If-Match and sends another version raises Changed; none of it is read."""

    def fault(handler: Handler) -> None:
        server.put(NAME, ramp(SIZE, 1))
        found = handler.find()
        assert found is not None
        handler.say(206, handler.facts(found, 5000, 6000), ramp(6000, 1)[5000:])

    server.faults += [None, fault]
    with opening.pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
        with pytest.raises(Changed):
            pinned.read(5000, 6000, "block")
    assert opening.budget.spent_bytes == 1000


def silent(handler: Handler) -> None:
    """Takes the request and says nothing until the test is over."""
    handler.state.closing.wait(20)
    handler.hang_up()


def silent_after_headers(handler: Handler) -> None:
    found = handler.find()
    assert found is not None
    handler.say(206, handler.facts(found, 0, 1000), FILM[:10], 1000)
    silent(handler)


def dripping_headers(handler: Handler) -> None:
    _drip(handler, b"HTTP/1.1 206 Partial Content\r\nX-A: " + b"a" * 10_000)


def dripping_body(handler: Handler) -> None:
    found = handler.find()
    assert found is not None
    handler.say(206, handler.facts(found, 0, 1000), b"", 1000)
    _drip(handler, FILM[:1000])


def _drip(handler: Handler, text: bytes) -> None:
    for byte in text:
        if handler.state.closing.wait(0.05):
            break
        try:
            handler.wfile.write(bytes([byte]))
        except OSError:
            break
    handler.hang_up()


@pytest.mark.parametrize("fault", [silent, silent_after_headers, dripping_headers, dripping_body])
def test_a_store_that_stalls_ends_at_the_deadline(
    server: RangeServer, source: Source, fault: Callable[[Handler], None]
) -> None:
    """Silence and dripping, at any stage, end as RequestTimeout when the time is over."""
    server.faults += [fault]
    opening = Opening(Budget(0.4, 1 << 30, 100))
    with pytest.raises(RequestTimeout), opening.pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
    assert len(server.asked) == 1
    # The next request is not held up by what the last one left behind.
    with Opening().pin(source, "a.mp4") as pinned:
        assert pinned.open(0, 1000) == FILM[:1000]


def test_connections_are_used_again(server: RangeServer, source: Source, opening: Opening) -> None:
    """Ranges that are read to their end share a connection."""
    ports: list[int] = []

    def note(handler: Handler) -> None:
        ports.append(handler.client_address[1])
        handler.answer()

    server.faults += [note] * 9
    with opening.pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
        for at in range(8):
            pinned.read(at * 1000, at * 1000 + 1000, "block")
    assert len(ports) == 9
    # obstore's client puts a connection back from a thread of its own, which may come too late for the next.
    assert len(set(ports)) <= (3 if server.dialect == "gs" else 1)


def test_a_body_waits_in_the_network(server: RangeServer, source: Source) -> None:
    """Of a long range, no more than a little is read ahead of whoever takes it."""
    body = ramp(64 << 20)
    sent = 0

    def pour(handler: Handler) -> None:
        nonlocal sent
        found = handler.find()
        assert found is not None
        handler.say(206, handler.facts(found, 0, len(body)), b"", len(body))
        for start in range(0, len(body), 64 << 10):
            handler.wfile.write(body[start : start + (64 << 10)])
            sent = start

    server.put(NAME, body)
    server.faults += [None, pour]
    with Opening().pin(source, "a.mp4") as pinned:
        pinned.open(0, 1000)
        pieces = pinned.stream(0, len(body), "block")
        got = bytearray(next(pieces))
        before = -1
        while sent != before:
            before = sent
            time.sleep(0.2)
        # The system keeps some MiB at either end of a connection.
        assert sent < len(body) // 2
        for piece in pieces:
            got += piece
    assert got == body
