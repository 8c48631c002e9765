"""A movie box before the samples is read to the end of the video's track; the rest must never be missed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framefetch.containers.index import Need, NotUnderstood, VideoIndex
from framefetch.containers.isobmff import walk
from framefetch.containers.isobmff.walk import Walk
from framefetch.errors import FilmError
from framefetch.plan import make_plan, stretch
from framefetch.process import Mode
from tests.containers.films import Film, avc1, box, full, numbers, shots, sound_track
from tests.containers.test_isobmff_corpus import rows
from tests.containers.test_isobmff_properties import films

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.plan import ReadPlan

MVEX = box(b"mvex", full(b"trex", numbers(1, 1, 40, 10, 0)))


@pytest.fixture(autouse=True)
def nothing_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """The samples of these short films would all be read on to."""
    monkeypatch.setattr(walk, "GAP_BYTES", -1 << 40)
    monkeypatch.setattr(walk, "FIRST_BYTES", 24)


def walked(film: bytes, at_ms: int, mode: Mode, *, begun: bool, piece: int = 24) -> tuple[VideoIndex, int]:
    """The index, and how far the film was read for it in pieces from its beginning on."""
    wanted = partial(stretch, at_ms=at_ms, mode=mode) if begun else None
    reader = Walk(len(film), at_ms, wanted=wanted, fast=mode is Mode.FAST)
    found = reader.feed(0, b"")
    reached = 0
    while isinstance(found, Need):
        start, until = found.start, found.stop
        while isinstance(found, Need) and start < until and found.start <= start < found.stop:
            found = reader.feed(start, film[start : start + piece])
            start += piece
        reached = max(reached, start)
    return found, reached


def planned(film: bytes, at_ms: int, mode: Mode, *, begun: bool, piece: int = 24) -> ReadPlan | type:
    """The plan, or the kind of refusal."""
    try:
        return make_plan(walked(film, at_ms, mode, begun=begun, piece=piece)[0], at_ms, mode)
    except (NotUnderstood, FilmError) as fault:
        return type(fault)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(films(), st.integers(0, 2500), st.sampled_from(Mode))
def test_the_beginning_leads_to_the_same_samples(film: Film, at_ms: int, mode: Mode) -> None:
    """For any tables and edits the plan is the one that the whole movie box gives."""
    data = replace(film, moov_first=True).bytes()
    assert planned(data, at_ms, mode, begun=True) == planned(data, at_ms, mode, begun=False)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["file"]) for row in rows()])
def test_every_film_of_the_corpus_is_planned_alike(corpus: Path, row: dict[str, Any]) -> None:
    """For every film and t of the corpus, in both modes; sound that claims what it has not does no harm."""
    film = (corpus / "files" / row["file"]).read_bytes()
    for at_ms in {time["t_ms"] for time in row.get("times", ())} or {0}:
        for mode in Mode:
            whole = planned(film, at_ms, mode, begun=False, piece=1 << 20)
            if not (isinstance(whole, type) and issubclass(whole, FilmError)):
                assert planned(film, at_ms, mode, begun=True, piece=4096) == whole


def test_what_follows_the_video_is_not_read() -> None:
    """Other tracks behind it are left out, also such as nobody could read."""
    # An object that is short after its first box is read as a whole.
    film = Film(
        shots("Kpp", size=1 << 20), moov_first=True, other_tracks=(box(b"trak", bytes(5000)),)
    ).bytes()
    index, reached = walked(film, 0, Mode.EXACT, begun=True)
    assert index.whole
    assert reached <= film.index(bytes(5000)) + 24


def test_samples_that_follow_soon_are_read_on_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the picture is right behind the movie box, the same request goes on to it."""
    monkeypatch.setattr(walk, "GAP_BYTES", 64 << 10)
    film = Film(moov_first=True, other_tracks=(sound_track(2),)).bytes()
    _, reached = walked(film, 0, Mode.EXACT, begun=True)
    assert reached >= film.index(b"mdat") - 4


@pytest.mark.parametrize(
    "film",
    [
        pytest.param(Film(in_moov=MVEX), id="fragments may follow, but nobody says so before"),
        pytest.param(
            Film(other_tracks=(sound_track(2),), edits=((60, -1), (600, 80))), id="sound comes first"
        ),
        pytest.param(Film(entries=(avc1(b"jpeg"),), other_tracks=(sound_track(2),)), id="perhaps chapters"),
    ],
)
def test_what_matters_behind_the_video(film: Film) -> None:
    """The plan is the whole movie box's."""
    data = film.but(moov_first=True).bytes()
    for mode in Mode:
        for at_ms in (0, 100, 250, 9999):
            assert planned(data, at_ms, mode, begun=True) == planned(data, at_ms, mode, begun=False)


@pytest.mark.parametrize("film", [Film(edits=((60, -1), (600, 80))), Film(entries=(avc1(b"jpeg"),))])
def test_what_needs_all_of_it_reads_all_of_it(film: Film) -> None:
    """A video that starts late, and pictures that may be chapters', depend on later tracks."""
    data = film.but(moov_first=True, other_tracks=(sound_track(2),)).bytes()
    _, reached = walked(data, 0, Mode.EXACT, begun=True)
    assert reached >= data.index(b"mdat") - 4
