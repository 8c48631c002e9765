"""Containers x codecs x depths, as the manual's table has them: the right picture out of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.films import make_film
from tests.films.compatibility import ROWS
from tests.media.asking import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from tests.films.recipes import Recipe


@pytest.mark.parametrize(
    "recipe", [one for row in ROWS for _, one in row.recipes()], ids=lambda one: one.name
)
def test_the_right_picture(tmp_path: Path, recipe: Recipe) -> None:
    """Exact and fast mode give the right picture, with its number in it, from the first to past the end."""
    film, reader = make_film(recipe, tmp_path), Reader(tmp_path)
    for t in (0, 130, 300, 445, 9000):
        for mode, wanted in (("exact", film.exact(t)), ("fast", film.fast(t))):
            taken = reader.take(film.path, f"t_{t}" + (",m_fast" if mode == "fast" else ""))
            assert wanted is not None
            assert taken.number() == wanted.number, (t, mode)
            assert abs(taken.time_ms - wanted.time_ms) <= 0.5, (t, mode)
