"""What one request may spend: time, bytes, requests to the source. The only reader of the clock.

A `Budget` is made when the request arrives and travels with it. Whoever is about to wait asks
`remaining_s`; whoever works in a loop calls `check`; whoever receives bytes calls `spend`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framefetch.errors import ImageTooLarge, RequestTimeout

if TYPE_CHECKING:
    from collections.abc import Callable


def now_unix() -> float:
    """The wall clock, in seconds since 1970."""
    return time.time()


def monotonic_s() -> float:
    """A clock that never goes back, in seconds."""
    return time.monotonic()


def sleep_s(duration: float) -> None:
    """Waits; the one place where the service ever sleeps (between two tries of a store)."""
    time.sleep(duration)


@dataclass(slots=True)
class Budget:
    """The allowance of one request.

    Args:
        timeout_s: seconds from now until the request must have been answered.
        max_bytes: bytes that may be received from the source.
        max_requests: requests that may be sent to the source, retries included.
    """

    timeout_s: float
    max_bytes: int
    max_requests: int
    clock: Callable[[], float] = monotonic_s
    spent_bytes: int = 0
    spent_requests: int = 0
    retries: int = 0
    started_s: float = field(init=False)

    def __post_init__(self) -> None:
        """The time starts to run here."""
        self.started_s = self.clock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the request arrived."""
        return self.clock() - self.started_s

    @property
    def remaining_s(self) -> float:
        """Seconds left, 0 when the time is over."""
        return max(0.0, self.timeout_s - self.elapsed_s)

    def check(self) -> None:
        """Raises `RequestTimeout` when the time is over."""
        if self.remaining_s <= 0:
            raise RequestTimeout(
                hint="Try m_fast, which decodes one picture only.",
                detail=f"deadline of {self.timeout_s:g} s passed",
            )

    def ask(self) -> None:
        """Counts one request that is about to be sent to the source."""
        self.check()
        if self.spent_requests >= self.max_requests:
            raise ImageTooLarge(
                "The video needs more requests to its store than one picture may cost.",
                hint="Remux it with its index at the front, or ask for an earlier picture.",
                detail=f"max_requests={self.max_requests}",
            )
        self.spent_requests += 1

    def spend(self, count: int) -> None:
        """Counts bytes that were received from the source.

        Raises:
            ImageTooLarge: more than `max_bytes` in all.
        """
        self.spent_bytes += count
        if self.spent_bytes > self.max_bytes:
            raise ImageTooLarge(
                "The video needs more bytes than one picture may cost.",
                hint="Remux it with its index at the front, or with keyframes closer together.",
                detail=f"max_bytes={self.max_bytes}",
            )
