"""The manual works: its commands, its examples, its links; and it stays short."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from framefetch import __version__
from framefetch.__main__ import parser
from framefetch.access import buckets, styles
from framefetch.settings import Settings
from framefetch.signing import Keyring
from tests.conftest import REPOSITORY
from tests.docs.readme import BLOCKS, TEXT, TEXTS, block, commands
from tests.films import RECIPES, make_film
from tests.serving import FRAMEFETCH, environment, serving

if TYPE_CHECKING:
    from pathlib import Path

MOST_LINES = 300
"""Of the README without the tables and figures that programs write into it."""
OWN = [words for words in commands() if words[0] == "framefetch"]
RUN = [one for one in OWN if ("://" not in shlex.join(one) or one[1] == "sign") and one[1] != "backfill"]
"""Those of backfill are run where the page on uploads is tested."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader stands: a folder with films/sample.mp4 in it (a shorter one, which is made sooner)."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "films").mkdir()
    film = make_film(RECIPES["h264-mp4-end"], folder)
    film.path.rename(folder / "films" / "sample.mp4")
    return folder


@pytest.mark.parametrize("words", OWN, ids=shlex.join)
def test_command_is_understood(words: list[str]) -> None:
    """The command line takes every command of the README as it stands there."""
    parser().parse_args(_without_redirection(words)[1:])


