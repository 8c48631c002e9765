"""What a layer says of itself: licences and a bill of materials, also of packages whose wheel brings none."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

_MADE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import tree
site, target = Path(sys.argv[2]), Path(sys.argv[3])
tree.licences(site, target, None)
print(tree.bill_of_materials("layer", site, []))
"""


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ("License-Expression: MIT", "MIT"),
        ("License: BSD-3-Clause", "BSD-3-Clause"),
        ("Classifier: License :: OSI Approved :: MIT License\nClassifier: Typing :: Typed", "MIT License"),
    ],
)
@pytest.mark.parametrize("paper", ["LICENSE", ""])
def test_every_package_has_its_licence(tmp_path: Path, fields: str, licence: str, paper: str) -> None:
    """The licence is in the layer and in the bill; without a text of it, what the package says is there."""
    info = tmp_path / "site" / "one-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: one\nVersion: 1.0\n{fields}\n\nA package.\n"
    )
    if paper:
        (info / paper).write_text("You may.")
    done = subprocess.run(
        [sys.executable, "-c", _MADE, REPOSITORY / "layer", tmp_path / "site", tmp_path / "licences"],
        capture_output=True,
        check=True,
        text=True,
    )
    (component,) = json.loads(done.stdout)["components"]
    assert component["licenses"] == [{"license": {"name": licence}}]
    assert [one.name for one in (tmp_path / "licences" / "one-1.0").iterdir()] == [paper or "METADATA"]
