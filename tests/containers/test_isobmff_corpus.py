from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.containers.index import NotUnderstood
from framefetch.errors import FilmError
from framefetch.plan import make_plan
from framefetch.process import Mode
from tests.conftest import CORPUS
from tests.containers.driving import decoded, index_of, md5

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".mp4", ".mov", ".3gp", ".m4a", ".f4v")

# What goes to FFmpeg's demuxer, and at which labels: everywhere, where none is named.
NOT_UNDERSTOOD = {
    "syn__partially_fragmented.mp4": (),
    "der__trunc70_fragmented.mp4": (),
    "mff__vvc_400kbps_2s.mp4": (),
    "der__trunc30.3gp": ("last_frame", "beyond_end"),
}
# Its damage makes the decoder invent pixels out of whatever it decoded before: only the time is certain.
DAMAGED = {"der__bitflips_in_mdat.mp4"}


def rows() -> list[dict[str, Any]]:
    if not CORPUS.is_dir():
        return []
    every: list[dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text())
    return [row for row in every if row["file"].lower().endswith(SUFFIXES)]


def named(refuse: bool) -> list[Any]:  # noqa: FBT001 - which half of the table
    return [pytest.param(row, id=row["file"]) for row in rows() if bool(row.get("refuse")) is refuse]


@pytest.mark.parametrize("row", named(refuse=False))
def test_every_picture_is_the_right_one(corpus: Path, row: dict[str, Any]) -> None:
    """For every film and t of the corpus, in both modes, our index leads to the right time and picture."""
    film = (corpus / "files" / row["file"]).read_bytes()
    passed_on = []
    for time in row["times"]:
        for mode in (mode for mode in Mode if mode in time):
            wanted = time[mode]
            try:
                index = index_of(film, time["t_ms"])
                plan = make_plan(index, time["t_ms"], mode)
            except NotUnderstood:
                passed_on.append(time["label"])
                continue
            if time["gate_time"]:
                assert plan.time_ms == pytest.approx(wanted["at_ms"], abs=0.5)
            if time["gate_md5"] and row["file"] not in DAMAGED:
                frame = decoded(index, plan, film)
                assert frame is not None
                assert md5(frame) in wanted["md5"]
    expected = NOT_UNDERSTOOD.get(row["file"])
    assert set(passed_on) == (
        set() if expected is None else set(expected) or {time["label"] for time in row["times"]}
    )


@pytest.mark.parametrize("row", named(refuse=True))
def test_what_must_be_refused_is_refused(corpus: Path, row: dict[str, Any]) -> None:
    """What no picture can be had of is refused as the film's fault, never as ours."""
    film = (corpus / "files" / row["file"]).read_bytes()
    with pytest.raises(FilmError):
        index_of(film)
