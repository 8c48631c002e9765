"""From the words that name a source to the source, or to a message that says what is wrong with them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from framefetch.settings import BadSetting, Settings
from framefetch.sources.cloud import CloudObject, CloudSource
from framefetch.sources.locate import open_source, split_source

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "kind", "suffix"),
    [
        ("s3://films-bucket", "s3", True),
        ("s3://films-bucket/a/b/?region=eu-west-1", "s3", True),
        ("s3://films-bucket?endpoint=https://s3.example&anonymous=true", "s3", True),
        ("gs://films_bucket/a?anonymous=true", "gs", True),
        ("az://films/a?account=someone&anonymous=true", "az", False),
        ("https://films.example/a", "http", True),
        ("HTTPS://films.example", "http", True),
    ],
)
def test_every_kind_is_found(*, text: str, kind: str, suffix: bool) -> None:
    """Each form of source opens as its kind, and says whether it has suffix ranges."""
    source = open_source(text, Settings())
    assert (source.kind, source.suffix_ranges) == (kind, suffix)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("oss3://bucket", "not a source"),
        ("ftp://films.example/", "not a source"),
        ("s3://", "bucket"),
        ("s3:///a", "bucket"),
        ("s3://a", "bucket"),
        ("s3://films-bucket?endpoint=s3.example", "endpoint"),
        ("s3://films-bucket?anonymous=yes", "true or false"),
        ("s3://films-bucket?region=eu&colour=red", "colour"),
        ("s3://films-bucket/a//b", "prefix"),
        ("s3://films-bucket/../a", "prefix"),
        ("az://films?anonymous=true", "az://films"),
        ("https://user@films.example/", "user name"),
        ("https://127.1/", "valid"),
        ("/no/such/folder", "folder"),
        ("", "folder"),
    ],
)
def test_wrong_words_stop_the_start(
    text: str, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Words that name no source are a BadSetting whose message says why."""
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    if not text:
        monkeypatch.chdir(tmp_path)
        tmp_path.rmdir()
    with pytest.raises(BadSetting, match=says):
        open_source(text, Settings())


def test_a_network_that_is_none_stops_the_start() -> None:
    """A wrong FRAMEFETCH_NETWORKS is a BadSetting that names it."""
    with pytest.raises(BadSetting, match="FRAMEFETCH_NETWORKS"):
        open_source("https://films.example/", Settings(networks=("10.1.0.1/16",)))


@pytest.mark.parametrize(
    ("text", "key", "path"),
    [
        ("s3://films-bucket/a/b.mp4", "a/b.mp4", "a/b.mp4"),
        ("s3://films-bucket/a?b.mp4", "a?b.mp4", "a?b.mp4"),
        ("s3://films-bucket/a?b.mp4?region=eu-west-1", "a?b.mp4", "a?b.mp4"),
        ("s3://films-bucket/100%/a#b c.mp4", "100%/a#b c.mp4", "100%/a#b c.mp4"),
    ],
)
def test_an_object_of_a_bucket(text: str, key: str, path: str) -> None:
    """A key after a bucket is taken as it stands; options come after the last question mark."""
    source, found = split_source(text, Settings())
    assert found == key
    stored = source.open(found)
    assert isinstance(stored, CloudObject)
    assert stored.path == path


def test_a_prefix_is_put_before_the_key() -> None:
    """A source's prefix and a key make one path, with one slash between."""
    for text in ("s3://films-bucket/a/b", "s3://films-bucket/a/b/"):
        source = open_source(text, Settings())
        assert isinstance(source, CloudSource)
        assert source.open("c.mp4").path == "a/b/c.mp4"


@pytest.mark.parametrize(
    "text", ["s3://films-bucket", "s3://films-bucket/", "https://films.example/", "/", "x://y"]
)
def test_words_that_name_no_object(text: str) -> None:
    """A bucket, a folder or a host alone is no object."""
    with pytest.raises(BadSetting):
        split_source(text, Settings())


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        (".", ("obstore", "urllib3", "ssl")),
        ("https://films.example/", ("obstore",)),
        ("s3://films-bucket", ("urllib3",)),
    ],
)
def test_only_the_client_that_is_used_is_imported(text: str, unwanted: tuple[str, ...]) -> None:
    """A source imports its own client and no other: start time is paid for."""
    program = (
        "import sys; from framefetch.settings import Settings;"
        "from framefetch.sources.locate import open_source;"
        f"open_source({text!r}, Settings()); print([name for name in {unwanted!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
