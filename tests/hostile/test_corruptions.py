"""Damage is told by its name: each row of `CORRUPTIONS` has its exact answer."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.server.sample import read_frame_number
from tests.hostile.corruptions import CORRUPTIONS, FIRST_LEFT, RIGHT
from tests.media.asking import Reader
from tests.media.conftest import films  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.http.call import Answer
    from tests.films import Film, Shelf


def told(answer: Answer) -> str:
    """Status, code and EC, and the words that OSS has for what is no video."""
    code = re.search(rb"<Code>(\w+)</Code>", answer.body)
    assert code
    unknown = ", not supported format" if b"<Message>not supported format." in answer.body else ""
    return " ".join((str(answer.status), code[1].decode(), answer.header("x-oss-ec") or "")).strip() + unknown


def shown(answer: Answer, film: Film, t_ms: int) -> str:
    """Which of the film's pictures it is; only a keyframe after t can be the first that is left."""
    with Image.open(io.BytesIO(answer.body)) as image:
        number = read_frame_number(image)
    if number == film.exact(t_ms).number:
        return RIGHT
    later = [film.pictures[key] for key in film.keyframes if film.pictures[key].time_ms > t_ms]
    return FIRST_LEFT if later and number >= later[0].number else f"picture {number}"


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_damage_has_its_answer(films: Shelf, tmp_path: Path, name: str) -> None:  # noqa: F811
    """What can be decoded of it is right, and what cannot is refused by the table's code and EC."""
    row = CORRUPTIONS[name]
    film = films[row.film]
    whole = film.path.read_bytes()
    damaged = row.patch(whole)
    assert damaged != whole
    (tmp_path / "film").write_bytes(damaged)
    answer = Reader(tmp_path).ask(tmp_path / "film", f"t_{row.t_ms}")
    assert (shown(answer, film, row.t_ms) if answer.status == 200 else told(answer)) == row.said


def test_the_table_is_long_enough() -> None:
    """Sixty kinds of damage and more, a third of which leave the wanted picture whole."""
    said = [row.said for row in CORRUPTIONS.values()]
    assert len(said) >= 60
    assert said.count(RIGHT) >= len(said) // 3
