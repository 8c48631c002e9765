"""The door of the local or self-hosted server: ASGI request -> `Call`, `Answer` -> ASGI response.

The path arrives percent-encoded (``raw_path``) and goes on as it is. Requests wait here, bounded in
number, for one of the threads that make pictures; the time that a request may take runs meanwhile.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from framefetch.call import Call
from framefetch.errors import TooManyRequests
from framefetch.health import health_answer
from framefetch.observe import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from framefetch.call import Answer
    from framefetch.snapshot import Service

_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
"""All of them reach the service, so that a refusal looks like OSS's."""


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

    routes = [Route("/{path:path}", door.handle, methods=_METHODS)]
    return Starlette(routes=routes, lifespan=lifespan)


class _Door:
    def __init__(self, service: Service, *, local: bool) -> None:
        self._service = service
        self._local = local
        self._inside = 0
        self._room = service.settings.concurrency + service.settings.queue
        self._threads = ThreadPoolExecutor(service.settings.concurrency, thread_name_prefix="picture")

    async def handle(self, request: Request) -> Response:
        call = _call(request)
        if call.path == "/healthz" and not call.query:
            return _response(health_answer(detailed=self._local))
        record = Record(self._service.budget())
        if self._inside >= self._room:
            error = TooManyRequests(hint="Ask again in a second.")
            return _response(self._service.refuse(call, error, record))
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return _response(await loop.run_in_executor(self._threads, self._service.answer, call, record))
        finally:
            self._inside -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=True)


def _call(request: Request) -> Call:
    return Call(
        method=request.method,
        path=_text(request.scope["raw_path"]),
        query=_text(request.scope["query_string"]),
        headers=tuple((_text(name), _text(value)) for name, value in request.headers.raw),
    )


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
