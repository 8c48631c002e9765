"""One request through obstore, in a thread that is left behind when the time is over.

obstore knows no deadline that differs from request to request. In: what sends the request. Out: its result,
then its body in pieces, as they arrive. The thread reads no more than a little ahead of whoever takes the
pieces: the rest of a body waits in the network.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from framefetch.errors import RequestTimeout
from framefetch.sources.cloud_errors import as_ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.budget import Budget

AHEAD_BYTES = 1 << 20
"""What may wait in memory, and one piece more: a connection stays busy while pictures are decoded."""


class Transfer:
    """First the request's result, then its body in pieces, then None.

    Args:
        ask: sends the request, and returns obstore's `GetResult`, or what it knows of an object.
    """

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._came: deque[Any] = deque()
        self._waiting_bytes = 0
        self._dropped = False
        self._moved = threading.Condition()
        threading.Thread(target=self._run, name="framefetch-get", daemon=True).start()

    def next(self, budget: Budget) -> Any:  # noqa: ANN401 - the result, then bytes, then None
        """What comes next.

        Raises:
            RequestTimeout: nothing came while there was time.
            FramefetchError: what `as_ours` makes of a fault; and `Changed`, and `Transient`.
        """
        with self._moved:
            if not self._moved.wait_for(lambda: self._came, timeout=budget.remaining_s):
                self._dropped = True
                raise RequestTimeout(detail="the store was silent until the deadline")
            came = self._came.popleft()
            if isinstance(came, bytes):
                self._waiting_bytes -= len(came)
                self._moved.notify()
        if isinstance(came, BaseException):
            raise as_ours(came) from came
        return came

    def drop(self) -> None:
        """Nobody wants the rest; safe to call twice. The connection of a body that was not read is closed."""
        with self._moved:
            self._dropped = True
            self._moved.notify()

    def _run(self) -> None:
        try:
            result = self._ask()
            if not self._give(result) or isinstance(result, dict):
                return
            # Pieces as small as they come: what was put together before a fault would be lost with it.
            for piece in result.stream(min_chunk_size=1):
                if not self._give(bytes(piece)):
                    return
            self._give(None)
        except BaseException as fault:  # noqa: BLE001 - a panic of the client is one as well
            self._give(fault)

    def _give(self, came: Any) -> bool:  # noqa: ANN401 - see `next`
        """Hands on what came, when there is room for it; False when nobody wants it."""
        with self._moved:
            self._moved.wait_for(lambda: self._dropped or self._waiting_bytes < AHEAD_BYTES)
            if isinstance(came, bytes):
                self._waiting_bytes += len(came)
            self._came.append(came)
            self._moved.notify()
            return not self._dropped
