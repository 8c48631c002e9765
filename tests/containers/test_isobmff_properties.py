from __future__ import annotations

import io
import tracemalloc
from array import array
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from framefetch.containers.index import Need, NotUnderstood, VideoIndex
from framefetch.containers.isobmff.run_table import bounds
from framefetch.containers.isobmff.walk import Walk
from framefetch.errors import FilmError
from framefetch.plan import Range, coalesced, make_plan
from framefetch.process import Mode
from tests.containers.driving import TOLERANT, index_of
from tests.containers.films import Film, Shot, box, full, listed, numbers, shots, sound_track
from tests.containers.fragmented import FragmentedFilm

FILMS = (
    Film(edits=((60, -1), (600, 80)), other_tracks=(sound_track(2),)).bytes(),
    Film(moov_first=True, co64=True, wide_boxes=True).bytes(),
    FragmentedFilm((shots("Kppp"), shots("pKp"), shots("ppp")), sidx=True, sound=0).bytes(),
    FragmentedFilm((shots("Kppp"), shots("Kpp")), mfra=True, tfdt=False).bytes(),
)


def walked(film: bytes, at_ms: int) -> None:
    """Walks and plans; lets nothing out but our own exceptions, and bounds the requests."""
    walk = Walk(len(film), at_ms)
    try:
        found = walk.feed(0, film[:300])
        for _ in range(len(film) + 50):
            if isinstance(found, VideoIndex):
                break
            assert 0 <= found.start < found.stop <= len(film)
            found = walk.feed(found.start, film[found.start : found.stop])
        assert isinstance(found, VideoIndex)
        for mode in Mode:
            plan = make_plan(found, at_ms, mode)
            assert all(0 <= one.start < one.stop <= len(film) for one in plan.ranges)
    except (NotUnderstood, FilmError):
        pass


@given(
    st.sampled_from((0, -(1 << 31), -(1 << 16), 1 << 16, (1 << 31) - (1 << 16))),
    st.lists(st.integers(0, (1 << 16) - 1), min_size=1, max_size=20),
    st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=3),
)
def test_bounds_hold_all_values_and_little_else(upper: int, lower: list[int], others: list[int]) -> None:
    """They are rounded by less than 256, and not at all where the values differ by less than that."""
    column = array("i", [*(upper + one for one in lower), *others])
    least, greatest = bounds(column)
    assert min(column) - 256 < least <= min(column)
    assert max(column) <= greatest < max(column) + 256
    if min(column) >> 8 == max(column) >> 8 or min(column) >> 16 != max(column) >> 16:
        assert (least, greatest) == (min(column), max(column))


@given(st.binary(max_size=2000), st.integers(0, 10_000))
def test_any_bytes_end_in_one_of_our_exceptions(film: bytes, at_ms: int) -> None:
    """Whatever the bytes are, nothing but our own exceptions comes out."""
    walked(film, at_ms)


@given(
    st.sampled_from(FILMS),
    st.lists(
        st.tuples(
            st.integers(0, 3000), st.one_of(st.binary(min_size=1, max_size=4), st.just(b"\xff\xff\xff\xff"))
        ),
        max_size=6,
    ),
    st.one_of(st.none(), st.integers(0, 3000)),
    st.integers(0, 10_000),
)
def test_a_damaged_film_ends_in_one_of_our_exceptions(
    film: bytes, damage: list[tuple[int, bytes]], cut: int | None, at_ms: int
) -> None:
    """A good film with some bytes changed, and cut somewhere: likewise, and plans stay inside the object."""
    changed = bytearray(film)
    for at, new in damage:
        at %= len(changed)  # noqa: PLW2901
        changed[at : at + len(new)] = new[: len(changed) - at]
    walked(bytes(changed[:cut]), at_ms)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 500)), max_size=30), st.integers(0, 1000))
def test_coalescing_loses_nothing(given_ranges: list[tuple[int, int]], max_gap: int) -> None:
    """Every byte of every range is in the coalesced ones, which are in order, with larger gaps only."""
    ranges = [Range(start, start + size) for start, size in given_ranges]
    found = coalesced(ranges, max_gap)
    assert all(any(one.start <= r.start and r.stop <= one.stop for one in found) for r in ranges)
    assert all(b.start - a.stop > max_gap for a, b in pairwise(found))


DELAYS = ((0,), (80,), (80, 200, 80, 40, 120), (0, 40, -40), (40, 80, 0, 120))


@st.composite
def films(draw: st.DrawFn) -> Film:
    """Films of all kinds that the tables and edit lists can say."""
    pattern = draw(st.text("Kpp", min_size=1, max_size=30))
    delays = draw(st.sampled_from(DELAYS))
    duration = draw(st.lists(st.sampled_from((20, 40, 60)), min_size=1, max_size=4))
    made = tuple(
        Shot(
            size=1 + number % 7,
            duration=duration[number % len(duration)],
            delay=delays[number % len(delays)],
            key=letter == "K" or number == 0,
        )
        for number, letter in enumerate(pattern)
    )
    media_time = st.one_of(st.sampled_from((0, 40, 80)), st.integers(0, 1500))
    edits = draw(st.lists(st.tuples(st.integers(1, 800), media_time), max_size=3))
    gap = draw(st.integers(0, 300))
    if edits and gap:
        edits.insert(0, (gap, -1))
    sound = st.sampled_from(((), ((600, 0),), ((60, -1), (600, 0))))
    return Film(
        made,
        edits=tuple(edits),
        edit_version=draw(st.integers(0, 1)),
        per_chunk=draw(st.integers(1, 4)),
        moov_first=draw(st.booleans()),
        other_tracks=tuple(sound_track(2 + n, draw(sound)) for n in range(draw(st.integers(0, 2)))),
    )


