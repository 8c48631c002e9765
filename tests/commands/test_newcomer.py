"""What a newcomer does by mistake: each ends in one line that says what to change, and nothing is lost."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.commands.printing import tell_fault
from tests.films import RECIPES, make_film
from tests.serving import FRAMEFETCH, environment, run, serving

if TYPE_CHECKING:
    from tests.films import Film

DONE, USAGE, CALLERS_FAULT, INTERRUPTED, PIPE_CLOSED = 0, 2, 3, 130, 141
FULL = Path("/dev/full")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("newcomer"))


def line(done: subprocess.CompletedProcess[bytes], code: int) -> str:
    """The one line that a command ended with, with this exit code."""
    assert (done.returncode, done.stdout) == (code, b""), done.stderr
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("framefetch: ")
    return lines[0]


def to(stdout: int, *arguments: str) -> tuple[int, str]:
    """Exit code and stderr of a command whose standard output is this descriptor."""
    done = subprocess.run(
        [*FRAMEFETCH, *arguments],
        env=environment(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.decode()


def test_the_video_is_not_written_over(film: Film, tmp_path: Path) -> None:
    """-o never is the video itself, whatever name it goes by."""
    path = tmp_path / "film.jpg"
    path.write_bytes(film.path.read_bytes())
    (tmp_path / "link.png").symlink_to(path)
    os.link(path, tmp_path / "same.png")
    (tmp_path / "folder").symlink_to(tmp_path)
    for source, target in (
        (path, path),
        (path, tmp_path / "link.png"),
        (tmp_path / "link.png", path),
        (path, tmp_path / "same.png"),
        (path, tmp_path / "folder" / "film.jpg"),
    ):
        said = line(run("snapshot", str(source), "-o", str(target)), USAGE)
        assert "it is the video itself" in said
    assert path.read_bytes() == film.path.read_bytes()


def test_the_ending_says_the_format(film: Film, tmp_path: Path) -> None:
    """.jpeg is jpg, in any case; an ending that says nothing is refused, unless -f says the format."""
    for name, form in (("a.jpeg", "JPEG"), ("a.PNG", "PNG"), ("a.WebP", "WEBP"), ("a", "JPEG")):
        assert run("snapshot", str(film.path), "-o", str(tmp_path / name)).returncode == DONE
        with Image.open(tmp_path / name) as image:
            assert image.format == form
    for name in ("b.gif", "b.mp4", "b.tiff", "b."):
        said = (
            line(run("snapshot", str(film.path), "-o", str(tmp_path / name)), USAGE) if name != "b." else ""
        )
        assert not said or ".jpg, .png, .webp, .avif, .jpeg, or add -f" in said
        assert not (tmp_path / name).exists()
    assert run("snapshot", str(film.path), "-f", "png", "-o", str(tmp_path / "c.img")).returncode == DONE
    with Image.open(tmp_path / "c.img") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("none.mp4", CALLERS_FAULT, "NoSuchKey: There is no file none.mp4."),
        ("none/none.mp4", CALLERS_FAULT, "NoSuchKey: There is no file none/none.mp4."),
        ("folder", USAGE, "folder is a folder: name a video in it."),
        ("folder/", USAGE, "is a folder"),
        (".", USAGE, "is a folder"),
        ("", USAGE, "names no file"),
        ("/dev/null", USAGE, "not a file that can be read"),
        ("~no-such-user/a.mp4", CALLERS_FAULT, "There is no file"),
        ("x" * 300, CALLERS_FAULT, "cannot be opened: File name too long"),
        (os.fsdecode(b"not-utf-8-\xff.mp4"), CALLERS_FAULT, "InvalidObjectName"),
    ],
)
def test_what_is_no_video_is_said(film: Film, tmp_path: Path, source: str, code: int, words: str) -> None:
    """What is not there, or is something else, is said by its name; snapshot and info say the same."""
    (tmp_path / "folder").mkdir()
    if "utf-8" in source:
        (tmp_path / source).write_bytes(film.path.read_bytes())
    assert words in line(run("snapshot", source, "-o", "a.jpg", cwd=tmp_path), code)
    assert words in line(run("info", source, cwd=tmp_path), code)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("folder", "it is a folder"),
        ("", "it is a folder"),
        ("none/a.jpg", "there is no folder none"),
        ("a.jpg/b.jpg", "there is no folder a.jpg"),
        ("/dev/full", "No space left on device"),
        (f"{'x' * 300}.jpg", "File name too long"),
    ],
)
def test_what_cannot_be_written_is_said(film: Film, tmp_path: Path, target: str, words: str) -> None:
    """Where the picture cannot go is said, and which place that was."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.jpg").touch()
    said = line(run("snapshot", str(film.path), "-o", target, cwd=tmp_path), USAGE)
    assert f"cannot write {target!r}: " in said
    assert words in said


