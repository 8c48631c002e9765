"""A long film of fragments without a directory: the right picture, and few requests."""

from __future__ import annotations

import random
from bisect import bisect_right
from itertools import accumulate

import pytest

from framefetch.plan import make_plan
from framefetch.process import Mode
from tests.containers.driving import index_and_needs
from tests.containers.films import Shot, shots
from tests.containers.fragmented import FragmentedFilm

FRAGMENTS = 400
FALSE = b"\x00\x00\x00\x20moof\x00\x00\x00\x20mfhd"
"""What begins like a fragment, and is none."""


def uneven(seed: int, per_fragment: int = 4, gop: int = 4) -> FragmentedFilm:
    """Pictures of any size, now and then very large ones, in fragments of any duration."""
    rng = random.Random(seed)
    number = 0
    fragments = []
    for _ in range(FRAGMENTS):
        pictures = []
        for _ in range(per_fragment):
            size = rng.choice((200, 2_000, 2_000, 8_000, 60_000 if rng.random() < 0.05 else 100))
            pictures.append(Shot(key=number % gop == 0, size=size, duration=rng.choice((20, 40, 400))))
            number += 1
        fragments.append(tuple(pictures))
    return FragmentedFilm(tuple(fragments))


def times_and_sizes(film: FragmentedFilm) -> tuple[list[int], list[int]]:
    pictures = [one for fragment in film.fragments for one in fragment]
    return list(accumulate((one.duration for one in pictures), initial=0)), [one.size for one in pictures]


@pytest.mark.parametrize("seed", range(3))
def test_every_moment_is_found(seed: int) -> None:
    """The plan has the picture that is shown then, with its own size."""
    film = uneven(seed)
    data = film.bytes()
    times, sizes = times_and_sizes(film)
    rng = random.Random(seed)
    for at_ms in [0, times[-1] - 1, *(rng.randrange(times[-1]) for _ in range(8))]:
        index, needs = index_and_needs(data, at_ms)
        plan = make_plan(index, at_ms, Mode.EXACT)
        number = min(bisect_right(times, at_ms), len(sizes)) - 1
        assert (float(plan.time_ms), plan.samples[-1].size) == (times[number], sizes[number])
        assert len(needs) <= 50
        assert sum(one.stop - one.start for one in needs) < len(data) / 2


def test_even_fragments_cost_few_requests() -> None:
    """64 s in 400 fragments of 100 KB: the second one says enough to guess the right one."""
    data = FragmentedFilm((shots("Kppp"),) * FRAGMENTS, padding=100_000).bytes()
    for at_ms in (6_400, 32_000, 63_000):
        index, needs = index_and_needs(data, at_ms)
        assert make_plan(index, at_ms, Mode.EXACT).time_ms == at_ms
        assert len(needs) <= 6
        assert sum(one.stop - one.start for one in needs) < 200_000


def test_keyframes_may_be_many_fragments_apart() -> None:
    """A fragment without a keyframe leads back to the one that has it."""
    film = uneven(7, per_fragment=2, gop=24)
    times, _ = times_and_sizes(film)
    data = film.bytes()
    for at_ms in range(1_000, times[-1], times[-1] // 5):
        plan = make_plan(index_and_needs(data, at_ms)[0], at_ms, Mode.FAST)
        number = bisect_right(times, at_ms) - 1
        assert plan.time_ms == times[number - number % 24]


def test_what_only_looks_like_a_fragment_is_none() -> None:
    """Bytes of a picture that say moof do not end the search."""
    film = FragmentedFilm((shots("Kppp"),) * FRAGMENTS, padding=len(FALSE) * 6_000)
    data = film.bytes().replace(bytes(len(FALSE) * 6_000), FALSE * 6_000)
    index, needs = index_and_needs(data, 40_000)
    assert make_plan(index, 40_000, Mode.EXACT).time_ms == 40_000
    assert len(needs) <= 8


def test_without_times_every_fragment_is_asked_for() -> None:
    """Where fragments do not say when they are, only their order does."""
    data = FragmentedFilm((shots("Kppp"),) * FRAGMENTS, padding=100_000, tfdt=False).bytes()
    index, needs = index_and_needs(data, 16_000)
    assert make_plan(index, 16_000, Mode.EXACT).time_ms == 16_000
    assert len(needs) >= 100
