"""The page on uploads: its rules are valid, its commands do what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from framefetch import rules
from framefetch.rules import Upload
from framefetch.settings import Settings
from tests.conftest import REPOSITORY
from tests.films import RECIPES, make_film
from tests.serving import FRAMEFETCH, environment

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (REPOSITORY / "docs" / "uploads.md").read_text(encoding="utf-8")
STYLES = {"cover": "video/snapshot,t_0,w_640,m_fast"}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_rules_are_valid() -> None:
    """The rules of the page are what the setting takes, as lines and as JSON."""
    (lines,) = blocks("text on-upload")
    (as_json,) = re.findall(r"`(\[\{.*\}\])`", TEXT)
    for text in (lines, as_json):
        assert rules.parse(text, STYLES, max_side=Settings().max_side).rules


def test_placeholders_are_told() -> None:
    """Every placeholder that a key can have is explained."""
    told = set(re.findall(r"`\{(\w+)\}`", TEXT))
    assert told == set(rules.PLACEHOLDERS)


@pytest.mark.parametrize(
    "words",
    [
        words
        for text in blocks("sh")
        for line in text.splitlines()
        if (words := shlex.split(line))[0] == "framefetch"
    ],
    ids=shlex.join,
)
def test_command_runs(words: list[str], tmp_path: Path) -> None:
    """Every command of the page that needs no store works as it stands there."""
    (tmp_path / "films").mkdir()
    film = make_film(RECIPES["h264-mp4-end"], tmp_path)
    film.path.rename(tmp_path / "films" / "a.mp4")
    done = subprocess.run(
        [*FRAMEFETCH, *words[1:]], env=environment(), cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = rules.parse(words[words.index("--rules") + 1], {}, max_side=8192)
    assert made.match(Upload("", "a.mp4"))
    assert bool(list((tmp_path / "films").glob("thumbs/*.jpg"))) is ("--dry-run" not in words)