def test_quality_and_numbers(film: Film, tmp_path: Path) -> None:
    """A quality is 1 to 100: 0 is none."""
    for quality in ("0", "101", "-1"):
        done = run("snapshot", str(film.path), "-q", quality, "-o", str(tmp_path / "a.jpg"))
        assert "--quality is 1 to 100" in line(done, USAGE)
    assert run("snapshot", str(film.path), "-q", "1", "-o", str(tmp_path / "a.jpg")).returncode == DONE


def commands(film: Film) -> tuple[tuple[str, ...], ...]:
    """Commands that write to standard output."""
    rules = "*.mp4=video/snapshot,t_0=thumbs/{stem}-{etag}.{ext}"
    return (
        ("settings",),
        ("info", str(film.path)),
        ("snapshot", str(film.path), "-o", "-"),
        ("backfill", str(film.path.parent), "--rules", rules, "--dry-run"),
        ("snapshot", "--help"),
    )


def test_a_pipe_that_nobody_reads(film: Film) -> None:
    """`| head` ends a command without a word, and with the exit code that shells give for it."""
    for arguments in commands(film):
        reader, writer = os.pipe()
        os.close(reader)
        code, said = to(writer, *arguments)
        os.close(writer)
        # argparse itself says nothing of help that nobody reads.
        assert code == PIPE_CLOSED or (code == DONE and "--help" in arguments)
        assert not said


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk(film: Film) -> None:
    """What cannot be written to standard output is one line, whichever command it was."""
    for arguments in commands(film)[:-1]:
        with FULL.open("wb") as full:
            code, said = to(full.fileno(), *arguments)
        assert (code, said.count("\n")) == (USAGE, 1), said
        assert "standard output cannot be written: No space left on device" in said


def test_outputs_that_are_closed(film: Film, tmp_path: Path) -> None:
    """A closed standard output is said, and a closed stderr is no fault: the picture is made."""
    quoted = f"'{film.path}'"
    command = f"{FRAMEFETCH[0]} -m framefetch"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} info {quoted} >&-"],
        env=environment(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert line(done, USAGE) == "framefetch: standard output is closed."
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} snapshot {quoted} --trace -o - 2>&-"],
        env=environment(), capture_output=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == DONE
    assert Image.open(io.BytesIO(done.stdout)).format == "JPEG"


def test_a_picture_does_not_go_to_a_terminal(film: Film) -> None:
    """-o - into a terminal would be noise there, and is refused."""
    ours, theirs = pty.openpty()
    code, said = to(theirs, "snapshot", str(film.path), "-o", "-")
    os.close(theirs)
    os.close(ours)
    assert code == USAGE
    assert "would write a picture to the terminal" in said


