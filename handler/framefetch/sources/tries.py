"""Trying again, for looks, listings and writes. Ranges of a film are `fetch.py`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from framefetch.budget import sleep_s
from framefetch.errors import SourceError
from framefetch.sources import Changed, Transient
from framefetch.sources.retries import FIRST_DELAY_S, MAX_TRIES, SHARED_QUOTA

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.budget import Budget

_T = TypeVar("_T")


def patiently(ask: Callable[[], _T], budget: Budget, sleep: Callable[[float], None] = sleep_s) -> _T:
    """What one request gives, after a few tries if need be.

    Args:
        ask: sends the request; may be called again after it raised `Transient`.
        budget: counts the requests, and ends the waiting.
        sleep: how a retry waits.

    Raises:
        FramefetchError: what the last try said.
    """
    for failed in range(1, MAX_TRIES + 1):
        budget.ask()
        try:
            return ask()
        except Changed as fault:
            raise SourceError(detail="a precondition failed that was not asked for") from fault
        except Transient as fault:
            delay_s = max(FIRST_DELAY_S * 2**failed, fault.retry_after_s or 0)
            if failed == MAX_TRIES or delay_s > budget.remaining_s or not SHARED_QUOTA.take():
                raise fault.as_error from fault
            budget.retries += 1
            sleep(delay_s)
    raise AssertionError  # pragma: no cover - the last try returns or raises
