"""Where the slim build's sources come from, and what is said when no origin has one any more."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

LAYER = REPOSITORY / "layer"
LOCK = (LAYER / "versions.lock").read_text(encoding="utf-8")
NOWHERE = 3
"""The exit code of a build that lacks a source."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The build, with a lock of which no origin has anything: they all point at what there is none of."""
    folder = tmp_path / "layer"
    folder.mkdir()
    for path in (*LAYER.glob("*.py"), LAYER / "tools.lock"):
        (folder / path.name).write_bytes(path.read_bytes())
    lines = []
    for line in LOCK.splitlines():
        name = line.partition(" = ")[0]
        if name == "upstream":
            lines.append(f'upstream = "{(tmp_path / "gone.tar.xz").as_uri()}"')
        elif name == "debian":
            lines.append(f'debian = ["", "", {line.rpartition(", ")[2]}')
        else:
            lines.append(line)
    (folder / "versions.lock").write_text("\n".join(lines), encoding="utf-8")
    return folder


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs it, with a cache of its own, and looks at what it says."""
    version = "{}.{}".format(*sys.version_info[:2])
    return subprocess.run(
        [
            sys.executable, str(folder / "build.py"), "--python", version, "--root", str(REPOSITORY),
            "--cache", str(folder / "cache"), "--output", str(folder / "dist"), *options,
        ],
        env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_no_origin_has_it(copy: Path, tmp_path: Path) -> None:
    """The build ends with its own exit code, and says which version to pin, where, and what to do instead."""
    first = tomllib.loads(LOCK)["source"][0]
    (tmp_path / "gone.tar.xz").write_bytes(b"another content")
    done = build(copy, "layer")
    assert done.returncode == NOWHERE
    assert f"{first['name']} {first['version']} is to be had nowhere" in done.stderr
    assert "gone.tar.xz has another content" in done.stderr
    assert f"pin another version of {first['name']} in layer/versions.lock" in done.stderr
    assert "--stock" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (copy / "cache" / "sources").exists()
    assert not (copy / "dist").exists()


def test_what_needs_no_sources_is_built(copy: Path) -> None:
    """Without any source there is a function all the same."""
    done = build(copy, "function")
    assert done.returncode == 0, done.stderr
    assert list((copy / "dist").glob("function-*.zip"))


def test_two_builds_are_the_same_to_the_byte(copy: Path) -> None:
    """A build has neither its time, its place nor the order of a folder in it."""
    zips = []
    for place in ("dist", "another place"):
        assert build(copy, "function", "--output", str(copy / place)).returncode == 0
        (made,) = (copy / place).glob("function-*.zip")
        zips.append(made.read_bytes())
    first, second = zips
    assert first == second


def test_a_given_source_is_known_by_its_content(copy: Path, tmp_path: Path) -> None:
    """An archive in a folder is taken under any name, if it has the sha256; then the next is missed."""
    given = tmp_path / "given"
    given.mkdir()
    (given / "anything").write_bytes(b"an archive")
    first, second = tomllib.loads(LOCK)["source"][:2]
    lock = copy / "versions.lock"
    lock.write_text(lock.read_text().replace(first["sha256"], hashlib.sha256(b"an archive").hexdigest()))
    done = build(copy, "layer", "--sources", str(given))
    assert done.returncode == NOWHERE
    assert f"{second['name']} {second['version']} is to be had nowhere (no origin answered)" in done.stderr
    assert [path.name for path in (copy / "cache" / "sources").iterdir()] == [first["debian"][2]]
