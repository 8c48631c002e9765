"""Clients that do nothing on their connections, and what is no HTTP: neither holds the server."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from framefetch.http.answers import ALWAYS
from framefetch.limits import allow_connections
from framefetch.server import connections
from framefetch.server.connections import BoundedConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_S = 0.1
LARGE = 64 << 20
"""Above what the sockets' own buffers hold."""
HEAD = b"GET /large HTTP/1.1\r\nHost: h\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers ``/large`` at once with many bytes, a POST after its body, all else with few."""
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    body = bytes(LARGE) if scope["path"] == "/large" else b"ok"
    length = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "LOOK_S", LOOK_S)
    with listening() as found:
        yield found


@contextmanager
def listening() -> Iterator[int]:
    """A server of the connection that is tested, over loopback."""
    config = uvicorn.Config(
        app, port=0, http=BoundedConnection, ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(60)


@contextmanager
def connected(port: int, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as made:
        made.sendall(sent)
        yield made


def read_to_end(connection: socket.socket) -> bytes:
    """All that comes until the server closes, or drops, the connection."""
    received = b""
    try:
        while piece := connection.recv(1 << 20):
            received += piece
    except ConnectionError:
        pass
    return received


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"X-Long: "])
def test_who_sends_no_request_is_not_waited_for(port: int, sent: bytes) -> None:
    """A connection without a whole request's head is closed, with nothing said."""
    with connected(port, sent) as made:
        assert read_to_end(made) == b""


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"])
def test_a_head_that_drips_is_not_waited_for(port: int, before: bytes) -> None:
    """Bytes of a head that come one by one do not keep a connection open, nor after a first request."""
    with connected(port, before + HEAD) as made, pytest.raises(OSError):
        drip(made)


def drip(connection: socket.socket) -> None:
    for _ in range(600):
        connection.sendall(b"a")
        time.sleep(LOOK_S)


def test_who_takes_no_answer_loses_it(port: int) -> None:
    """An answer that is not read is dropped; it is whole for a client that reads slowly."""
    with connected(port, HEAD + b"\r\n") as stalled, connected(port, HEAD + b"\r\n") as slow:
        received = 0
        for _ in range(3 * connections.MOST_LOOKS):
            received += len(slow.recv(1 << 20))
            time.sleep(LOOK_S)
        assert received + len(read_to_end(slow)) > LARGE
        assert len(read_to_end(stalled)) < LARGE


def test_a_bad_body_is_one_warning(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """A body that is no HTTP is 400, whatever the application does meanwhile, and no traceback."""
    chunked = b"Host: h\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
    with caplog.at_level(logging.WARNING):
        for request in (b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n", b"GET /large HTTP/1.1\r\n"):
            with connected(port, request + chunked) as made:
                said = read_to_end(made)
                assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
                assert all(f"{name}: {value}\r\n".encode() in said for name, value in ALWAYS)
        # The body turns bad while a large answer is on its way.
        with connected(port, b"GET /large HTTP/1.1\r\n" + chunked[: -len(b"ZZ\r\n")]) as made:
            made.recv(1)
            made.sendall(b"ZZ\r\n")
            read_to_end(made)
    assert [one for one in caplog.records if one.levelno > logging.WARNING or one.exc_info] == []


def test_idle_connections_do_not_use_up_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system allows at most is allowed, up to a bound, and never less than there was."""
    made: list[tuple[int, int]] = []
    for soft, hard in ((1024, 524_288), (1024, 4096), (100_000, 524_288), (1024, -1)):
        monkeypatch.setattr("resource.getrlimit", lambda _, found=(soft, hard): found)
        monkeypatch.setattr("resource.setrlimit", lambda _, wanted: made.append(wanted))
        allow_connections()
    assert made == [(16_384, 524_288), (4096, 4096), (16_384, -1)]
