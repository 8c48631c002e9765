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

import pytest

from tests.conftest import REPOSITORY

DIST = Path(os.environ.get("FRAMEFETCH_DIST") or REPOSITORY / "layer" / "dist")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
HERE = {machine: arch for arch, machine in MACHINES.items()}[platform.machine()]
ARCH = os.environ.get("LAYER_ARCH") or HERE
OBJDUMP = "objdump" if ARCH == HERE else f"{MACHINES[ARCH]}-linux-gnu-objdump"
PYTHON = "3.13"
SUFFIX = f"{ARCH}-py{PYTHON.replace('.', '')}"


def built(name: str) -> Path:
    """A zip that layer/build.py has made, or a skip that says how to make it."""
    path = DIST / f"{name}-{SUFFIX}.zip"
    if not path.is_file():
        bare_python()
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

    def run(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        """What a program writes to its standard output."""
        done = subprocess.run(
            [self.python, "-S", "-B", "-c", program, *arguments],
            env={
                "PYTHONPATH": f"{self.function}:{self.layer / 'python'}",
                "FRAMEFETCH_SOURCE": str(self.function),
                "FRAMEFETCH_ACCESS": "public",
            },
            input=given,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
        return done.stdout


def bare_python() -> str:
    """A Python of the layer's version; a name on PATH may be a shim that runs nothing."""
    if "LAYER_PYTHON" in os.environ:
        return os.environ["LAYER_PYTHON"]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for one in (f"python{PYTHON}", *map(str, sorted(pyenv.glob(f"{PYTHON}.*/bin/python{PYTHON}")))):
        if shutil.which(one):
            asked = subprocess.run([one, "-c", "print(1)"], capture_output=True, check=False)
            if asked.stdout == b"1\n":
                return one
    pytest.skip(f"not here: no Python {PYTHON}, for which the layer is made")
