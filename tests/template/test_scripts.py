"""What the scripts for AWS say before they begin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("python", ["/none/python3.13", "false"])
@pytest.mark.parametrize("command", [("scripts/sam", "build"), ("scripts/deploy", "x86_64")])
def test_a_missing_python_is_said_at_once(python: str, command: tuple[str, ...]) -> None:
    """Without Python 3.13 nothing is set up or built, and one line says what to do."""
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHON": python, "VENV": "/none"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "scripts/sam build needs Python 3.13: install it, or say where it is with PYTHON=/path/to/python3.13."
    ]


def test_a_function_has_the_byte_code_of_its_python_alone(tmp_path: Path) -> None:
    """What other Pythons left beside the sources is not deployed; every module has its byte code."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    shutil.copytree(REPOSITORY / "handler", tmp_path / "handler")
    left = tmp_path / "handler" / "framefetch" / "server" / "__pycache__" / "gone.cpython-39.pyc"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"old")
    built = tmp_path / "built"
    built.mkdir()
    command = ["make", "-s", "build-PictureFunction", f"ARTIFACTS_DIR={built}", f"PYTHON={sys.executable}"]
    subprocess.run(command, cwd=tmp_path / "handler", check=True)
    names = {path.name for path in built.rglob("*.pyc")}
    assert {name.split(".")[-2] for name in names} == {sys.implementation.cache_tag}
    assert len(list(built.rglob("*.pyc"))) == len(list(built.rglob("*.py"))) > 100
