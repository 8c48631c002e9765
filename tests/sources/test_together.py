"""Several ranges in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framefetch.errors import ImageTooLarge
from framefetch.sources import Changed
from tests.sources.scripted import VERSIONS, Fault, ScriptedObject, pinned

if TYPE_CHECKING:
    from framefetch.sources.fetch import PinnedObject

RANGES = ((2000, 3000), (100, 900), (4000, 4500))


def read(one: PinnedObject) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for at, piece in one.together(RANGES, "index"):
        start = max(start for start, _ in RANGES if start <= at)
        assert at == start + len(found.get(start, b""))
        found[start] = found.get(start, b"") + piece
    return found


@pytest.mark.parametrize("kind", ["none", "busy", "refused", "short", "breaks", "partial", "excess"])
def test_each_range_comes_whole(kind: str) -> None:
    """Whatever passing fault an answer has, all bytes of all ranges come, each with its place."""
    stored = ScriptedObject(5000, faults=[None, *(Fault(kind, 3 if kind != "busy" else 0) for _ in range(2))])
    one, _ = pinned(stored)
    one.open(0, 10)
    assert read(one) == {start: VERSIONS[0][start:stop] for start, stop in RANGES}
    assert all(reply.closed for reply in stored.replies)
    assert len(one.trace.reads) >= 1 + len(RANGES)
    assert one.trace.requests == one.budget.spent_requests


def test_ranges_of_two_versions_are_never_mixed() -> None:
    """When the object changes, reading ranges together ends as reading one does."""
    stored = ScriptedObject(5000)
    one, _ = pinned(stored)
    one.open(0, 10)
    stored.version = 1
    with pytest.raises(Changed):
        read(one)


def test_what_is_left_is_let_go() -> None:
    """When the reading ends early, answers that nobody took are closed as well."""
    stored = ScriptedObject(5000)
    one, _ = pinned(stored, max_bytes=500)
    one.open(0, 10)
    with pytest.raises(ImageTooLarge):
        read(one)
    one.close()
    asked = len(stored.asked)
    assert asked == 1 + len(RANGES)
