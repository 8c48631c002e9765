"""The reader under FFmpeg: every byte right, never one too many, none fetched twice while it is kept."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.errors import ImageTooLarge, RequestTimeout
from framefetch.ffmpeg.reader import MAX_BLOCK_BYTES, read_ahead
from tests.reader.ramp import MAX_BYTES, RAMP, Ramp

SEEDS = range(10)
CASES_A_SEED = 300


@dataclass
class Checked:
    """A reader and what a file of the same bytes would do; every step is held against both."""

    ramp: Ramp
    position: int = 0
    steps: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.ramp.stored.size

    def seek(self, offset: int, whence: int) -> None:
        """A seek moves as in a file, refuses what is before the start, and sends nothing."""
        self.steps.append(("seek", offset, whence))
        requests = len(self.ramp.stored.asked)
        target = (0, self.position, self.size)[whence] + offset
        if target < 0:
            with pytest.raises(ValueError, match="seek"):
                self.ramp.reader.seek(offset, whence)
        else:
            assert self.ramp.reader.seek(offset, whence) == target
            self.position = target
        assert self.ramp.reader.tell() == self.position
        assert len(self.ramp.stored.asked) == requests

    def read(self, count: int) -> bytes:
        """A read gives the right bytes, at most as many as asked, and at least one where there are any."""
        self.steps.append(("read", count, 0))
        kept, requests = self.ramp.kept, len(self.ramp.stored.asked)
        got = self.ramp.reader.read(count)
        assert type(got) is bytes, self.steps
        assert got == RAMP[self.position : self.position + len(got)], self.steps
        left = max(0, self.size - self.position)
        wanted = left if count < 0 else min(count, left)
        assert len(got) <= wanted, self.steps
        assert bool(got) is bool(wanted), self.steps
        fetched = self.ramp.stored.asked[requests:]
        assert len(fetched) <= 1, self.steps
        for start, stop in fetched:
            # Only where nothing was kept, and not past the end.
            assert start == self.position
            assert start < stop <= self.size
            assert all(stop <= a or b <= start for a, b in kept), (self.steps, kept)
        self.position += len(got)
        assert self.ramp.reader.tell() == self.position
        return got

    def assert_bounded(self) -> None:
        """No more is kept than allowed, but for one single block; no byte is kept twice."""
        kept = sorted(self.ramp.kept)
        total = sum(b - a for a, b in kept)
        assert total == self.ramp.reader._kept_bytes
        assert total <= self.ramp.reader._keep_bytes or len(kept) == 1, self.steps
        assert all(one[1] <= other[0] for one, other in pairwise(kept)), kept


def play(chance: random.Random) -> None:
    """One random object, read and sought in at random."""
    # Mostly small, so that edges meet; sometimes as large as a film's index.
    size = chance.choice((0, 1, chance.randrange(300), chance.randrange(20_000)))
    if chance.random() < 0.02:
        size = chance.randrange(MAX_BYTES)
    block_bytes = chance.choice((1, 16, 100, 4096)) if size < 20_000 else chance.choice((4096, 262_144))
    keep_bytes = chance.choice((1, 200, 5000, 1 << 20, 32 << 20))
    checked = Checked(Ramp(size, chance.choice((1, 64, 1024)), block_bytes, keep_bytes))
    for _ in range(chance.randrange(1, 20)):
        if chance.random() < 0.4:
            whence = chance.randrange(3)
            reach = size + 10
            offset = chance.choice((0, -1, chance.randrange(-reach, reach), -chance.randrange(reach)))
            checked.seek(offset, whence)
        else:
            count = chance.choice((0, 1, chance.randrange(64), chance.randrange(size + 10), -1))
            if block_bytes == 1 and size > 300:
                count = max(count, 30)
            checked.read(count)
        checked.assert_bounded()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_reads(seed: int) -> None:
    """300 random objects a seed: every read and seek as in a file, and no byte fetched while it is kept."""
    chance = random.Random(seed)
    for _ in range(CASES_A_SEED):
        play(chance)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 400), st.just(0)),
        st.tuples(st.just("seek"), st.integers(-400, 400), st.integers(0, 2)),
    ),
    max_size=20,
)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(1, 100), st.integers(1, 300), STEPS)
def test_any_reads(
    size: int, head: int, block_bytes: int, keep_bytes: int, steps: list[tuple[str, int, int]]
) -> None:
    """The same, with steps that hypothesis makes and shortens."""
    checked = Checked(Ramp(size, head, block_bytes, keep_bytes))
    for what, number, whence in steps:
        if what == "read":
            checked.read(number)
        else:
            checked.seek(number, whence)
        checked.assert_bounded()


@given(st.integers(1, 2000), st.integers(1, 64), st.integers(1, 300))
def test_reading_through_fetches_each_byte_once(size: int, block_bytes: int, count: int) -> None:
    """A film read from end to end, with memory for all of it, is fetched exactly once."""
    checked = Checked(Ramp(size, 1, block_bytes, 1 << 20))
    for _ in range(2):
        checked.seek(0, io.SEEK_SET)
        while checked.read(count):
            pass
        assert checked.position == size
    assert checked.ramp.trace.received == size


def test_asking_for_the_size_is_free() -> None:
    """FFmpeg asks for the size again and again by seeking to the end: no request is sent."""
    checked = Checked(Ramp(100_000, 64, 4096, 1 << 20))
    for _ in range(12):
        checked.seek(-1, io.SEEK_END)
        checked.seek(0, io.SEEK_END)
        checked.seek(7, io.SEEK_SET)
    assert len(checked.ramp.stored.asked) == 1


def test_past_the_end() -> None:
    """Seeking past the end is no fault, reading there gives nothing and asks nothing."""
    checked = Checked(Ramp(1000, 1000, 4096, 1 << 20))
    checked.seek(5000, io.SEEK_SET)
    assert checked.read(10) == b""
    checked.seek(-1000, io.SEEK_CUR)
    assert checked.read(10) == b""
    checked.seek(-1, io.SEEK_END)
    assert len(checked.read(10)) == 1
    assert len(checked.ramp.stored.asked) == 1


def test_jumps_stay_small_and_runs_grow() -> None:
    """Each jump costs one block; reading on and on doubles what is fetched, up to the largest."""
    jumps = Checked(Ramp(MAX_BYTES, 64, 4096, 32 << 20))
    for at in range(100_000, 4_000_000, 500_000):
        jumps.seek(at, io.SEEK_SET)
        jumps.read(10)
    assert {stop - start for start, stop in jumps.ramp.stored.asked[1:]} == {4096}
    run = Checked(Ramp(MAX_BYTES, 64, 4096, 32 << 20))
    run.seek(1000, io.SEEK_SET)
    while run.read(2048):
        pass
    sizes = [stop - start for start, stop in run.ramp.stored.asked[1:]]
    assert sizes[:6] == [4096, 4096, 8192, 16384, 32768, 65536]
    assert len(sizes) < 16


def test_read_ahead() -> None:
    """Twice as much with every fetch in a row, from the third on; never past the largest block."""
    assert [read_ahead(1000, run) for run in range(5)] == [1000, 1000, 2000, 4000, 8000]
    assert read_ahead(256 << 10, 100) == MAX_BLOCK_BYTES
    # A block that the settings made larger than that stays as it is.
    assert read_ahead(16 << 20, 0) == read_ahead(16 << 20, 9) == 16 << 20


def test_read_ahead_stops_at_what_is_kept() -> None:
    """A fetch ends where a kept block begins, and the next read goes on in that block for free."""
    checked = Checked(Ramp(100_000, 64, 4096, 1 << 20))
    for at in (10_000, 8_000):
        checked.seek(at, io.SEEK_SET)
        checked.read(10)
    assert checked.ramp.stored.asked[-1] == (8_000, 10_000)
    checked.seek(10_000, io.SEEK_SET)
    checked.read(4096)
    assert len(checked.ramp.stored.asked) == 3


def test_old_blocks_go_first() -> None:
    """Memory is bounded: the block that was not used for longest is fetched again, the others are not."""
    checked = Checked(Ramp(100_000, 1, 1000, 3000))
    for at in (10_000, 20_000, 10_000, 30_000, 40_000, 10_000):
        checked.seek(at, io.SEEK_SET)
        checked.read(10)
        checked.assert_bounded()
    assert checked.ramp.stored.asked[1:] == [
        (10_000, 11_000), (20_000, 21_000), (30_000, 31_000), (40_000, 41_000),
    ]  # fmt: skip


def test_what_ffmpeg_may_see() -> None:
    """A file that can be read and sought in, and that has no name to be taken for a path."""
    reader = Ramp(10, 1, 1, 1).reader
    assert (reader.readable(), reader.seekable(), reader.writable()) == (True, True, False)
    assert not hasattr(reader, "name")


def test_time_ends_a_read() -> None:
    """Past the deadline a read raises, also where its bytes are kept: only this ends a slow FFmpeg."""
    ramp = Ramp(1000, 1000, 100, 10_000)
    assert ramp.reader.read(1)
    late = ramp.budget.started_s + 3601
    ramp.budget.clock = lambda: late
    with pytest.raises(RequestTimeout):
        ramp.reader.read(1)


def test_the_first_fault_is_the_last() -> None:
    """After a fault nothing is asked or raised any more: FFmpeg goes on reading before it gives up."""
    ramp = Ramp(1000, 1, 100, 10_000)
    ramp.reader.seek(500)
    ramp.budget.max_bytes = ramp.budget.spent_bytes
    with pytest.raises(ImageTooLarge):
        ramp.reader.read(1)
    requests = len(ramp.stored.asked)
    assert [ramp.reader.read(10) for _ in range(3)] == [b"", b"", b""]
    assert len(ramp.stored.asked) == requests


def test_allowance_ends_a_read() -> None:
    """Above the bytes or requests that one picture may cost, a read raises."""
    ramp = Ramp(1000, 1, 100, 10_000)
    ramp.reader.seek(500)
    ramp.budget.max_bytes = ramp.budget.spent_bytes + 99
    with pytest.raises(ImageTooLarge):
        ramp.reader.read(1)
    ramp = Ramp(1000, 1, 100, 10_000)
    ramp.reader.seek(500)
    ramp.budget.max_requests = ramp.budget.spent_requests
    with pytest.raises(ImageTooLarge):
        ramp.reader.read(1)
