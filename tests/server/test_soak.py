"""A long life and a full house at a small size; `scripts/soak` has them in full."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.soak.__main__ import GROWTH, under_load, warm
from tests.soak.films import make_films

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="not here: memory is read in /proc")


def test_many_requests_leave_nothing(tmp_path: Path) -> None:
    """After hundreds of requests memory and descriptors are as they were, and no file is left."""
    films = len(make_films(tmp_path))
    found = warm(tmp_path, requests=40 * films, first=25 * films)
    assert set(found["statuses"]) == {"200", "400"}
    assert found["growth"] <= GROWTH
    assert found["descriptors_last"] == found["descriptors_first"]
    assert found["written"] == found["left"] == []
    assert found["cache_mb"] > 0


def test_a_full_house(tmp_path: Path) -> None:
    """50 clients that ask again and again all get their own pictures, and nothing else."""
    load, peak_mb = under_load(tmp_path, clients=50, seconds=3)
    assert set(load.statuses) == {200}
    assert load.wrong == []
    assert peak_mb <= 600


def test_a_rush(tmp_path: Path) -> None:
    """200 clients on a queue of 20: pictures for those let in, 429 with Retry-After for the rest."""
    load, peak_mb = under_load(tmp_path, clients=200, seconds=2, queue=20)
    assert set(load.statuses) == {200, 429}
    assert load.wrong == []
    assert peak_mb <= 600