@pytest.mark.parametrize("words", RUN, ids=shlex.join)
def test_command_runs(words: list[str], home: Path) -> None:
    """Every command of the README that needs no store does what it says."""
    exports = dict(one[1].split("=", 1) for one in commands() if one[0] == "export")
    arguments = _without_redirection(words)[1:]
    done = subprocess.run(
        [*FRAMEFETCH, *arguments], env=environment(exports), cwd=home, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if "snapshot" in words:
        target = words[words.index("-o") + 1]
        body = done.stdout if target == "-" else (home / target).read_bytes()
        assert body[:4] in (b"\xff\xd8\xff\xe0", b"\x89PNG")
    else:
        assert done.stdout
        assert done.stderr == b""


def _without_redirection(words: list[str]) -> list[str]:
    return [word for word in words if not word.startswith(">")]


def test_scripts_are_there() -> None:
    """Every script that the README names is there and can be run."""
    named = {word for words in commands() for word in words if word.startswith("scripts/")}
    named |= set(re.findall(r"`((?:scripts|\.ci)/\w+)", TEXT))
    assert {"scripts/serve", "scripts/test", "scripts/setup", "scripts/lint", "scripts/docs"} <= named
    assert [one for one in named if not (REPOSITORY / one).stat().st_mode & 0o100] == []


def test_url_answers(home: Path) -> None:
    """The URL to copy is answered with a picture, and every header of that is in the README."""
    found = [word for words in commands() if words[0] == "curl" for word in words if "://" in word]
    assert found
    with serving(home / "films") as server:
        for url in found:
            parts = urlsplit(url)
            assert parts.netloc == "127.0.0.1:8000"
            said = server.ask(f"{parts.path}?{parts.query}")
            assert (said.status, said.headers["content-type"].split("/")[0]) == (200, "image")
            assert [name for name in said.headers if name != "date" and name not in TEXT.lower()] == []


def test_twice_the_last_counts(home: Path) -> None:
    """Of a parameter, and of a process string, that a request has twice, the last one counts."""
    wanted, other = "x-oss-process=video/snapshot,w_32", "x-oss-process=video/snapshot,w_48"
    with serving(home / "films") as server:
        queries = (wanted, f"{other}&{wanted}", f"{other},w_32")
        answers = [server.ask(f"/sample.mp4?{query}").body for query in queries]
        assert server.ask(f"/sample.mp4?{other}").body not in answers
    assert answers == [answers[0]] * 3


def test_trace_is_as_printed(home: Path) -> None:
    """The trace that the README shows has the form of those that the program prints."""
    done = subprocess.run(
        [*FRAMEFETCH, "snapshot", "films/sample.mp4", "-o", "x.jpg", "--trace"],
        env=environment(),
        cwd=home,
        capture_output=True,
        check=True,
        text=True,
    )
    printed = [_form(line) for line in done.stderr.splitlines()]
    (shown,) = (one.text for one in BLOCKS if one.text.startswith("#  purpose"))
    assert {_form(line) for line in shown.splitlines()} <= {*printed, _form("2  tail  0-1  1  0.1")}


def test_what_examples_write_is_ignored() -> None:
    """Nothing that the commands of the manual write into a clone is there for git to add."""
    words = [word for one in commands() for word in one]
    written = {target for option, target in itertools.pairwise(words) if option == "-o" and target != "-"}
    written |= {word.removeprefix(">") for word in words if re.match(r">\w", word)}
    assert {"picture.jpg", "picture.png", "keys"} <= written
    ignored = (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [one for one in written if f"/{one}" not in ignored] == []


def test_signing_can_be_tried(home: Path) -> None:
    """The recipe of the page on signed access works: the server as it says, and the URL that sign prints."""
    (words,) = (one for one in commands() if one[-1] == "scripts/serve" and len(one) > 1)
    settings = dict(word.split("=", 1) for word in words[:-1])
    (sign,) = (one for one in OWN if one[1] == "sign" and "http://127.0.0.1:8000" in one)
    done = subprocess.run(
        [*FRAMEFETCH, *sign[1:]], env=environment(settings), capture_output=True, check=True, text=True
    )
    parts = urlsplit(done.stdout.strip())
    bucket = settings["FRAMEFETCH_BUCKET"]
    assert f"http://{parts.netloc}{parts.path}?" in TEXT
    assert parts.path == f"/{bucket}/sample.mp4"
    with serving(home / "films", settings=settings) as server:
        assert server.ask(f"{parts.path}?{parts.query}").status == 200
        assert server.ask(f"{parts.path}?x-oss-process=video/snapshot").status == 403


def _form(line: str) -> str:
    """A line of a trace without what differs from film to film and run to run."""
    line = re.sub(r"\[[.oi#]*\]", "[]", line)
    line = re.sub(r"\b(open|tail|index|samples)(?= +\d+[\d,]*-)", "purpose", line)
    return " ".join(re.sub(r"[\d,.]+(?=\D|$)|^\S+(?=: the picture)", "0", line).split())


def test_python_examples() -> None:
    """The examples in Python are valid, and the one that makes a URL makes what the command line does."""
    examples = [one.text for one in BLOCKS if one.kind == "python"]
    for text in examples:
        ast.parse(text)
    (making,) = (text for text in examples if "snapshot_url" in text)
    names: dict[str, Any] = {}
    exec(making, names)  # noqa: S102 - our own README
    assert names["url"].startswith("https://media.example.com/clips/a.mp4?x-oss-process=video%2Fsnapshot")


def test_maps_are_valid() -> None:
    """The examples of keys, buckets and styles are what these settings take."""
    assert len(Keyring.parse(block("text keys")).pairs) == 3
    named = styles.parse(block("text styles"), max_side=Settings().max_side)
    mapped = buckets.parse(block("text buckets")).buckets
    assert len(mapped) == 3
    assert {style for one in mapped for style in one.public_styles} <= named.keys()


def test_links_lead_somewhere() -> None:
    """Every relative link and picture is a file of the repository; pictures are small."""
    found = [
        (page, target) for page, text in TEXTS.items() for target in re.findall(r"\]\(([^)\s]+)\)", text)
    ]
    for page, target in found:
        if "://" in target:
            continue
        file = page.parent / target.partition("#")[0]
        assert file.exists(), target
        if file.suffix in {".jpg", ".png"}:
            assert file.stat().st_size <= 150_000
            with Image.open(file) as image:
                image.verify()


def test_short() -> None:
    """The README is short, and so is each page; what programs write into them is not counted."""
    for text in TEXTS.values():
        written = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", text, flags=re.DOTALL)
        assert written.count("\n") <= MOST_LINES
        assert max(len(line) for line in written.splitlines() if not line.startswith(("|", "!["))) <= 140


def test_changelog() -> None:
    """The changelog has a section for what is not released yet, and knows the version that this is."""
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*)$", changes, re.MULTILINE)
    assert sections[0] == "[Unreleased]"
    assert __version__ in changes
    kinds = set(re.findall(r"^### (.*)$", changes, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
