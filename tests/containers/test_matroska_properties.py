from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.containers.codecs.nal_units import H264, HEVC
from framefetch.containers.codecs.parameter_sets import reordered
from framefetch.containers.index import NotUnderstood, VideoIndex
from framefetch.containers.matroska import ebml, pictures, search, walk
from framefetch.errors import FilmError
from framefetch.plan import make_plan
from framefetch.process import Mode
from tests.containers.matroska_films import AVC, SOUND, MatroskaFilm, Shot, element, index_and_needs, shots

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDERS = ((0,), (0, 2, 1), (0, 3, 1, 2), (0, 4, 2, 1, 3))
"""How pictures are stored, by when they are shown: keyframe first, then a group of each kind."""


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Everything that makes short films simple is made short as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "_WORTH_CUES_BYTES", 0)
        patch.setattr(walk, "_FAR_BYTES", 200)
        patch.setattr(walk, "_FAR_FROM_CUE_BYTES", 400)
        patch.setattr(walk, "_START_HOP_BYTES", 40)
        patch.setattr(walk, "_SOON_MS", 100)
        patch.setattr(walk, "_STEP_BACK_BYTES", 64)
        patch.setattr(search, "CLOSE_BYTES", 64)
        patch.setattr(search, "_FIRST_WINDOW_BYTES", 64)
        patch.setattr(pictures, "_JUMP_BYTES", 100)
        patch.setattr(pictures, "_LEAST_STEP_BYTES", 128)
        patch.setattr(pictures, "_SLACK_BYTES", 16)
        yield


@st.composite
def films(draw: st.DrawFn) -> tuple[MatroskaFilm, tuple[Shot, ...]]:
    """Films of all kinds, and their pictures."""
    reordered = draw(st.booleans())
    first = draw(st.sampled_from((0, 0, 21, 80)))
    made: list[Shot] = []
    at = first
    clusters: list[tuple[Shot, ...]] = []
    sound = draw(st.booleans())
    for _ in range(draw(st.integers(1, 8))):
        cluster: list[Shot] = []
        for group in range(draw(st.integers(1, 3))):
            order = draw(st.sampled_from(ORDERS)) if reordered else tuple(range(draw(st.integers(1, 4))))
            step = draw(st.sampled_from((20, 40)))
            key = draw(st.booleans()) or not made
            size = draw(st.integers(4, 60))
            cluster += [Shot(at + step * nth, key=key and nth == 0, size=size) for nth in order]
            if sound and (group or len(clusters) % 3 == 0):
                cluster.append(Shot(at, key=True, track=SOUND))
            at += step * len(order)
            made += [shot for shot in cluster[-len(order) - 1 :] if shot.track != SOUND]
        clusters.append(tuple(cluster))
    film = MatroskaFilm(
        tuple(clusters),
        cues=draw(st.sampled_from(("end", "front", "none"))),
        cued=draw(st.sampled_from((1, 1, 3))),
        muxer="somebody",
        live=draw(st.booleans()),
        relative=draw(st.booleans()),
        groups=draw(st.booleans()),
        duration=draw(st.sampled_from((0.0, 10.0, float(at), 1e6))),
        default_ns=draw(st.sampled_from((0, 20_000_000))),
        sound=sound,
    )
    if film.cued == 1:
        film = film.but(muxer=draw(st.sampled_from(("somebody", "Lavf62", "libwebm-0.3"))))
    if reordered:
        film = film.but(codec="V_MPEG4/ISO/AVC", private=AVC)
    return film, tuple(shot for cluster in clusters for shot in cluster)


@given(films(), st.integers(0, 2500), st.integers(50, 3000))
def test_the_right_picture_of_any_film(
    given_film: tuple[MatroskaFilm, tuple[Shot, ...]], at_ms: int, head_bytes: int
) -> None:
    """Whatever the film and t: the same picture that looking at every block gives."""
    film, every = given_film
    zero = min(shot.time for shot in every)
    shown = [shot for shot in every if shot.track != SOUND]
    times = sorted(shot.time - zero for shot in shown)
    keys = sorted(shot.time - zero for shot in shown if shot.key)
    lasts = film.default_ns // 10**6 or (times[-1] - times[-2] if len(times) > 1 else 0)
    past = at_ms > times[-1] + lasts
    exact = keys[-1] if past else max((time for time in times if time <= at_ms), default=times[0])
    fast = max((time for time in keys if time <= at_ms), default=times[0])
    data = film.bytes()
    for mode, wanted in ((Mode.EXACT, exact), (Mode.FAST, fast)):
        index, _ = index_and_needs(data, at_ms, fast=mode is Mode.FAST, head_bytes=head_bytes)
        assert make_plan(index, at_ms, mode).time_ms == wanted


