"""Movie boxes that are not read as a whole: what is left out must never be missed."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framefetch.containers import pull
from framefetch.containers.codecs.droppable import is_closed
from framefetch.containers.index import Need, NotUnderstood, VideoIndex
from framefetch.containers.isobmff import walk
from framefetch.containers.isobmff.long import guess, outline
from framefetch.containers.isobmff.long import walk as long_walk
from framefetch.containers.isobmff.walk import LONG_BYTES, Walk
from framefetch.errors import FilmError
from framefetch.plan import make_plan, stretch
from framefetch.process import Mode
from tests.containers.films import Film, Shot, box, full, numbers, sound_track
from tests.containers.test_isobmff_corpus import rows
from tests.containers.test_isobmff_properties import films

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framefetch.plan import ReadPlan

HEAD_BYTES = 200
# One group of pictures at a constant frame rate: I P B b b, shown as I b B b P.
REORDERED = (80, 200, 80, 0, 40)

# Only its sound claims more samples than the film has bytes, which hops do not look at.
ABSURD_SOUND = {"sec__stsz_count_huge.mp4"}


@pytest.fixture(autouse=True, scope="module")
def small_hops() -> Iterator[None]:
    """The distances that make sense in a film of hours, cut down to those of a film of a second."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(outline, "HOP_BYTES", 24)
        changed.setattr(walk, "FIRST_BYTES", 200)
        changed.setattr(pull, "_NEAR_BYTES", 0)
        changed.setattr(guess, "_HOP_BYTES", 24)
        changed.setattr(guess, "_SLACK_BYTES", 16)
        changed.setattr(guess, "_UNSEEN_BYTES", 16)
        changed.setattr(guess, "_REST_BYTES", 8)
        changed.setattr(guess, "READ_ON_S", Fraction(3, 10))
        changed.setattr(long_walk, "_LATEST_S", Fraction(1, 10))
        yield


def walked(film: bytes, at_ms: int, mode: Mode, long_bytes: int, *, together: bool = True) -> VideoIndex:
    wanted = partial(stretch, at_ms=at_ms, mode=mode)
    reader = Walk(len(film), at_ms, wanted=wanted, fast=mode is Mode.FAST, long_bytes=long_bytes)
    found = reader.feed(0, film[:HEAD_BYTES])
    for _ in range(3000):
        if isinstance(found, VideoIndex):
            return found
        for start, stop in ((found.start, found.stop), *(found.more if together else ())):
            assert 0 <= start < stop <= len(film)
            found = reader.feed(start, film[start:stop])
    raise AssertionError("it asks without end")


def planned(film: bytes, at_ms: int, mode: Mode, long_bytes: int, **how: bool) -> ReadPlan | type:
    """The plan, or the kind of refusal."""
    try:
        return make_plan(walked(film, at_ms, mode, long_bytes, **how), at_ms, mode)
    except (NotUnderstood, FilmError) as fault:
        return type(fault)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(films(), st.integers(0, 2500), st.sampled_from(Mode), st.booleans())
def test_hops_and_slices_lead_to_the_same_samples(film: Film, at_ms: int, mode: Mode, together: bool) -> None:  # noqa: FBT001
    """For any tables and edits a sliced index gives the very plan that the whole movie box gives."""
    data = film.bytes()
    assert planned(data, at_ms, mode, 0, together=together) == planned(data, at_ms, mode, LONG_BYTES)


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row["file"]) for row in rows() if row["file"] not in ABSURD_SOUND]
)
def test_every_film_of_the_corpus_is_planned_alike(corpus: Path, row: dict[str, Any]) -> None:
    """For every film and t of the corpus, in both modes, hops give the plan or refusal of reading all."""
    film = (corpus / "files" / row["file"]).read_bytes()
    for at_ms in {time["t_ms"] for time in row.get("times", ())} or {0}:
        for mode in Mode:
            assert planned(film, at_ms, mode, 0) == planned(film, at_ms, mode, 1 << 40)


def test_all_tables_can_be_kept() -> None:
    """Without a picture that is wanted all of the video's tables are read, and the index is a whole one."""
    film = Film(other_tracks=(sound_track(2),)).bytes()
    found: list[VideoIndex] = []
    for long_bytes in (0, LONG_BYTES):
        reader = Walk(len(film), long_bytes=long_bytes)
        step = reader.feed(0, b"")
        while isinstance(step, Need):
            step = reader.feed(step.start, film[step.start : step.stop])
        found.append(step)
    assert found[0] == found[1]
    assert found[0].whole


