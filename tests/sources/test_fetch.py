"""What `PinnedObject` promises, over a store that keeps none of its own promises."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from framefetch.budget import Budget
from framefetch.errors import ImageTooLarge, RequestTimeout, SourceBusy, SourceError
from framefetch.sources import Changed
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.retries import MAX_RETRIES, MAX_TRIES, Retries, RetryQuota
from framefetch.trace import Trace
from tests.sources.scripted import FAULTS, LONGEST, VERSIONS, Fault, ScriptedObject, pinned

READS = st.lists(st.tuples(st.integers(0, LONGEST + 50), st.integers(0, LONGEST)), max_size=20)


@hypothesis_settings(max_examples=1500)
@given(
    size=st.integers(0, LONGEST),
    etag=st.sampled_from(['"a"', 'W/"a"', None]),
    piece=st.integers(1, 2000),
    first=st.integers(1, LONGEST + 50),
    reads=READS,
    faults=st.lists(FAULTS, max_size=8),
    suffix=st.booleans(),
)
def test_every_byte_is_right_or_there_is_an_error(
    *,
    size: int,
    etag: str | None,
    piece: int,
    first: int,
    reads: list[tuple[int, int]],
    faults: list[Fault | None],
    suffix: bool,
) -> None:
    """Whatever the store does, a read gives exactly the bytes of the first version, or one of our errors."""
    stored = ScriptedObject(size, etag, piece, list(faults))
    reader, _ = pinned(stored)
    try:
        got = reader.open(-first, None) if suffix else reader.open(0, first)
        # Whatever answered first is what the object is; a total that lies is then what we know.
        whole = VERSIONS[stored.version][: reader.info.size]
        assert got == (whole[-first:] if suffix else whole[:first])
        for start, length in reads:
            assert reader.read(start, start + length, "block") == whole[start : start + length]
    except (Changed, SourceError) as fault:
        event(type(fault).__name__)
        assert faults
    assert reader.trace.received == reader.budget.spent_bytes
    assert reader.trace.requests == reader.budget.spent_requests == len(stored.asked)
    assert reader.budget.retries <= MAX_RETRIES
    assert all(reply.closed for reply in stored.replies)


@hypothesis_settings(max_examples=300)
@given(st.integers(1, LONGEST), READS)
def test_a_good_store_is_asked_once_for_each_byte(size: int, reads: list[tuple[int, int]]) -> None:
    """Without faults each read is one request, for its bytes and no others."""
    stored = ScriptedObject(size)
    reader, slept = pinned(stored)
    reader.open(0, 100)
    due = min(100, size)
    for start, length in reads:
        due += len(reader.read(start, start + length, "block"))
    assert reader.budget.spent_bytes == due
    assert len(stored.asked) == 1 + sum(1 for start, length in reads if start < size and length)
    assert not slept


def test_a_broken_body_goes_on_where_it_broke() -> None:
    """A body that breaks off is asked for again from the byte it reached, pinned to the same ETag."""
    stored = ScriptedObject(1000, faults=[Fault("breaks"), None])
    reader, slept = pinned(stored)
    assert reader.open(0, 1000) == VERSIONS[0][:1000]
    assert stored.asked == [(0, 1000, None), (500, 1000, '"a"')]
    assert slept == [0.05]
    assert reader.budget.retries == 1


def test_bodies_that_never_come_are_given_up() -> None:
    """Answers whose bodies end before their first byte are tried 3 times, and no more."""
    stored = ScriptedObject(1000, faults=[Fault("short", 1000)] * 9)
    reader, _ = pinned(stored)
    with pytest.raises(SourceError):
        reader.open(0, 1000)
    assert len(stored.asked) == MAX_TRIES


def test_shorter_ranges_are_continued() -> None:
    """A store that answers less than was asked for, and says so, is asked for the rest; that is no fault."""
    stored = ScriptedObject(1000, faults=[Fault("partial", 600), Fault("partial", 300)])
    reader, slept = pinned(stored)
    assert reader.open(0, 1000) == VERSIONS[0][:1000]
    assert [start for start, _, _ in stored.asked] == [0, 400, 700]
    assert not slept


def test_excess_is_dropped_and_counted() -> None:
    """Bytes beyond the range go nowhere; they count as received, and the answer is not read on."""
    stored = ScriptedObject(1000, piece=5000, faults=[Fault("excess", 300)])
    reader, _ = pinned(stored)
    assert reader.open(0, 100) == VERSIONS[0][:100]
    assert reader.budget.spent_bytes == 400


@pytest.mark.parametrize("fault", [Fault("moved", 1), Fault("beyond", 1)], ids=lambda fault: fault.kind)
def test_a_wrong_range_is_refused(fault: Fault) -> None:
    """An answer for another range than the one asked for is a SourceError, and none of it is used."""
    stored = ScriptedObject(1000, faults=[None, fault])
    reader, _ = pinned(stored)
    reader.open(0, 10)
    with pytest.raises(SourceError):
        reader.read(100, 1000, "block")
    assert reader.budget.spent_bytes == 10


def test_another_total_under_the_same_etag_is_refused() -> None:
    """A total that changes while the ETag stays is the store's fault, not a new version."""
    stored = ScriptedObject(1000, faults=[None, Fault("total", 5)])
    reader, _ = pinned(stored)
    reader.open(0, 10)
    with pytest.raises(SourceError):
        reader.read(100, 200, "block")


