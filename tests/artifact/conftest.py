from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framefetch.server.sample import make_sample
from tests.artifact.layer import PYTHON, unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.artifact.layer import Bare


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """The built layer and function, unpacked, under a bare Python."""
    return unpacked(PYTHON, tmp_path_factory.mktemp("artifact"))


@pytest.fixture(scope="session")
def sample_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample film, made here: the layer has no encoder."""
    path: Path = tmp_path_factory.mktemp("films") / "sample.mp4"
    make_sample(path)
    return path
