"""``framefetch backfill`` as its users run it: a process of its own, over real stores."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.serving import FRAMEFETCH, environment, run
from tests.uploads.conftest import S3, Folder, Oss, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.films.shelf import Shelf

RULES = "*.mp4=video/snapshot,t_0,w_96,m_fast=thumbs/{stem}-{etag}.{ext}"


def backfill(store: Store, *more: str) -> subprocess.CompletedProcess[bytes]:
    return run("backfill", store.source, "--rules", RULES, *more)


def test_makes_what_is_missing(store: Store, film: bytes) -> None:
    """Every film gets its picture; a second run finds them there and writes nothing; new films are seen."""
    for name in ("a", "deep/b c+ä", "c"):
        store.put(f"{name}.mp4", film)
    store.put("notes.txt", b"no film")
    dry = backfill(store, "--dry-run")
    assert (dry.returncode, len(dry.stdout.splitlines())) == (0, 3)
    done = backfill(store, "-j", "2")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rb"3 films in [0-9.]+ s: 3 written\n", done.stderr)
    pictures = [key for key in store.names() if key.startswith("thumbs/")]
    assert {f"{line.decode().partition(' -> ')[2]}" for line in dry.stdout.splitlines()} == set(pictures)
    written = store.modified()
    again = backfill(store)
    assert (again.returncode, again.stderr.rpartition(b": ")[2]) == (0, b"3 present\n")
    assert store.modified() == written
    store.put("d.mp4", film)
    assert backfill(store).stderr.rpartition(b": ")[2] == b"3 present, 1 written\n"


def test_prefix(s3: S3, film: bytes) -> None:
    """Only what is below the source's prefix is looked at, and rules see whole keys."""
    for name in ("a/x.mp4", "b/y.mp4"):
        s3.put(name, film)
    rules = "a/*.mp4=video/snapshot,w_96=thumbs/{stem}-{etag}.{ext}"
    source = s3.source.replace("?", "/a?")
    done = run("backfill", source, "--rules", rules)
    assert (done.returncode, done.stderr.rpartition(b": ")[2]) == (0, b"1 written\n")
    assert len(s3.names()) == 3


def test_films_at_fault(tmp_path: Path, film: bytes, films: Shelf) -> None:
    """A film of which no picture can be had is named, the others are made, and the exit code is 3."""
    store = Folder(tmp_path)
    store.put("good.mp4", film)
    store.put("bad.mp4", films.refused("text").read_bytes())
    done = backfill(store)
    assert done.returncode == 3
    first, last = done.stderr.decode().splitlines()
    assert re.fullmatch(r"bad\.mp4: faulty: not supported format\..*", first)
    assert last.endswith("1 faulty, 1 written")
    again = backfill(store)
    assert (again.returncode, again.stderr.rpartition(b": ")[2]) == (0, b"2 present\n")


def test_store_at_fault(s3: S3) -> None:
    """A store that cannot be listed ends the run with exit code 4 or 3 and one line that says why."""
    gone = s3.source.replace(s3.bucket, "no-such-bucket")
    done = run("backfill", gone, "--rules", RULES)
    assert (done.returncode, done.stderr.startswith(b"framefetch: NoSuchBucket: ")) == (3, True)
    done = run("backfill", "s3://films?endpoint=http://127.0.0.1:1", "--rules", RULES)
    assert (done.returncode, done.stderr.startswith(b"framefetch: SourceError: ")) == (4, True)


def test_rules_from_a_file(tmp_path: Path, film: bytes) -> None:
    """Rules may be in a file, or in FRAMEFETCH_ON_UPLOAD; without any, or with bad ones, usage is wrong."""
    store = Folder(tmp_path / "films")
    store.put("a.mp4", film)
    (tmp_path / "rules.txt").write_text(f"# covers\n{RULES}\n")
    done = run("backfill", store.source, "--rules", str(tmp_path / "rules.txt"), "--dry-run")
    assert (done.returncode, done.stdout.startswith(b"a.mp4 -> thumbs/a-")) == (0, True)
    done = run("backfill", store.source, "--dry-run", settings={"FRAMEFETCH_ON_UPLOAD": RULES})
    assert done.stdout.startswith(b"a.mp4 -> thumbs/a-")
    for arguments in ([], ["--rules", "none.txt"], ["--rules", "a*=b"], ["--rules", RULES, "-j", "0"]):
        done = run("backfill", store.source, *arguments)
        assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert run("backfill", "https://example.com/x", "--rules", RULES).returncode == 2


