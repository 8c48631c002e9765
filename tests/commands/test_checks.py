"""Settings that are texts of their own kind: what is wrong with one ends the start, wherever it is used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from framefetch.settings import BadSetting, Settings
from framefetch.texts import check
from tests.serving import run

if TYPE_CHECKING:
    from pathlib import Path

USAGE = 2
ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("ON_UPLOAD", "*.mp4=video/snapshot,t_0", "=PLACE"),
        ("ON_UPLOAD", "*.mp4=video/snapshot=s3://b/t/{etag}.jpg?region=eu-west-1&size=1", "not an option"),
        ("NETWORKS", "10.1", "networks as 10.1.0.0/16"),
        ("NETWORKS", "10.1.0.1/16", "networks as 10.1.0.0/16"),
        ("BUCKET", "A", "3 to 63 of a-z, 0-9 and -"),
        ("BUCKETS", "films", "HOST=BUCKET=SOURCE"),
        ("BUCKETS", "# none", "no bucket"),
        ("BUCKETS", "=films=ftp://host/films", "is not a source"),
        ("SOURCE", "ftp://host/films", "is not a source"),
        ("KEYS", "id-without-its-secret", "has no secret"),
        ("KEYS", "arn:aws:s3:::films", "is not the ARN of a secret"),
        ("STYLES", "cover", "NAME=video/snapshot"),
        ("STYLES", "cover=video/snapshot,t_x", "the style cover"),
        ("STYLE_ONLY", "true", "FRAMEFETCH_STYLES has none"),
        ("SAVE_TO", "thumbs", "BUCKET/PREFIX"),
        ("CORS", "app.example.com", "is not an origin"),
    ],
)
def test_what_is_read_where_it_is_used_is_checked_at_the_start(name: str, value: str, rule: str) -> None:
    """One line names the variable and what it takes."""
    with pytest.raises(BadSetting) as caught:
        check(Settings.from_environment({f"FRAMEFETCH_{name}": value}))
    said = str(caught.value)
    assert f"FRAMEFETCH_{name}" in said
    assert rule in said
    assert "\n" not in said


def test_rules_make_pictures() -> None:
    """A rule whose pictures take all of the bucket that films arrive in would make none."""
    rules = "*.mp4=video/snapshot=s3://films/{key}-{etag}.jpg"
    check(Settings(on_upload=rules))
    check(Settings(on_upload=rules, source="s3://uploads?region=eu-west-1&anonymous=true"))
    with pytest.raises(BadSetting, match="FRAMEFETCH_ON_UPLOAD is not valid: the rule that writes"):
        check(Settings(on_upload=rules, source="s3://films?region=eu-west-1&anonymous=true"))


def test_places_are_of_buckets_that_are_served() -> None:
    """Where the settings say which bucket is served, a place is in it; else the command line will say."""
    check(Settings(save_to=("films/thumbs/",)))
    check(Settings(save_to=("films/thumbs/",), bucket="films"))
    check(Settings(save_to=("films/thumbs/",), source="oss://films?region=cn-hangzhou&anonymous=true"))
    with pytest.raises(BadSetting, match="one that is served: others"):
        check(Settings(save_to=("films/thumbs/",), bucket="others"))


def test_a_check_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that a cloud holds are not fetched, and folders need not be there yet."""

    def fail(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr("framefetch.access.grants.fetch", fail)
    check(Settings(keys=ARN, source="/none/films", on_upload="*=video/sprite=/none/{etag}.{ext}"))


@pytest.mark.parametrize("command", ["settings", "serve"])
def test_commands_check(command: str, tmp_path: Path) -> None:
    """`settings` and `serve` end with one line and exit code 2, before anything is made."""
    arguments = (command, str(tmp_path)) if command == "serve" else (command,)
    done = run(*arguments, settings={"FRAMEFETCH_ON_UPLOAD": "*.mp4=video/snapshot,t_0"})
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert re.fullmatch(rb"framefetch: FRAMEFETCH_ON_UPLOAD is not valid: [^\n]+\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_map_and_a_source_are_one_too_many(tmp_path: Path) -> None:
    """A source on the command line does not silently take the place of a map of buckets."""
    done = run("serve", str(tmp_path), settings={"FRAMEFETCH_BUCKETS": f"a.example=films={tmp_path}"})
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert b"FRAMEFETCH_BUCKETS" in done.stderr
    assert str(tmp_path).encode() in done.stderr