def steady(groups: int = 12, **changes: Any) -> Film:
    shots = tuple(Shot(delay=delay, key=not n) for _ in range(groups) for n, delay in enumerate(REORDERED))
    return Film(shots, edits=((groups * 120, 80),)).but(**changes)


@pytest.fixture
def left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_walk, "_LEFT_OUT_ABOVE_BYTES", 8)
    # So much that four groups of pictures are in it.
    monkeypatch.setattr(walk, "FIRST_BYTES", 1400)


@pytest.mark.usefixtures("left_out")
@pytest.mark.parametrize("at_ms", [0, 199, 200, 1000, 1450, 2399, 2400, 9999])
def test_delays_are_left_out_where_all_keyframes_have_the_same(at_ms: int) -> None:
    """In fast mode a steady film's ctts is not read to its end, and the keyframe is the same one."""
    film = steady().bytes()
    index = walked(film, at_ms, Mode.FAST, 0)
    assert index.closed
    assert not index.whole
    assert make_plan(index, at_ms, Mode.FAST) == planned(film, at_ms, Mode.FAST, LONG_BYTES)


@pytest.mark.usefixtures("left_out")
@pytest.mark.parametrize(
    "film",
    [
        steady(shots=tuple(Shot(delay=d, key=not n) for _ in range(12) for n, d in enumerate((80, 0, 80)))),
        steady(shots=tuple(Shot(duration=40 + n % 2, delay=80, key=not n % 5) for n in range(60))),
        steady(edits=((600, 80), (600, 1000))),
        steady(edits=((600, 500),)),
        steady(groups=3),
    ],
    ids=["open groups", "variable rate", "two edits", "trimmed", "too short to tell"],
)
def test_delays_are_read_where_they_could_differ(film: Film) -> None:
    """Whatever speaks against one delay for all keyframes makes the reader read them."""
    data = film.bytes()
    for at_ms in (0, 500, 1000):
        index = walked(data, at_ms, Mode.FAST, 0)
        assert not index.closed
        assert make_plan(index, at_ms, Mode.FAST) == planned(data, at_ms, Mode.FAST, LONG_BYTES)


def nal(*kinds: int) -> bytes:
    return b"".join(b"\0\0\0\2" + bytes([kind, 0]) for kind in kinds)


def test_only_an_idr_picture_is_closed() -> None:
    """Only where all slices of a sample are of an IDR picture do the times of a closed index hold for it."""
    assert is_closed("avc1", 4, nal(0x09, 0x06, 0x65, 0x65))
    assert not is_closed("avc1", 4, nal(0x06, 0x61))
    assert not is_closed("avc1", 4, nal(0x65, 0x61))
    assert not is_closed("avc1", 4, nal(0x06))
    assert not is_closed("avc1", 4, nal(0x65) + b"\0\0\1")
    assert not is_closed("hvc1", 4, nal(0x26))


def chapters(number: int) -> bytes:
    return box(b"tref", box(b"chap", numbers(number)))


@pytest.mark.parametrize(
    "film",
    [
        Film(other_tracks=(sound_track(2).replace(b"mdia", b"mdia", 1),), in_trak=chapters(2)),
        Film(in_moov=box(b"trak", sound_track(2)[8:], chapters(1))),
        Film(in_moov=box(b"mvex", full(b"trex", numbers(1, 1, 0, 0, 0)))),
        Film(in_moov=box(b"cmov")),
        Film(in_moov=box(b"mvhd", bytes(100))),
        Film(other_tracks=(sound_track(1),)),
        Film(
            edits=((60, -1), (600, 80)), other_tracks=(sound_track(2), sound_track(3, ((30, -1), (600, 0))))
        ),
    ],
    ids=["chapters", "later chapters", "mvex", "cmov", "two mvhd", "one number", "late"],
)
def test_what_comes_after_the_video_still_counts(film: Film) -> None:
    """A box after the video's track changes the answer in the same way, however the movie box is read."""
    data = film.bytes()
    for mode in Mode:
        for at_ms in (0, 100, 250):
            assert planned(data, at_ms, mode, 0) == planned(data, at_ms, mode, LONG_BYTES)
