"""Trying again, for looks, listings and writes, by the rules of `retries.py`; `fetch.py` tries ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from framefetch.errors import RequestError, SourceError
from framefetch.sources import Changed, Transient
from framefetch.sources.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.budget import Budget

_T = TypeVar("_T")


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
