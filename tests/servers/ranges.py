"""A web server with ranges that answers as it is told, and remembers what it was asked.

Speaks plain HTTP, and with ``dialect="gs"`` what Google Cloud Storage's XML API says to a GET: its
errors, its generation header. Objects can be replaced, hidden or forbidden while it runs; a fault is a
function that answers one request instead of the server.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from tests.servers.range_header import cut

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


class Content(Protocol):
    """What an object's bytes are: bytes, or anything that can be cut like them."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> bytes: ...


@dataclass(slots=True)
class Stored:
    """An object. What is None is not sent."""

    content: Content
    etag: str | None = None
    last_modified: datetime | None = None
    forbidden: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        """The Range header, without ``bytes=``."""
        return self.headers.get("range", "").removeprefix("bytes=")


@dataclass(slots=True)
class RangeServer:
    """The server's objects and manners; all can be changed while it runs.

    Attributes:
        objects: by decoded path without its first ``/``.
        asked: every request so far.
        faults: for the next requests, one each: called with the handler instead of answering; None
            answers as ever.
        ranges: whether Range is obeyed, else 200 with everything.
        latency_s: waited before each answer.
        idle: connections that wait for their next request.
        dialect: ``http`` or ``gs``.
    """

    port: int
    objects: dict[str, Stored] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    faults: deque[Callable[[Handler], None] | None] = field(default_factory=deque)
    ranges: bool = True
    latency_s: float = 0.0
    dialect: str = "http"
    versions: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    idle: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def drop_idle(self) -> int:
        """Closes the connections that wait for a request, as after a keep-alive time; tells how many."""
        dropped = 0
        for connection in tuple(self.idle):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                dropped += 1
        return dropped

    def put(self, name: str, content: Content, *, etag: bool = True, last_modified: bool = True) -> Stored:
        """Stores an object, or replaces it by a new version."""
        self.versions += 1
        made = Stored(
            content,
            f'"v{self.versions}"' if etag else None,
            datetime.fromtimestamp(1_700_000_000 + self.versions, UTC) if last_modified else None,
        )
        self.objects[name] = made
        return made


State = TypeVar("State", bound=RangeServer)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: RangeServer

    def handle_one_request(self) -> None:
        """Waits for a request, and answers it."""
        self.state.idle.add(self.connection)
        try:
            super().handle_one_request()
        finally:
            self.state.idle.discard(self.connection)

    def do_GET(self) -> None:
        """Answers one request."""
        state = self.state
        state.idle.discard(self.connection)
        state.asked.append(Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        fault = None
        with suppress(IndexError):
            fault = state.faults.popleft()
        if state.latency_s:
            time.sleep(state.latency_s)
        if fault is not None:
            fault(self)
        else:
            self.answer()

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def answer(self, *, pinned: bool = True) -> None:
        """What a server in good health says; one that is not `pinned` minds no If-Match."""
        found = self.find()
        if found is None:
            return
        size = len(found.content)
        wanted = self.headers.get("Range")
        matches = self.headers.get("If-Match")
        # A weak ETag never matches (RFC 9110 §13.1.1).
        if pinned and matches is not None and (matches != found.etag or matches.startswith("W/")):
            self.fail(412, "PreconditionFailed")
            return
        start, stop, status = 0, size, 200
        if wanted is not None and self.state.ranges:
            found_range = cut(wanted, size)
            if found_range is None:
                self.fail(416, "InvalidRange", {"Content-Range": f"bytes */{size}"})
                return
            (start, stop), status = found_range, 206
        self.say(status, self.facts(found, start, stop, status), found.content[start:stop])

    def find(self) -> Stored | None:
        """The object that was asked for, or an answer that there is none."""
        name = unquote_to_bytes(self.path.partition("?")[0]).decode("utf-8", "surrogateescape")[1:]
        found = self.state.objects.get(name)
        if found is None:
            bucket = name.partition("/")[0] + "/"
            there = any(other.startswith(bucket) for other in self.state.objects)
            self.fail(404, "NoSuchKey" if there else "NoSuchBucket")
        elif found.forbidden:
            self.fail(403, "AccessDenied")
            found = None
        return found

    def facts(self, found: Stored, start: int, stop: int, status: int = 206) -> dict[str, str]:
        """The headers of a good answer."""
        headers = {"Content-Type": "video/mp4"}
        if found.etag is not None:
            headers["ETag"] = found.etag
        if found.last_modified is not None:
            headers["Last-Modified"] = format_datetime(found.last_modified, usegmt=True)
        if self.state.dialect == "gs":
            headers["x-goog-generation"] = str(abs(hash(found.etag)))
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(found.content)}"
        return headers

    def fail(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        """An error, with XML for those who read it."""
        body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code></Error>".encode()
        self.say(status, {"Content-Type": "application/xml"} | (headers or {}), body)

    def say(self, status: int, headers: dict[str, str], body: bytes, length: int | None = None) -> None:
        """Sends an answer; `length` is what Content-Length claims, -1 for none."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length != -1:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body)

    def hang_up(self, *, reset: bool = False) -> None:
        """Ends the connection."""
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is no error here."""


@contextmanager
def running(dialect: str = "http", tls: ssl.SSLContext | None = None) -> Iterator[RangeServer]:
    """Starts the server, and ends it."""
    with listening(Handler, lambda port: RangeServer(port, dialect=dialect), tls) as state:
        yield state


@contextmanager
def listening(
    handler: type[Handler], state_of: Callable[[int], State], tls: ssl.SSLContext | None = None
) -> Iterator[State]:
    """Listens on a free port with handlers of this kind, which share one state."""
    bound = type("BoundHandler", (handler,), {})
    with _Server(("127.0.0.1", 0), bound) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        state = state_of(server.server_address[1])
        bound.state = state  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            server.shutdown()
            thread.join()
