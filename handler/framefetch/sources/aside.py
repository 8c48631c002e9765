"""One request that is sent at the same time as another, from a thread of its own.

The thread only waits for the answer; its body is read, counted and checked by whoever takes it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from framefetch.errors import FramefetchError, RequestTimeout
from framefetch.sources import Changed, Transient

if TYPE_CHECKING:
    from framefetch.budget import Budget
    from framefetch.sources import Reply, StoredObject


class Aside:
    """A request that is under way when this returns.

    Args:
        stored: the object.
        start: first byte, as `StoredObject.get` has it.
        stop: one past the last.
        budget: asked before the request.
        if_match: the ETag that the object must still have.
    """

    def __init__(
        self,
        stored: StoredObject,
        start: int,
        stop: int | None,
        budget: Budget,
        if_match: str | None = None,
    ) -> None:
        self._stored = stored
        self._range = start, stop
        self._budget = budget
        self._if_match = if_match
        self._reply: Reply | None = None
        self._fault: FramefetchError | Changed | Transient | None = None
        self._gone = False
        self._lock = threading.Lock()
        budget.ask()
        self._thread = threading.Thread(target=self._send, name="aside", daemon=True)
        self._thread.start()

    def _send(self) -> None:
        try:
            reply = self._stored.get(*self._range, self._budget, self._if_match)
        except (FramefetchError, Changed, Transient) as fault:
            self._fault = fault
            return
        with self._lock:
            if not self._gone:
                self._reply = reply
                return
        reply.close()

    def take(self) -> Reply:
        """The answer, waited for; whoever takes it closes it.

        Raises:
            The errors of `StoredObject.get`.
        """
        self._thread.join(self._budget.remaining_s)
        if self._fault is not None:
            raise self._fault
        reply = self.give_up()
        if reply is None:
            raise RequestTimeout(detail="an answer asked for aside did not come")
        return reply

    def give_up(self) -> Reply | None:
        """Waits no longer: the answer, if it is there and not taken; one that comes later is dropped."""
        with self._lock:
            reply, self._reply = self._reply, None
            self._gone = True
        return reply

    def drop(self) -> None:
        """Nobody wants the answer any more; safe after `take`."""
        reply = self.give_up()
        if reply is not None:
            reply.close()
