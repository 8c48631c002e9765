"""The page on uploads: its rules are valid, its commands do what they say."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore.validate import ParamValidator

from framefetch import rules
from framefetch.rules import Upload, reading
from framefetch.settings import Settings
from tests.conftest import REPOSITORY
from tests.docs.readme import TEXTS, block, commands
from tests.films import RECIPES, make_film
from tests.serving import FRAMEFETCH, environment

if TYPE_CHECKING:
    from pathlib import Path

PAGE = TEXTS[REPOSITORY / "docs" / "uploads.md"]
STYLES = {"cover": "video/snapshot,t_0,w_640,m_fast"}
BACKFILLS = [words for words in commands() if words[:2] == ["framefetch", "backfill"]]


def test_rules_are_valid() -> None:
    """The rules of the page are what the setting takes, as lines and as JSON."""
    (as_json,) = re.findall(r"`(\[\{.*\}\])`", PAGE)
    for text in (block("text on-upload"), as_json):
        assert reading.parse(text, STYLES, max_side=Settings().max_side).rules


def test_placeholders_are_told() -> None:
    """Every placeholder that a key can have is explained."""
    told = set(re.findall(r"`\{(\w+)\}`", PAGE))
    assert told == set(rules.PLACEHOLDERS)


def test_s3_batch_commands() -> None:
    """AWS's own model of its API takes what the three commands ask for."""
    model = botocore.session.Session().get_service_model("s3control")
    names = {"create-job": "CreateJob", "describe-job": "DescribeJob", "update-job-status": "UpdateJobStatus"}
    asked = [words for words in commands() if words[:2] == ["aws", "s3control"]]
    assert [words[2] for words in asked] == list(names)
    for _, _, command, *words in asked:
        given: dict[str, object] = {}
        for name, value in itertools.zip_longest(words, words[1:], fillvalue="--"):
            if name.startswith("--"):
                field = "".join(part.capitalize() for part in name.removeprefix("--").split("-"))
                given[field] = True if value.startswith("--") else _value(value)
        shape = model.operation_model(names[command]).input_shape
        report = ParamValidator().validate(given, shape)
        assert not report.has_errors(), report.generate_report()


def _value(word: str) -> object:
    if word.startswith("{"):
        return json.loads(word)
    return int(word) if word.isdecimal() else word


@pytest.mark.parametrize("words", BACKFILLS, ids=shlex.join)
def test_command_runs(words: list[str], tmp_path: Path) -> None:
    """Every command of the page that needs no store works as it stands there."""
    (tmp_path / "films").mkdir()
    film = make_film(RECIPES["h264-mp4-end"], tmp_path)
    film.path.rename(tmp_path / "films" / "a.mp4")
    done = subprocess.run(
        [*FRAMEFETCH, *words[1:]], env=environment(), cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = reading.parse(words[words.index("--rules") + 1], {}, max_side=8192)
    assert made.match(Upload("", "a.mp4"))
    assert bool(list((tmp_path / "films").glob("thumbs/*.jpg"))) is ("--dry-run" not in words)
