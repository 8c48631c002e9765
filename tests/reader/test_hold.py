"""Ranges that are asked for ahead: every byte right, each gap one request, none fetched twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.reader.ramp import RAMP, Ramp

SIZE = 50_000


@given(
    head=st.integers(1, 5000),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, SIZE + 500), st.integers(0, 9000)), max_size=12),
)
def test_held_ranges_are_right_and_stay(head: int, steps: list[tuple[bool, int, int]]) -> None:
    """Between reads and seeks, a held range has the object's bytes, and fetches just what is not kept."""
    ramp = Ramp(SIZE, head, 1000, 1 << 20)
    for is_read, at, length in steps:
        kept = ramp.kept
        asked = len(ramp.stored.asked)
        if is_read:
            ramp.reader.seek(at)
            got = ramp.reader.read(length)
            assert got == RAMP[at : at + len(got)][: max(0, SIZE - at)]
            continue
        position = ramp.reader.tell()
        assert ramp.reader.hold(at, at + length) == RAMP[at : max(at, min(at + length, SIZE))]
        assert ramp.reader.tell() == position
        for start, stop in ramp.stored.asked[asked:]:
            assert at <= start < stop <= min(at + length, SIZE)
            assert all(stop <= first or end <= start for first, end in kept)


def test_a_held_range_is_read_without_a_request() -> None:
    """What was asked for ahead is there when FFmpeg comes for it."""
    ramp = Ramp(SIZE, 100, 1000, 1 << 20)
    ramp.reader.hold(20_000, 30_000)
    asked = len(ramp.stored.asked)
    ramp.reader.seek(20_000)
    assert b"".join(ramp.reader.read(700) for _ in range(15))[:10_000] == RAMP[20_000:30_000]
    assert len(ramp.stored.asked) == asked
