"""The reader over a store that fails: what FFmpeg gets is right, or the reading has ended."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from framefetch.budget import Budget
from framefetch.errors import SourceError
from framefetch.ffmpeg.reader import RangeReader
from framefetch.sources import Changed
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.retries import MAX_RETRIES, Retries, RetryQuota
from framefetch.trace import Trace
from tests.sources.scripted import FAULTS, LONGEST, VERSIONS, Fault, ScriptedObject

Step = tuple[str, int, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, LONGEST), st.just(0)),
        st.tuples(st.just("seek"), st.integers(-LONGEST, LONGEST + 100), st.integers(0, 2)),
        st.tuples(st.just("hold"), st.integers(0, LONGEST), st.integers(0, 2000)),
    ),
    max_size=20,
)
POLICIES = [(block, keep) for block in (16, 700, 4096) for keep in (1, 1500, 1 << 20)]
"""Sizes of blocks, and how much is kept: next to nothing, some of the object, all of it."""


@pytest.mark.parametrize(("block_bytes", "keep_bytes"), POLICIES)
@hypothesis_settings(max_examples=1120)
@given(
    size=st.integers(1, LONGEST),
    etag=st.sampled_from(['"a"', 'W/"a"', None]),
    piece=st.integers(50, 2000),
    head=st.integers(1, 1000),
    steps=STEPS,
    faults=st.lists(FAULTS, max_size=3),
)
def test_any_reads_of_a_failing_store(
    *,
    block_bytes: int,
    keep_bytes: int,
    size: int,
    etag: str | None,
    piece: int,
    head: int,
    steps: list[Step],
    faults: list[Fault | None],
) -> None:
    """Every byte is right, none too many, none fetched while it is kept; the first fault is the last word."""
    stored = ScriptedObject(size, etag, piece, [None, *faults])
    budget = Budget(3600, 1 << 30, 1 << 20)
    pinned = PinnedObject(stored, budget, Trace(), Retries(budget, RetryQuota(), sleep=lambda _: None))
    reader = RangeReader(pinned, pinned.open(0, head), block_bytes=block_bytes, keep_bytes=keep_bytes)
    try:
        for step in steps:
            take(step, reader, stored)
    except (Changed, SourceError) as fault:
        event(type(fault).__name__)
        assert faults
    assert budget.retries <= min(MAX_RETRIES, len(faults))
    assert all(reply.closed for reply in stored.replies)


def take(step: Step, reader: RangeReader, stored: ScriptedObject) -> None:
    """One step, held against the object."""
    what, first, second = step
    whole = VERSIONS[0][: stored.size]
    at = reader.tell()
    if what == "seek":
        target = (0, at, len(whole))[second] + first
        if target >= 0:
            assert reader.seek(first, second) == target
        return
    kept = [(start, start + len(block)) for start, block in reader._blocks.items()]
    asked = len(stored.asked)
    try:
        if what == "hold":
            assert reader.hold(first, first + second) == whole[first : first + second]
            assert reader.tell() == at
        else:
            got = reader.read(first)
            wanted = whole[at:] if first < 0 else whole[at : at + first]
            assert got == wanted[: len(got)]
            assert len(got) <= len(wanted)
            assert bool(got) is bool(wanted)
            assert reader.tell() == at + len(got)
    except (Changed, SourceError):
        if what == "read":
            sent = len(stored.asked)
            assert [reader.read(10) for _ in range(2)] == [b"", b""]
            assert len(stored.asked) == sent
        raise
    finally:
        # To hold a range may push out what was kept of it, where next to nothing is kept.
        if what == "read" or reader._keep_bytes > LONGEST:
            for start, stop, _ in stored.asked[asked:]:
                assert stop is not None
                assert all(stop <= a or b <= start for a, b in kept)
