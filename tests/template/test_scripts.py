"""What the scripts for AWS say before they begin."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.conftest import REPOSITORY


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