@contextmanager
def on_a_terminal(
    store: Folder, rules: str, columns: int = 80
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command with a terminal for its stderr, and the descriptor from which that is read."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with subprocess.Popen(
        [*FRAMEFETCH, "backfill", store.source, "--rules", rules, "-j", "1"],
        env=environment(),
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        yield process, ours
    os.close(ours)


def test_bar_and_interrupt(tmp_path: Path, film: bytes) -> None:
    """A terminal shows a bar; Ctrl-C ends with a summary and whole pictures; a next run goes on."""
    store = Folder(tmp_path)
    for number in range(60):
        store.put(f"{number}.mp4", film)
    with on_a_terminal(store, RULES) as (process, ours):
        seen = b""
        while b"films: " not in seen and b" of " not in seen:
            seen += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        assert process.wait(60) == 130
    assert re.search(rb"\[#*\.*\] \d+ of \d+\+?: ", seen)
    assert re.search(rb"\d+ films in [0-9.]+ s: \d+ written\r\n$", seen)
    done = backfill(store)
    assert done.returncode == 0
    pictures = [key for key in store.names() if key.startswith("thumbs/")]
    assert len(pictures) == 60
    assert all(store.get(key).body.endswith(b"\xff\xd9") for key in pictures)
    assert not [key for key in store.names() if ".framefetch-" in key]


def test_several_sources(tmp_path: Path, film: bytes, films: Shelf) -> None:
    """Each folder that is named gets its own pictures, and what is told says in which one a film is."""
    one, two = Folder(tmp_path / "one"), Folder(tmp_path / "two")
    one.put("a.mp4", film)
    two.put("a.mp4", film)
    two.put("b.mp4", films.refused("text").read_bytes())
    dry = run("backfill", one.source, two.source, "--rules", RULES, "--dry-run")
    assert [line.partition(" -> ")[0] for line in dry.stdout.decode().splitlines()] == [
        f"{one.source}/a.mp4",
        f"{two.source}/a.mp4",
        f"{two.source}/b.mp4",
    ]
    assert re.fullmatch(rb"3 films in [0-9.]+ s: 3 missing\n", dry.stderr)
    done = run("backfill", one.source, two.source, "--rules", RULES)
    assert done.returncode == 3
    first, last = done.stderr.decode().splitlines()
    assert first.startswith(f"{two.source}/b.mp4: faulty: ")
    assert last.endswith("1 faulty, 2 written")
    for store in (one, two):
        (picture,) = (key for key in store.names() if key.endswith(".jpg"))
        assert picture.startswith("thumbs/a-")
    again = run("backfill", one.source, two.source, "--rules", RULES, "--dry-run")
    assert (again.returncode, again.stdout) == (0, b"")
    assert again.stderr.endswith(b": none missing\n")


def test_buckets_of_one_name(s3: S3, oss: Oss, film: bytes) -> None:
    """Buckets of the same name in two stores are two."""
    s3.put("a.mp4", film)
    oss.bucket = s3.bucket
    oss.put("b.mp4", film)
    done = run("backfill", s3.source, oss.source, "--rules", RULES)
    assert (done.returncode, done.stderr.rpartition(b": ")[2]) == (0, b"2 written\n")
    assert sorted(name.partition("-")[0] for name in s3.names()) == ["a.mp4", "thumbs/a"]
    assert sorted(name.partition("-")[0] for name in oss.names()) == ["b.mp4", "thumbs/b"]


def test_rules_as_json(tmp_path: Path, film: bytes) -> None:
    """--rules takes JSON, too, and what is wrong with it is said of --rules."""
    store = Folder(tmp_path / "films")
    store.put("a.mp4", film)
    rules = '[{"match": "*.mp4", "process": "video/snapshot,t_0", "to": "thumbs/{stem}-{etag}.{ext}"}]'
    done = run("backfill", store.source, "--rules", rules, "--dry-run")
    assert done.stdout.startswith(b"a.mp4 -> thumbs/a-")
    (tmp_path / "bad.json").write_text('[{"match": ')
    for given, words in (
        ('[{"x": 1}]', b"--rules is not valid: entry 1"),
        ("[{", b"--rules is not valid: the rules: not valid JSON"),
        (str(tmp_path / "bad.json"), b"bad.json is not valid: the rules: not valid JSON"),
        (str(tmp_path), b"is neither a file nor a rule"),
        ("# nothing = but = a remark", b"there are no rules"),
        ("[]", b"there are no rules"),
    ):
        done = run("backfill", store.source, "--rules", given)
        assert (done.returncode, done.stderr.count(b"\n")) == (2, 1), done.stderr
        assert words in done.stderr
    done = run("backfill", store.source, "--rules", RULES, settings={"FRAMEFETCH_ON_UPLOAD": "nonsense"})
    assert (done.returncode, done.stderr.rpartition(b": ")[2]) == (0, b"1 written\n")


def test_rules_that_are_for_nothing(tmp_path: Path) -> None:
    """Where no rule is for what is there, that is said; an empty folder has nothing to do."""
    store = Folder(tmp_path)
    assert backfill(store).stderr.endswith(b": nothing to do\n")
    store.put("a.webm", b"")
    store.put("b.webm", b"")
    assert backfill(store).stderr.endswith(b": no rule is for any of 2 objects\n")


def test_odd_names(tmp_path: Path, film: bytes) -> None:
    """A name that is not UTF-8 gets no picture, and ends nothing; control characters are not printed."""
    store = Folder(tmp_path)
    store.put(os.fsdecode(b"a-\xff.mp4"), film)
    store.put("b\n\x1b[31m.mp4", film)
    done = backfill(store, "--dry-run")
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 1)
    assert done.stdout.startswith(b"b\\n\\x1b[31m.mp4 -> ")
    done = backfill(store)
    assert (done.returncode, done.stderr.rpartition(b": ")[2]) == (0, b"1 ignored, 1 written\n")


