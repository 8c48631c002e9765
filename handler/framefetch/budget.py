"""What one request may spend: time, bytes, requests to the source. The only reader of the clock.

A `Budget` is made when the request arrives and travels with it. Whoever is about to wait asks
`remaining_s`; whoever works in a loop calls `check`; whoever receives bytes calls `spend`.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from framefetch.errors import ImageTooLarge, RequestTimeout
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_JUDGED_AFTER_S = 0.5
"""A decoder's speed is not known before: its first pictures take longer than those that follow."""
_HOPELESS = 3
"""How wrong that speed may be: there may be harder pictures at first, or other requests."""


def now_unix() -> float:
    """The wall clock, in seconds since 1970."""
    return time.time()


def monotonic_s() -> float:
    """A clock that never goes back, in seconds."""
    return time.monotonic()


def thread_cpu_s() -> float:
    """Time that the processor has worked for this thread, in seconds: a busy machine does not add to it."""
    return time.thread_time()


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
        max_search_s: seconds that the processor may work for FFmpeg to find its way through the film;
            neither fetching bytes nor decoding pictures counts.
        max_steps: boxes, elements and packets of the film that may be looked at.
    """

    timeout_s: float
    max_bytes: int
    max_requests: int
    max_steps: int = 50_000
    max_search_s: float = 0.75
    clock: Callable[[], float] = monotonic_s
    spent_bytes: int = 0
    spent_requests: int = 0
    spent_search_s: float = 0.0
    spent_decode_s: float = 0.0
    spent_steps: int = 0
    retries: int = 0
    started_s: float = field(init=False)
    _searching_since_s: float | None = None

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
                hint="Ask for smaller or fewer pictures, or for one with video/snapshot,m_fast.",
                detail=f"deadline of {self.timeout_s:g} s passed",
            )

    @property
    def steps_left(self) -> int:
        """How many more parts of the film may be looked at."""
        return max(0, self.max_steps - self.spent_steps)

    def step(self, count: int = 1) -> None:
        """Counts parts of the film that were looked at: they cost time, however small they are.

        Raises:
            RequestTimeout: the time is over.
            ImageTooLarge: more than `max_steps` in all.
        """
        self.check()
        self.spent_steps += count
        if self.spent_steps > self.max_steps:
            raise ImageTooLarge(
                "The video has more parts than one picture may cost.",
                hint="Remux it with keyframes closer together, or ask for an earlier picture.",
                detail=f"max_steps={self.max_steps}",
            )

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Counts the time that a decoder takes."""
        began_s = self.elapsed_s
        try:
            yield
        finally:
            self.spent_decode_s += self.elapsed_s - began_s

    def pace(self, total: int) -> Pace:
        """How a run of samples gets on that is about to be decoded.

        Args:
            total: samples of the run.
        """
        return Pace(self, total, self.spent_decode_s)

    @contextmanager
    def searching(self) -> Iterator[None]:
        """Counts the processor's time as that of a search."""
        self._searching_since_s = thread_cpu_s()
        try:
            yield
        finally:
            self._count_search()

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """An interruption of a search by what does not count as one: FFmpeg asks for bytes.

        Raises:
            RequestTimeout: the time is over.
            ImageTooLarge: the search has taken more than `max_search_s`.
        """
        self.check()
        is_search = self._searching_since_s is not None
        self._count_search()
        if self.spent_search_s > self.max_search_s:
            raise ImageTooLarge(
                "The video takes longer to be searched than one picture may cost.",
                hint="Remux it: its parts are many and hold next to nothing.",
                detail=f"max_search_s={self.max_search_s:g}",
            )
        yield
        self._searching_since_s = thread_cpu_s() if is_search else None

    def _count_search(self) -> None:
        if self._searching_since_s is not None:
            self.spent_search_s += thread_cpu_s() - self._searching_since_s
        self._searching_since_s = None

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


@dataclass(slots=True, eq=False)
class Pace:
    """How fast the samples of one run are decoded; made by `Budget.pace`."""

    budget: Budget
    total: int
    begun_s: float

    def check(self, done: int) -> None:
        """Gives up early on what cannot be done in time, for it would take the time from others.

        Args:
            done: samples of the run that were decoded.

        Raises:
            ImageTooLarge: at the speed until now, the run takes `_HOPELESS` times what a request has.
            RequestTimeout: it takes `_HOPELESS` times what this one has left.
        """
        spent_s = self.budget.spent_decode_s - self.begun_s
        if spent_s < _JUDGED_AFTER_S:
            return
        left = self.total - done
        left_s = spent_s / max(done, 1) * left
        if spent_s + left_s > _HOPELESS * self.budget.timeout_s:
            raise ImageTooLarge(
                f"The picture takes {left_s:.0f} s more to be decoded: {left} others come before it.",
                hint="Ask for video/snapshot,m_fast, or encode the video with keyframes closer together.",
                detail=f"timeout_s={self.budget.timeout_s:g}",
            )
        if left_s > _HOPELESS * self.budget.remaining_s:
            raise RequestTimeout(detail=f"{left_s:.1f} s more of decoding")