@given(films(), st.integers(0, 2500), st.integers(30, 300))
def test_bytes_may_come_in_any_pieces(
    given_film: tuple[MatroskaFilm, tuple[Shot, ...]], at_ms: int, piece: int
) -> None:
    """An index is the same when the ranges arrive bit by bit."""
    data = given_film[0].bytes()
    whole, _ = index_and_needs(data, at_ms)
    reader = walk.Walk(len(data), at_ms)
    found = reader.feed(0, b"")
    for _ in range(20 * len(data)):
        if isinstance(found, VideoIndex):
            break
        found = reader.feed(found.start, data[found.start : min(found.stop, found.start + piece)])
    assert isinstance(found, VideoIndex)
    assert make_plan(found, at_ms, Mode.EXACT) == make_plan(whole, at_ms, Mode.EXACT)


def walked(film: bytes, at_ms: int) -> None:
    """Walks and plans; lets nothing out but our own exceptions."""
    for mode in Mode:
        try:
            index, _ = index_and_needs(film, at_ms, fast=mode is Mode.FAST, head_bytes=200)
            plan = make_plan(index, at_ms, mode)
        except (NotUnderstood, FilmError):
            continue
        assert all(0 <= one.start < one.stop <= len(film) for one in plan.ranges)


HEADS = (b"", element(ebml.EBML, b""), MatroskaFilm((shots("K"),), cues="none").bytes()[:-60])


@given(st.sampled_from(HEADS), st.binary(max_size=1000), st.integers(0, 10_000))
def test_any_bytes_end_in_one_of_our_exceptions(head: bytes, rest: bytes, at_ms: int) -> None:
    """Whatever the bytes are, nothing but our own exceptions comes out."""
    walked(head + rest, at_ms)


@given(
    films(),
    st.lists(st.tuples(st.integers(0, 8000), st.binary(min_size=1, max_size=8)), max_size=6),
    st.one_of(st.none(), st.integers(0, 8000)),
    st.integers(0, 3000),
)
def test_a_damaged_film_ends_in_one_of_our_exceptions(
    given_film: tuple[MatroskaFilm, tuple[Shot, ...]],
    damage: list[tuple[int, bytes]],
    cut: int | None,
    at_ms: int,
) -> None:
    """A good film with some bytes changed, and cut somewhere: likewise, and plans stay inside the object."""
    changed = bytearray(given_film[0].bytes())
    for at, new in damage:
        at %= len(changed)  # noqa: PLW2901
        changed[at : at + len(new)] = new[: len(changed) - at]
    walked(bytes(changed[:cut]), at_ms)


@given(st.binary(max_size=300))
def test_any_parameter_sets_are_read_to_an_end(private: bytes) -> None:
    """Whatever they say, the answer is a number of pictures in the standard's range, or none."""
    for codec in (H264, HEVC):
        answer = reordered(codec, private)
        assert answer is None or 0 <= answer <= 32


def test_claims_cost_no_memory() -> None:
    """An index that claims to be huge is not made room for."""
    film = MatroskaFilm().bytes()
    at = film.rindex(ebml.CUES.to_bytes(4, "big"))
    claim = film[: at + 4] + b"\x01\0\0\0\x7f\xff\xff\xff" + film[at + 12 :]
    tracemalloc.start()
    try:
        walked(claim, 100)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_how_long_the_last_picture_lasts() -> None:
    """It is what the track says of its pictures, also where another one is decoded last."""
    times = (0, 160, 80, 40, 120)
    shots = tuple(Shot(time, key=not time, size=4) for time in times)
    film = MatroskaFilm((shots,), codec="V_MPEG4/ISO/AVC", private=AVC, default_ns=20_000_000).bytes()
    for at_ms, wanted in ((179, 160), (180, 160), (181, 0)):
        index, _ = index_and_needs(film, at_ms, head_bytes=50)
        assert make_plan(index, at_ms, Mode.EXACT).time_ms == wanted