def test_a_bar_fits_its_line(tmp_path: Path, film: bytes) -> None:
    """On a narrow terminal the bar is cut, or each drawing of it would be a line of its own."""
    store = Folder(tmp_path)
    for number in range(12):
        store.put(f"{number}.mp4", film)
    # Large enough for more than one drawing of the bar.
    rules = "*.mp4=video/snapshot,w_2400,f_png=thumbs/{stem}-{etag}.{ext}"
    with on_a_terminal(store, rules, columns=40) as (process, ours):
        seen = b""
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:
            pass
        assert process.wait(60) == 0
    bars = re.findall(rb"\x1b\[K(\[[#.]+[^\r\n]*)", seen)
    assert bars
    assert max(map(len, bars)) <= 39


def test_a_place_inside_the_folder(tmp_path: Path, film: bytes) -> None:
    """Pictures that a path leads back into the folder of the films are no films the next time."""
    store = Folder(tmp_path / "films")
    store.put("a.mp4", film)
    (tmp_path / "films" / "thumbs").mkdir()
    rules = "*=video/snapshot,w_96=./films/thumbs/{name}-{etag}.{ext}"
    for outcome in (b"1 written\n", b"1 present\n"):
        done = run("backfill", "films", "--rules", rules, cwd=tmp_path)
        assert (done.returncode, done.stderr.rpartition(b": ")[2]) == (0, outcome)
    assert len(store.names()) == 2
    done = run("backfill", "films", "--rules", "*=video/snapshot=./films/{name}-{etag}.{ext}", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(
        b"framefetch: --rules is not valid: the rule that writes {name}-{etag}.{ext} "
    )
