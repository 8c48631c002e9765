from __future__ import annotations

import pytest

from tests.films import Shelf
from tests.media.asking import Reader


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The test films, each made when a test first asks for it."""
    return Shelf(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def reader(films: Shelf) -> Reader:
    """The service over the films' folder."""
    return Reader(films.folder)
