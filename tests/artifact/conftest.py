from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from framefetch.sample import make_sample
from tests.artifact.layer import Bare, bare_python, built

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """The built layer and function, unpacked, under a bare Python."""
    python = bare_python()
    folder: Path = tmp_path_factory.mktemp("artifact")
    for name in ("layer", "function"):
        with zipfile.ZipFile(built(name)) as file:
            file.extractall(folder / name)
    return Bare(python, folder / "layer", folder / "function")


@pytest.fixture(scope="session")
def sample_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample film, made here: the layer has no encoder."""
    path: Path = tmp_path_factory.mktemp("films") / "sample.mp4"
    make_sample(path)
    return path
