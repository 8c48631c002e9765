"""Films by name, each made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.films.encoding import make_film
from tests.films.recipes import RECIPES
from tests.films.refused import REFUSED, make_refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.films.film import Film


class Shelf:
    """The films of one test session, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._films: dict[str, Film] = {}

    def __getitem__(self, name: str) -> Film:
        """The film of a recipe."""
        if name not in self._films:
            self._films[name] = make_film(RECIPES[name], self.folder)
        return self._films[name]

    def refused(self, name: str) -> Path:
        """A file of which there is no picture to be had."""
        path = self.folder / REFUSED[name].file
        if not path.exists():
            make_refused(name, path)
        return path
