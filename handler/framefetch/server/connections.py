"""One connection of the server: uvicorn's, which by itself would wait for its client for ever.

A client has to send the head of its request, and to take the answer, in a bounded time: whoever opens
connections and says nothing, or reads nothing, holds a descriptor and an answer's memory no longer than
that. How long an answer may be in the making is not decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from framefetch.http.answers import ALWAYS

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

LOOK_S = 5.0
"""Between two looks at a connection."""
MOST_LOOKS = 3
"""In a row at which nothing had moved; then it is closed."""
LEAST_BYTES = 16 << 10
"""Of an answer, that its client has to take from one look to the next."""


class BoundedConnection(H11Protocol):
    """A connection that is closed when its client does nothing on it."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as the base class has them
        super().__init__(*given, **named)
        self._looking: asyncio.TimerHandle | None = None
        self._looks = 0
        self._left = 0
        self._seen: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to look."""
        super().connection_made(transport)
        self._looking = self.loop.call_later(LOOK_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends it."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP; the answer in the making, if there is one, is not sent any more."""
        if (cycle := self._cycle()) is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            given = (("Content-Type", "text/plain"), ("Cache-Control", "no-store"), ("Connection", "close"))
            head = h11.Response(status_code=400, headers=[*ALWAYS, *given], reason=b"Bad Request")
            for event in (head, h11.Data(data=msg.encode()), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _cycle(self) -> RequestResponseCycle | None:
        """The last request and its answer; None before the first, which the base class's types do not say."""
        return self.cycle

    def _look(self) -> None:
        cycle, left = self._cycle(), self.transport.get_write_buffer_size()
        if left:
            has_moved = left <= self._left - LEAST_BYTES
        else:
            has_moved = cycle is not None and not cycle.response_complete
        has_moved = has_moved or cycle is not self._seen
        self._looks = 0 if has_moved else self._looks + 1
        self._left, self._seen = left, cycle
        if self._looks >= MOST_LOOKS:
            self.transport.abort()
        else:
            self._looking = self.loop.call_later(LOOK_S, self._look)
