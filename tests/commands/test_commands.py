"""The command line, run as a process: what it writes, what it says, and with which exit code."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.commands.snapshot import parse_time_ms
from framefetch.server.sample import read_frame_number
from framefetch.settings import BadSetting, Settings
from tests.films import RECIPES, make_film
from tests.serving import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.films import Film

DONE, OUR_FAULT, USAGE, CALLERS_FAULT, SOURCES_FAULT = 0, 1, 2, 3, 4


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("commands"))


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on stderr of a command that failed."""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert done.stdout == b""
    assert lines[0].startswith("framefetch: ")
    return lines[0]


def number_in(picture: bytes) -> int:
    return read_frame_number(Image.open(io.BytesIO(picture)))


def test_snapshot_writes_the_picture(film: Film, tmp_path: Path) -> None:
    """The picture at a time goes to the file that was named, in its name's format, and one line says so."""
    for name, form in (("a.jpg", "JPEG"), ("a.png", "PNG"), ("a", "JPEG")):
        target = tmp_path / name
        done = run("snapshot", str(film.path), "-t", "1.2s", "-o", str(target))
        assert (done.returncode, done.stdout) == (DONE, b"")
        assert done.stderr.decode().splitlines() == [f"{target}: the picture at 1200.000 ms"]
        with Image.open(target) as image:
            assert image.format == form
        assert number_in(target.read_bytes()) == film.exact(1200).number


def test_snapshot_to_standard_output(film: Film) -> None:
    """-o - writes the picture, and nothing but it, to standard output; every option reaches the service."""
    done = run(
        "snapshot",
        str(film.path),
        "-t",
        "1500",
        "-W",
        "160",
        "--height",
        "90",
        "-f",
        "png",
        "--fast",
        "-o",
        "-",
    )
    assert (done.returncode, done.stderr) == (DONE, b"")
    image = Image.open(io.BytesIO(done.stdout))
    wanted = film.fast(1500)
    assert wanted is not None
    assert (image.format, image.size, read_frame_number(image)) == ("PNG", (160, 90), wanted.number)
    done = run("snapshot", str(film.path), "--rotate", "h", "-o", "-")
    assert Image.open(io.BytesIO(done.stdout)).size == (108, 192)


def test_trace(film: Film) -> None:
    """--trace tells each range with purpose, bytes and ms, and draws them on the file; same picture."""
    plain = run("snapshot", str(film.path), "-o", "-")
    done = run("snapshot", str(film.path), "--trace", "-o", "-")
    assert (done.returncode, done.stdout) == (DONE, plain.stdout)
    text = done.stderr.decode()
    header, first, *_ = text.splitlines()
    assert header.split() == ["#", "purpose", "range", "bytes", "ms"]
    size = film.path.stat().st_size
    assert re.fullmatch(r"\s*1\s+open\s+0-[\d,]+\s+[\d,]+\s+[\d.]+", first)
    bar = re.search(r"^0 \[(.{64})\] ([\d,]+)$", text, re.MULTILINE)
    assert bar
    assert set(bar[1]) <= set("oi#.")
    assert bar[1] != "." * 64
    assert int(bar[2].replace(",", "")) == size
    sums = re.search(r"^(\d+) requests?, ([\d,]+) bytes, [\d.]+% of the file$", text, re.MULTILINE)
    assert sums
    rows = re.findall(
        r"^\s*\d+\s+(?:open|index|samples|block)\s+[-\d,]+\s+([\d,]+)\s+[\d.]+$", text, re.MULTILINE
    )
    assert len(rows) == int(sums[1])
    assert sum(int(one.replace(",", "")) for one in rows) == int(sums[2].replace(",", ""))
    assert "decode" in text
    assert re.search(r"^1 request, ", run("info", str(film.path), "--trace").stderr.decode(), re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("0", 0), ("17000", 17000), ("17s", 17000), ("17.25s", 17250), ("250ms", 250), ("1.5m", 90_000),
        ("2h", 7_200_000), ("00:00:17.5", 17500), ("1:02:03", 3_723_000), ("02:03", 123_000),
        ("2:3.0625", 123_062), ("100:00:00", 360_000_000),
    ],
)  # fmt: skip
def test_times(text: str, at_ms: int) -> None:
    """Milliseconds are bare numbers; seconds, minutes, hours and clock times say what they are."""
    assert parse_time_ms(text) == at_ms