@pytest.mark.parametrize("etag", ['"a"', 'W/"a"', None])
def test_a_store_that_ignores_if_match_is_found_out(etag: str | None) -> None:
    """An answer of another version raises Changed even where the store did not mind If-Match."""
    stored = ScriptedObject(1000, etag, faults=[None, Fault("replaced")])
    reader, _ = pinned(stored)
    reader.open(0, 10)
    with pytest.raises(Changed):
        reader.read(100, 200, "block")


def test_a_weak_etag_is_not_sent() -> None:
    """If-Match carries strong ETags only: a weak one would never match."""
    stored = ScriptedObject(1000, 'W/"a"')
    reader, _ = pinned(stored)
    reader.open(0, 10)
    reader.read(10, 20, "block")
    assert [if_match for _, _, if_match in stored.asked] == [None, None]


def test_a_range_is_tried_three_times() -> None:
    """A fault that does not pass is answered after 3 requests, with growing pauses between them."""
    stored = ScriptedObject(1000, faults=[Fault("refused")] * 9)
    reader, slept = pinned(stored)
    with pytest.raises(SourceError):
        reader.open(0, 10)
    assert len(stored.asked) == MAX_TRIES
    assert slept == [0.05, 0.1]
    assert reader.trace.requests == MAX_TRIES


def test_a_request_retries_six_times() -> None:
    """However many ranges fail once, a request retries 6 times in all."""
    stored = ScriptedObject(1000, faults=[None, *[Fault("refused"), None] * 7])
    reader, _ = pinned(stored)
    reader.open(0, 10)
    for at in range(6):
        reader.read(at * 10, at * 10 + 10, "block")
    with pytest.raises(SourceError):
        reader.read(60, 70, "block")
    assert reader.budget.retries == MAX_RETRIES


def test_an_outage_is_not_multiplied() -> None:
    """A container whose quota is spent retries no more, until requests succeed again."""
    quota = RetryQuota()
    tries = 0
    for _ in range(20):
        stored = ScriptedObject(1000, faults=[Fault("refused")] * 3)
        budget = Budget(60, 1 << 30, 100)
        with pytest.raises(SourceError):
            PinnedObject(stored, budget, Trace(), Retries(budget, quota, sleep=lambda _: None)).open(0, 10)
        tries += len(stored.asked)
    assert tries == 20 + 100 // 5
    for _ in range(5):
        budget = Budget(60, 1 << 30, 100)
        PinnedObject(ScriptedObject(10), budget, Trace(), Retries(budget, quota)).open(0, 10)
    assert quota.take()
    assert not quota.take()


def test_retry_after_is_waited_for_where_it_fits() -> None:
    """Retry-After within the time left is obeyed."""
    stored = ScriptedObject(1000, faults=[Fault("busy", 2)])
    reader, slept = pinned(stored)
    assert reader.open(0, 10) == VERSIONS[0][:10]
    assert slept == [2]


def test_retry_after_beyond_the_time_left_fails_at_once() -> None:
    """Retry-After beyond the time left is passed on with a 503, and nothing is waited for."""
    stored = ScriptedObject(1000, faults=[Fault("busy", 3600)])
    reader, slept = pinned(stored)
    with pytest.raises(SourceBusy) as caught:
        reader.open(0, 10)
    assert caught.value.retry_after_s == 3600
    assert not slept
    assert len(stored.asked) == 1


def test_the_byte_allowance_ends_the_reading() -> None:
    """Bytes above the allowance are an ImageTooLarge."""
    reader, _ = pinned(ScriptedObject(5000), max_bytes=2000)
    with pytest.raises(ImageTooLarge):
        reader.open(0, 5000)
    assert reader.trace.received == reader.budget.spent_bytes <= 2700


def test_the_deadline_ends_the_reading() -> None:
    """When the time is over between two pieces, the reading ends."""
    times = iter([0.0, 0.0, 0.1, 0.1, 0.2, 0.3, 99.0])
    budget = Budget(5.0, 1 << 30, 10, clock=lambda: next(times, 99.0))
    reader = PinnedObject(ScriptedObject(5000), budget, Trace(), Retries(budget, RetryQuota()))
    with pytest.raises(RequestTimeout):
        reader.open(0, 5000)


def test_a_stream_that_is_closed_early_is_noted() -> None:
    """Closing a stream lets go of the answer and notes what was received."""
    stored = ScriptedObject(5000, piece=100)
    reader, _ = pinned(stored)
    reader.open(0, 10)
    stream = reader.stream(0, 5000, "samples")
    assert next(stream) == VERSIONS[0][:100]
    stream.close()
    assert stored.replies[-1].closed
    assert reader.trace.reads[-1].received == 100
    assert reader.trace.reads[-1].purpose == "samples"
    reader.close()
    assert stored.closed
