"""What is shared out is never more than there is, comes back whole, and goes to who came first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from framefetch.admission import Allowance
from framefetch.budget import Budget
from framefetch.errors import RequestTimeout


def budget(timeout_s: float = 60) -> Budget:
    return Budget(timeout_s, 1, 1)


@hypothesis_settings(max_examples=30)
@given(st.integers(1, 10), st.lists(st.integers(0, 15), min_size=1, max_size=20))
def test_never_more_than_there_is(whole: int, wanted: list[int]) -> None:
    """Whatever is asked for at the same time, no more is held than there is, and all of it comes back."""
    allowance = Allowance(whole, "x")
    held = 0
    lock = threading.Lock()

    def take(share: int) -> None:
        nonlocal held
        with allowance.hold(share, budget()):
            with lock:
                held += min(share, whole)
                assert held <= whole
            with lock:
                held -= min(share, whole)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(take, wanted))
    with allowance.hold(whole, budget()):
        assert held == 0


def test_first_come_first_served() -> None:
    """Who came first goes first: a small share does not overtake a large one that waits."""
    allowance = Allowance(2, "x")
    order: list[str] = []

    def take(name: str, share: int) -> None:
        with allowance.hold(share, budget()):
            order.append(name)

    with ThreadPoolExecutor(4) as threads, allowance.hold(1, budget()):
        for count, (name, share) in enumerate((("large", 2), ("small", 1), ("smaller", 0)), start=1):
            threads.submit(take, name, share)
            while len(allowance._line) < count:
                threading.Event().wait(0.001)
    assert order[0] == "large"
    assert sorted(order) == ["large", "small", "smaller"]


def test_who_waits_too_long_leaves_the_line() -> None:
    """A wait ends with the request's time, says what to raise, and blocks nobody behind it."""
    allowance = Allowance(1, "memory_mb")
    with allowance.hold(1, budget()):
        with pytest.raises(RequestTimeout) as caught, allowance.hold(1, budget(0.02)):
            pass
        assert "memory_mb" in caught.value.hint
    with allowance.hold(1, budget(0.02)):
        assert not allowance._line


def test_a_fault_gives_back() -> None:
    """What was held when something went wrong is free again."""
    allowance = Allowance(1, "x")
    with pytest.raises(ZeroDivisionError), allowance.hold(1, budget()):
        _ = 1 / 0
    with allowance.hold(1, budget(0.02)):
        pass