def test_any_encoding_of_the_terminal() -> None:
    """Help and settings are printed, whatever characters the terminal lacks."""
    for words in (("snapshot", "--help"), ("backfill", "--help"), ("settings",)):
        done = subprocess.run(
            [*FRAMEFETCH, *words],
            env=environment() | {"PYTHONIOENCODING": "ascii"},
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (DONE, b"")
        assert done.stdout.isascii()


def test_names_give_a_terminal_no_orders(film: Film, tmp_path: Path) -> None:
    """Control characters of names are printed as their numbers."""
    name = "a\x1b[31m\nb.jpg"
    done = run("snapshot", str(film.path), "-o", str(tmp_path / name))
    assert (done.returncode, done.stderr.count(b"\n")) == (DONE, 1)
    assert b"a\\x1b[31m\\nb.jpg: the picture" in done.stderr
    assert (tmp_path / name).exists()


def test_why_a_store_could_not_be_read(tmp_path: Path) -> None:
    """Of a store's fault the command line says what the log says, too."""
    for source, why in (
        ("http://127.0.0.1:1/a.mp4", "(NewConnectionError: Connection refused)"),
        ("http://no-such-host.invalid/a.mp4", "(NameResolutionError: "),
    ):
        assert why in line(run("snapshot", source, "-o", str(tmp_path / "a.jpg")), 4)


def test_ctrl_c_while_a_store_is_silent(tmp_path: Path) -> None:
    """Ctrl-C ends a command that waits for a store, without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.mp4"
        command = [*FRAMEFETCH, "snapshot", address, "-o", str(tmp_path / "a.jpg")]
        with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE) as process:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                process.send_signal(signal.SIGINT)
                process.wait(60)
            assert process.communicate(timeout=60)[1] == b""
            assert process.returncode == INTERRUPTED


def test_where_serve_cannot_listen(film: Film) -> None:
    """A port that is taken, or none, or a host that is not ours is wrong usage, in one line."""
    folder = str(film.path.parent)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = line(run("serve", folder, "--port", port), USAGE)
        assert said == f"framefetch: cannot listen on 127.0.0.1:{port}: Address already in use."
    for port in ("-1", "65536"):
        assert "from 0 to 65535" in line(run("serve", folder, "--port", port), USAGE)
    for host in ("no-such-host.invalid", "192.0.2.1", "x" * 70):
        assert "cannot listen on " in line(run("serve", folder, "--host", host, "--public"), USAGE)


def test_a_folder_that_is_not_empty_gets_no_sample(film: Film, tmp_path: Path) -> None:
    """Only an empty folder gets a film of ours; what is to be tried is a film, where there is one."""
    (tmp_path / "2024").mkdir()
    with serving(tmp_path) as server:
        assert "/VIDEO?x-oss-process=" in server.greeting[-1]
    assert [one.name for one in tmp_path.iterdir()] == ["2024"]
    (tmp_path / "a-list.txt").touch()
    (tmp_path / "film.MP4").write_bytes(film.path.read_bytes())
    with serving(tmp_path) as server:
        assert "/film.MP4?x-oss-process=" in server.greeting[-1]
    assert "cannot be used: " in line(run("serve", "/proc/none", "--port", "0"), USAGE)
    assert "is not a folder" in line(run("serve", "~no-such-user/films", "--port", "0", cwd=tmp_path), USAGE)


def test_help_says_what_a_command_does() -> None:
    """Each command's own help begins with what it does."""
    for command in ("serve", "snapshot", "info", "backfill", "sign", "settings"):
        done = run(command, "--help")
        assert (done.returncode, done.stderr) == (DONE, b"")
        after_usage = done.stdout.decode().split("\n\n")[1]
        assert re.match(r"[A-Z][a-z]+s ", after_usage), after_usage


def test_a_fault_of_ours_comes_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """What is to be reported to us is there to be reported; of all else there is one line."""
    assert tell_fault("InternalError", "We encountered an internal error.", 500, "Traceback:\n  here") == 1
    assert capsys.readouterr().err.splitlines() == [
        "framefetch: InternalError: We encountered an internal error.",
        "Traceback:",
        "  here",
    ]
    assert tell_fault("SourceBusy", "The store is busy.", 503, "503 Slow Down\nand more") == 4
    assert capsys.readouterr().err == "framefetch: SourceBusy: The store is busy. (503 Slow Down)\n"
    assert tell_fault("AccessDenied", "Not you.", 403, "a secret of the store") == 3
    assert capsys.readouterr().err == "framefetch: AccessDenied: Not you.\n"