@st.composite
def fragmented_films(draw: st.DrawFn) -> FragmentedFilm:
    """Fragmented films of closed groups of pictures, cut into fragments anywhere."""
    delay = draw(st.sampled_from((0, 40, 80)))
    letters = draw(st.lists(st.text("p", max_size=8).map("K".__add__), min_size=1, max_size=6))
    every = [shot for letter in letters for shot in shots(letter, delay=delay)]
    cuts = sorted(draw(st.sets(st.integers(1, len(every)), max_size=6)) | {len(every)})
    made = tuple(tuple(every[a:b]) for a, b in zip([0, *cuts], cuts, strict=False))
    edits = ((), ((0, 0),), ((0, 80),), ((60, -1), (0, 0)), ((60, -1), (0, 80)))
    return FragmentedFilm(
        made,
        edits=draw(st.sampled_from(edits)),
        tfdt=draw(st.booleans()),
        mfra=draw(st.booleans()),
        explicit_base=draw(st.booleans()),
        padding=draw(st.sampled_from((0, 100_000))),
        sound=draw(st.sampled_from((None, 0, 30, 300))),
    )


def by_ffmpeg(film: bytes) -> tuple[list[tuple[int, int, bool]], Fraction, Fraction]:
    """What FFmpeg's demuxer shows: pts, offset and whether it is a keyframe, by pts; t = 0; the time base."""
    with av.open(io.BytesIO(film), format="mov", **TOLERANT) as container:
        stream = container.streams.video[0]
        packets: list[Any] = [one for one in container.demux(stream) if one.size and not one.is_discard]
        shown = [(one.pts, number, one.pos, one.is_keyframe) for number, one in enumerate(packets)]
        assert stream.time_base is not None
        zero = Fraction(max(0, container.start_time or 0), 1_000_000)
        return [(pts, pos, key) for pts, _, pos, key in sorted(shown)], zero, stream.time_base


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None)
@given(st.one_of(films(), fragmented_films()), st.lists(st.integers(0, 2500), min_size=1, max_size=8))
@example(Film(edits=((60, -1), (240, 80)), other_tracks=(sound_track(2, ((600, 0),)),)), [0, 100, 200])
@example(Film((Shot(key=True), Shot(delay=-40), Shot()), edits=((600, 0),)), [0, 40, 80])
def test_what_is_understood_is_understood_as_ffmpeg_does(
    film: Film | FragmentedFilm, times: list[int]
) -> None:
    """For any tables, edits and fragments: the same clock, pictures and keyframes as FFmpeg's demuxer."""
    data = film.bytes()
    pictures, zero, time_base = by_ffmpeg(data)
    assume(pictures)
    for at_ms in times:
        at = (Fraction(at_ms, 1000) + zero) / time_base
        before = [one for one in pictures if one[0] <= at]
        if before and before[-1] == pictures[-1] and at > before[-1][0]:
            # For how long the last picture is shown, and so what is past the end, is not in its packets.
            continue
        try:
            index = index_of(data, at_ms, 2000)
            plan = make_plan(index, at_ms, Mode.EXACT)
            fast = make_plan(index, at_ms, Mode.FAST)
        except NotUnderstood:
            continue
        assert abs(index.zero / index.timescale - zero) < Fraction(1, 100_000)
        expected = before[-1] if before else pictures[0]
        assert (plan.target_pts, plan.samples[-1].offset) == expected[:2]
        keys = [one for one in before if one[2]]
        if keys:
            assert (fast.target_pts, fast.samples[-1].offset) == keys[-1][:2]


@pytest.mark.parametrize("runs_of_one", [True, False], ids=["reordered", "constant"])
def test_a_million_samples_stay_small(runs_of_one: bool) -> None:  # noqa: FBT001
    """A film of a million samples is indexed within 100 MB, its own tables included."""
    count = 1_000_000

    def column(values: Any) -> bytes:
        made = array("I", values)
        made.byteswap()
        return made.tobytes()

    rows = column(value for n in range(count) for value in (1, 80 + 40 * (n % 3)))
    film = Film(
        (),
        boxes={
            b"stts": listed(b"stts", [(count, 40)]),
            b"ctts": full(b"ctts", numbers(count), rows) if runs_of_one else b"",
            b"stsz": full(b"stsz", numbers(0, count), column([4] * count)),
            b"stss": full(b"stss", numbers(count // 250), column(range(1, count, 250))),
            b"stsc": listed(b"stsc", [(1, 1, 1)]),
            b"stco": full(b"stco", numbers(count), column(range(48, 48 + 4 * count, 4))),
        },
    )
    head = box(b"ftyp", b"isom", bytes(4)) + box(b"free") * 2
    moov = film.moov(0)
    # A hole takes the place of the pictures, as in a sparse file.
    hole = 4 * count + 1000
    start = len(head) + hole
    mdat = (hole).to_bytes(4, "big") + b"mdat"
    walk = Walk(start + len(moov))
    tracemalloc.start()
    found = walk.feed(0, head + mdat + bytes(8))
    assert isinstance(found, Need)
    found = walk.feed(start, moov)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, VideoIndex)
    assert found.table.count == count
    assert peak < 100 << 20
    assert make_plan(found, 20_000_000, Mode.EXACT).time_ms == 20_000_000
