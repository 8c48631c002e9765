"""Looks, listings and writes are tried again by the rules that hold for ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framefetch.budget import Budget
from framefetch.errors import NoSuchKey, SourceBusy, SourceError
from framefetch.sources import Transient
from framefetch.sources.retries import FIRST_DELAY_S, MAX_TRIES, Retries, RetryQuota, patiently

if TYPE_CHECKING:
    from collections.abc import Callable

FAILS = Transient(SourceError())


def scripted(*answers: Exception | str) -> Callable[[], str]:
    """A request that is answered so, one time after the other."""
    left = list(answers)

    def ask() -> str:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def by(quota: RetryQuota, slept: list[float] | None = None, timeout_s: float = 60) -> tuple[Budget, Retries]:
    budget = Budget(timeout_s, 1 << 30, 1000)
    waits: list[float] = [] if slept is None else slept
    return budget, Retries(budget, quota, draw=lambda: 0.5, sleep=waits.append)


def test_a_long_run_keeps_its_retries() -> None:
    """A retry that helped is paid back: each of a hundred looks may fail once, and the quota is as before."""
    quota = RetryQuota()
    for answer in ("here", NoSuchKey()):
        for _ in range(100):
            budget, retries = by(quota)
            ask = scripted(FAILS, answer)
            if isinstance(answer, Exception):
                with pytest.raises(NoSuchKey):
                    patiently(ask, budget, retries)
            else:
                assert patiently(ask, budget, retries) == answer
            assert (budget.retries, budget.spent_requests) == (1, 2)
    assert quota.tokens == quota.capacity


def test_an_outage_is_not_multiplied() -> None:
    """A store that is down costs a process few retries; what it answers afterwards earns them again."""
    quota = RetryQuota()
    tries = 0
    for _ in range(30):
        budget, retries = by(quota)
        with pytest.raises(SourceError):
            patiently(scripted(*[FAILS] * MAX_TRIES), budget, retries)
        tries += budget.spent_requests
    assert tries == 30 + quota.capacity // quota.cost
    for _ in range(quota.cost):
        budget, retries = by(quota)
        patiently(scripted("here"), budget, retries)
    assert quota.take()
    assert not quota.take()


def test_waits_have_a_jitter() -> None:
    """The waiting is a random part of what doubles with each try: many who failed together come apart."""
    slept: list[float] = []
    budget, retries = by(RetryQuota(), slept)
    assert patiently(scripted(FAILS, FAILS, "here"), budget, retries) == "here"
    assert slept == [FIRST_DELAY_S / 2, FIRST_DELAY_S]


def test_what_a_store_asks_for_is_kept_to() -> None:
    """Retry-After is waited for where it fits into the time left, and passed on where it does not."""
    slept: list[float] = []
    budget, retries = by(RetryQuota(), slept)
    assert patiently(scripted(Transient(SourceBusy(), 7), "here"), budget, retries) == "here"
    assert slept == [7]
    budget, retries = by(RetryQuota(), slept, timeout_s=5)
    with pytest.raises(SourceBusy) as caught:
        patiently(scripted(Transient(SourceBusy(), 7), "here"), budget, retries)
    assert caught.value.retry_after_s == 7
    assert slept == [7]
