"""The built layer and function, unpacked, and a bare Python that has nothing else.

Of this machine; scripts/test-arm64 names another (LAYER_ARCH), and how its Python is run (LAYER_PYTHON).
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

DIST = Path(os.environ.get("FRAMEFETCH_DIST") or REPOSITORY / "layer" / "dist")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
HERE = {machine: arch for arch, machine in MACHINES.items()}[platform.machine()]
ARCH = os.environ.get("LAYER_ARCH") or HERE
OBJDUMP = "objdump" if ARCH == HERE else f"{MACHINES[ARCH]}-linux-gnu-objdump"
PYTHON = "3.13"
FUNCTION_COMPUTE = "3.12"
"""The Python of Function Compute, as s.yaml asks for it."""


def built(name: str, version: str = PYTHON) -> Path:
    """A zip that layer/build.py has made, or a skip that says how to make it."""
    path = DIST / f"{name}-{ARCH}-py{version.replace('.', '')}.zip"
    if not path.is_file():
        bare_python(version)
        if (DIST / "no-sources").exists():
            pytest.skip("not here: a source of the slim FFmpeg is to be had nowhere any more")
        pytest.skip(f"needs {path.name}, which layer/build.py makes")
    return path


def unzipped_bytes(path: Path) -> int:
    """What a zip's files take when unpacked."""
    with zipfile.ZipFile(path) as file:
        return sum(entry.file_size for entry in file.infolist())


@dataclass(frozen=True)
class Bare:
    """A Python without site-packages, that finds the layer where a function finds it."""

    python: str
    layer: Path
    function: Path

    def run(
        self, program: str, *arguments: str, given: bytes = b"", settings: Mapping[str, str] | None = None
    ) -> bytes:
        """What a program writes to its standard output."""
        done = subprocess.run(
            [self.python, "-S", "-B", "-c", program, *arguments],
            env={
                "PYTHONPATH": f"{self.function}:{self.layer / 'python'}",
                "FRAMEFETCH_SOURCE": str(self.function),
                "FRAMEFETCH_ACCESS": "public",
                **(settings or {}),
            },
            input=given,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
        return done.stdout


def unpacked(version: str, folder: Path) -> Bare:
    """The built layer and function for a version of Python, unpacked into a folder."""
    python = bare_python(version)
    for name in ("layer", "function"):
        with zipfile.ZipFile(built(name, version)) as file:
            file.extractall(folder / name)
    return Bare(python, folder / "layer", folder / "function")


def bare_python(version: str = PYTHON) -> str:
    """A Python of the layer's version; a name on PATH may be a shim that runs nothing."""
    if version == PYTHON and "LAYER_PYTHON" in os.environ:
        return os.environ["LAYER_PYTHON"]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for one in (f"python{version}", *map(str, sorted(pyenv.glob(f"{version}.*/bin/python{version}")))):
        if shutil.which(one):
            asked = subprocess.run([one, "-c", "print(1)"], capture_output=True, check=False)
            if asked.stdout == b"1\n":
                return one
    pytest.skip(f"not here: Python {version} is not here, for which the layer is made")
