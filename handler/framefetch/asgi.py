"""The door of the local or self-hosted server: ASGI request -> `Call`, `Answer` -> ASGI response.

The path arrives percent-encoded (``raw_path``) and goes on as it is. Only so many requests are let in;
the time that a request may take runs while it waits for its turn.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from framefetch.errors import InvalidRequest, RequestTimeout, TooManyRequests
from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.saving import MOST_BYTES
from framefetch.server.allocator import give_back
from framefetch.server.health import health_answer
from framefetch.server.playground import Playground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from framefetch.http.call import Answer
    from framefetch.snapshot import Service

_RESTS_S = 0.1
"""Between two times that memory is given back: a hundredth of the time at most."""


def application(service: Service, *, local: bool) -> Starlette:
    """An ASGI application over a service.

    Args:
        service: what answers.
        local: whether only this machine can reach the listener.
    """
    door = _Door(service, local=local)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        door.close()

    # A router would answer by itself what no route fits: a name with a line end, an unknown method.
    return Starlette(middleware=[Middleware(_Everything, door=door)], lifespan=lifespan)


class _Everything:
    """Hands every request to the door; what is left are the events of the server's life."""

    def __init__(self, app: ASGIApp, door: _Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response = await self._door.handle(Request(scope, receive))
        await response(scope, receive, send)


class _Door:
    def __init__(self, service: Service, *, local: bool) -> None:
        self._service = service
        self._local = local
        self._playground = Playground(
            service, local=local, is_open=service.settings.playground in ("on", "local" if local else "on")
        )
        self._inside = 0
        self._rested_s = 0.0
        self._room = service.settings.concurrency + service.settings.queue
        # A thread for each: most only wait, for their turn or for an equal request's picture.
        self._threads = ThreadPoolExecutor(self._room, thread_name_prefix="picture")

    async def handle(self, request: Request) -> Response:
        call = _call(request)
        if fault := _fault_of(call):
            response = _response(self._service.refuse(call, fault, Record(self._service.budget())))
            # Where this request ends, others may see in another place.
            response.raw_headers.append((b"connection", b"close"))
            return response
        if call.method == "POST":
            try:
                # Longer bodies are refused by their first bytes; a slow one may take as long as a request.
                async with asyncio.timeout(self._service.settings.timeout_s):
                    call = replace(call, body=await _body(request))
            except (TimeoutError, ClientDisconnect):
                return _response(self._service.refuse(call, RequestTimeout(), Record(self._service.budget())))
        if call.path == "/healthz" and not call.query:
            return _response(health_answer(detailed=self._local))
        record = Record(self._service.budget())
        # A proxy may name this machine to us for everybody's requests; some speak 1.0 then, no browser does.
        is_its = self._playground.takes(call) and request.scope["http_version"] != "1.0"
        answer = self._playground.answer if is_its else self._service.answer
        if self._inside >= self._room:
            error = TooManyRequests(hint="Ask again in a second.")
            return _response(self._service.refuse(call, error, record))
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return _response(await loop.run_in_executor(self._threads, answer, call, record))
        finally:
            self._inside -= 1
            self._rest()

    def _rest(self) -> None:
        """Uses the time in which nobody asks for anything."""
        now_s = asyncio.get_running_loop().time()
        if not self._inside and now_s - self._rested_s >= _RESTS_S:
            self._rested_s = now_s
            with suppress(RuntimeError):
                # Unless the server is at its end, and takes no more.
                self._threads.submit(give_back)

    def close(self) -> None:
        self._threads.shutdown(wait=True)


def _call(request: Request) -> Call:
    target = _text(request.scope["raw_path"])
    headers = tuple((_text(name), _text(value)) for name, value in request.headers.raw)
    if whole := re.match(r"https?://([^/@]+)(?=/|$)", target, re.IGNORECASE):
        # A client may send a whole URL, whose host then counts (RFC 9112 §3.2.2).
        target = target[whole.end() :] or "/"
        headers = (("host", whole[1]), *(one for one in headers if one[0] != "host"))
    return Call(request.method, target, _text(request.scope["query_string"]), headers)


def _fault_of(call: Call) -> InvalidRequest | None:
    """What is wrong with a request before anything is asked: its target, or where its body ends."""
    if not call.path.startswith("/") and call.method != "OPTIONS":
        return InvalidRequest("The target of the request is neither a path nor a URL.")
    if call.header("transfer-encoding") is not None and call.header("content-length") is not None:
        return InvalidRequest("Of Transfer-Encoding and Content-Length a request has one.")
    return None


async def _body(request: Request) -> bytes:
    """The request's body, or its beginning where it is longer than any that is served."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            break
    return body


def _text(raw: bytes) -> str:
    """Bytes of the wire as text; some clients send Unicode as it is, and all of it can be signed."""
    return raw.decode("utf-8", "surrogateescape")


def _response(answer: Answer) -> Response:
    response = Response(answer.body, status_code=answer.status)
    # Starlette adds a Content-Length of its own, which on a HEAD would be a wrong one.
    response.raw_headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
    ]
    return response