@pytest.mark.parametrize(
    "text",
    ["", " ", "s", "-1", "+5", "1,5s", "17 s", "17sec", "1e3", "00:00:17:00", ":17", "17:", "1:2:3:4", "٣",
     "٣s", "00:99:00", "00:00:60", "nan", "infs"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    """Anything else is refused, with the forms that are taken."""
    with pytest.raises(BadSetting, match="17s, 17000"):
        parse_time_ms(text)


def test_bad_usage(film: Film, tmp_path: Path) -> None:
    """A word that means nothing is wrong usage: exit code 2, one line that says what to write instead."""
    source, target = str(film.path), str(tmp_path / "a.jpg")
    for arguments, word in (
        (("-t", "soon"), "17s"),
        (("-t", "9" * 30), "value"),
        (("-W", "-5"), "--width"),
        (("-W", "999999"), "8192"),
    ):
        done = run("snapshot", source, *arguments, "-o", target)
        assert done.returncode in (USAGE, CALLERS_FAULT)
        assert word in said(done), done.stderr
    assert not (tmp_path / "a.jpg").exists()
    wrong: tuple[tuple[str, ...], ...] = (
        (),
        ("nonsense",),
        ("snapshot",),
        ("snapshot", source),
        ("serve", "--port", "x"),
    )
    for words in wrong:
        done = run(*words)
        assert done.returncode == USAGE
        assert b"usage: framefetch" in done.stderr


def test_callers_fault(film: Film, tmp_path: Path) -> None:
    """What the service answers with 4xx is exit code 3, in one line with OSS's code and a hint."""
    empty, text = tmp_path / "empty.mp4", tmp_path / "text.mp4"
    empty.touch()
    text.write_text("This is not a film.\n" * 100)
    for source, code in ((empty, "BadRequest"), (text, "BadRequest"), (tmp_path / "none.mp4", "NoSuchKey")):
        done = run("snapshot", str(source), "-o", str(tmp_path / "a.jpg"))
        assert done.returncode == CALLERS_FAULT
        assert said(done).startswith(f"framefetch: {code}: ")
    assert not (tmp_path / "a.jpg").exists()


def test_sources_fault(tmp_path: Path) -> None:
    """A store that cannot be reached is exit code 4."""
    done = run("snapshot", "http://127.0.0.1:1/a.mp4", "-o", str(tmp_path / "a.jpg"))
    assert done.returncode == SOURCES_FAULT
    assert said(done).startswith("framefetch: SourceError: ")
    assert said(done).endswith("?")


def test_bad_source_and_target(film: Film, tmp_path: Path) -> None:
    """A source that means nothing, and a file that cannot be written, are wrong usage."""
    for source in ("ftp://host/a.mp4", "s3://bucket", "https://host/"):
        done = run("snapshot", source, "-o", str(tmp_path / "a.jpg"))
        assert done.returncode == USAGE
        said(done)
    done = run("snapshot", str(film.path), "-o", str(tmp_path / "no" / "a.jpg"))
    assert done.returncode == USAGE
    assert "cannot write" in said(done)


def test_name_with_odd_characters(film: Film, tmp_path: Path) -> None:
    """A file's name is taken as it is, whatever it would mean in a URL; relative paths work as well."""
    for name in ("a b+c%41#d?e&f=g.mp4", "ä中\U0001f3ac.mp4", "x-oss-process=.mp4"):
        (tmp_path / name).write_bytes(film.path.read_bytes())
        done = run("snapshot", name, "-t", "400", "-o", "-", cwd=tmp_path)
        assert done.returncode == DONE, done.stderr
        assert number_in(done.stdout) == film.exact(400).number


def test_settings_prints_every_setting() -> None:
    """Each setting with its variable, value, meaning and what it takes; a changed one with its default."""
    done = run("settings", settings={"FRAMEFETCH_QUALITY": "70"})
    assert (done.returncode, done.stderr) == (DONE, b"")
    text = done.stdout.decode()
    for row in Settings.table():
        assert re.search(rf"^{row.variable}=", text, re.MULTILINE)
        assert row.meaning in text
        assert row.kind.takes in text
    assert "FRAMEFETCH_QUALITY=70 (default 85)\n" in text
    assert "FRAMEFETCH_ASPECT=display\n" in text


@pytest.mark.parametrize(
    ("variable", "value", "takes"),
    [
        ("FRAMEFETCH_QUALITY", "0", "from 1 to 100"),
        ("FRAMEFETCH_QUALITY", "101", "from 1 to 100"),
        ("FRAMEFETCH_QUALITY", "high", "from 1 to 100"),
        ("FRAMEFETCH_QUALITY", "", "from 1 to 100"),
        ("FRAMEFETCH_ASPECT", "Display", "display or coded"),
        ("FRAMEFETCH_TIMEOUT_S", "nan", "from 0.1 to 900"),
        ("FRAMEFETCH_TIMEOUT_S", "0", "from 0.1 to 900"),
        ("FRAMEFETCH_MAX_SIDE", "1e3", "from 16 to 65500"),
    ],
)
def test_bad_setting_stops_the_start(variable: str, value: str, takes: str) -> None:
    """A bad value ends every command before it does anything, and names variable, value and range."""
    with pytest.raises(BadSetting) as caught:
        Settings.from_environment({variable: value})
    for part in (variable, repr(value), takes):
        assert part in str(caught.value)


def test_bad_setting_is_one_line(film: Film, tmp_path: Path) -> None:
    """Each command says it in one line, with exit code 2; an unknown variable of ours is one, too."""
    for settings in ({"FRAMEFETCH_QUALITY": "900"}, {"FRAMEFETCH_QUALTY": "90"}):
        for command in (
            ("settings",),
            ("serve", str(tmp_path)),
            ("snapshot", str(film.path), "-o", str(tmp_path / "a.jpg")),
        ):  # fmt: skip
            done = run(*command, settings=settings)
            assert done.returncode == USAGE
            assert next(iter(settings)) in said(done)
    assert not list(tmp_path.iterdir())


def test_every_setting_holds_its_bounds() -> None:
    """Each number takes its lowest and highest value, and refuses what is beyond them."""
    for row in Settings.table():
        bounds = re.search(r"from ([\d.]+) to ([\d.e+]+)$", row.kind.takes)
        if bounds is None:
            continue
        low, high = (float(one) for one in bounds.groups())
        for value in (low, high):
            text = f"{value:.0f}" if value == int(value) else str(value)
            assert row.read(text) == value
        for value in (low - 1, high + 1):
            with pytest.raises(BadSetting):
                row.read(f"{value:.0f}")


def test_version_and_help() -> None:
    """--version names the version; --help lists the commands and the exit codes."""
    assert re.fullmatch(rb"framefetch \d+\.\d+\.\d+.*\n", run("--version").stdout)
    text = run("--help").stdout
    for word in (b"serve", b"snapshot", b"settings", b"Exit codes: 0"):
        assert word in text


def test_turned_film(tmp_path: Path) -> None:
    """--rotate auto gives a turned film upright."""
    film = make_film(replace(RECIPES["turn-90"], name="turned", count=4), tmp_path)
    done = run("snapshot", str(film.path), "--rotate", "auto", "-o", "-")
    assert Image.open(io.BytesIO(done.stdout)).size == film.upright
    assert number_in(done.stdout) == 0


@pytest.mark.parametrize(("time", "after_ms"), [("50%", 800), ("auto", 100)])
def test_times_that_the_film_decides(film: Film, tmp_path: Path, time: str, after_ms: int) -> None:
    """``-t 50%`` and ``-t auto`` write the picture that the service takes for ``t_50p`` and ``t_auto``."""
    target = tmp_path / "picture.jpg"
    done = run("snapshot", str(film.path), "-t", time, "-o", str(target))
    assert done.returncode == 0, done.stderr
    assert target.read_bytes()[:2] == b"\xff\xd8"
    taken_ms = re.search(r"the picture at ([\d.]+) ms", done.stderr.decode())
    assert taken_ms is not None
    assert float(taken_ms[1]) >= after_ms


def test_info_prints_the_facts(film: Film) -> None:
    """``framefetch info`` prints what video/info answers."""
    done = run("info", str(film.path))
    assert (done.returncode, done.stderr) == (DONE, b"")
    facts = json.loads(done.stdout)
    assert (facts["VideoStreams"][0]["Width"], facts["Size"]) == (film.width, film.path.stat().st_size)
