"""When a request is tried again: the bounds, the waiting, and the quota that all requests of a process share.

In: a fault that may pass, and how often it was tried. Out: nothing, after a while, or the fault's own error.
"""

from __future__ import annotations

import math
import random
import threading
from dataclasses import field
from typing import TYPE_CHECKING, TypeVar

from framefetch.budget import sleep_s
from framefetch.errors import RequestError, SourceBusy, SourceError
from framefetch.sources import Changed, Transient
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.budget import Budget

_T = TypeVar("_T")
MAX_TRIES = 3
"""Requests for one range that may fail, the first included."""
MAX_RETRIES = 6
"""Retries of one request of a caller, over all its ranges."""
FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 0.5


@dataclass()
class RetryQuota:
    """What all requests of a container may spend on retries, so that an outage is not multiplied.

    A retry costs 5 tokens, which come back when it succeeds; a request that needs none earns 1.
    """

    capacity: int = 100
    cost: int = 5
    tokens: int = field(init=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Starts full."""
        self.tokens = self.capacity

    def take(self) -> bool:
        """Pays for one retry; False when the quota does not have it."""
        with self._lock:
            if self.tokens < self.cost:
                return False
            self.tokens -= self.cost
            return True

    def earn(self, *, retried: bool) -> None:
        """Notes a request that succeeded."""
        with self._lock:
            self.tokens = min(self.capacity, self.tokens + (self.cost if retried else 1))


SHARED_QUOTA = RetryQuota()
"""The quota of this process."""


@dataclass(slots=True)
class Retries:
    """The retries of one request of a caller.

    Args:
        budget: has the deadline, and counts the retries.
        quota: pays for them.
        draw: a random number from 0 to 1, for the jitter.
        sleep: how a retry waits.
    """

    budget: Budget
    quota: RetryQuota = field(default_factory=lambda: SHARED_QUOTA)
    draw: Callable[[], float] = random.random
    sleep: Callable[[float], None] = sleep_s

    def succeeded(self, failed: int) -> None:
        """Notes a request that was answered after so many faults."""
        self.quota.earn(retried=failed > 0)

    def wait(self, fault: Transient, failed: int) -> None:
        """Waits until the next try, or raises the fault's own error when there is to be none."""
        delay_s = self.draw() * min(FIRST_DELAY_S * 2 ** (failed - 1), LONGEST_DELAY_S)
        if fault.retry_after_s is not None:
            delay_s = max(delay_s, fault.retry_after_s)
            if delay_s >= self.budget.remaining_s:
                raise SourceBusy(
                    detail=str(fault), retry_after_s=math.ceil(fault.retry_after_s)
                ) from fault.as_error
        allowed = (
            failed < MAX_TRIES
            and self.budget.retries < MAX_RETRIES
            and delay_s < self.budget.remaining_s
            and self.quota.take()
        )
        if not allowed:
            self.budget.check()
            raise fault.as_error from fault
        self.budget.retries += 1
        self.sleep(delay_s)


def patiently(ask: Callable[[], _T], budget: Budget, retries: Retries | None = None) -> _T:
    """What one request gives, after a few tries if need be.

    Args:
        ask: sends the request; may be called again after it raised `Transient`.
        budget: counts the requests, and ends the waiting.
        retries: wait between tries and pay for them; without it, the quota of the process pays.

    Raises:
        FramefetchError: what the last try said.
    """
    retries = retries or Retries(budget)
    failed = 0
    while True:
        budget.ask()
        try:
            given = ask()
        except Changed as fault:
            raise SourceError(detail="a precondition failed that was not asked for") from fault
        except Transient as fault:
            failed += 1
            retries.wait(fault, failed)
        except RequestError:
            # That there is no such object is an answer, too.
            retries.succeeded(failed)
            raise
        else:
            retries.succeeded(failed)
            return given
