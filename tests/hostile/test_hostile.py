"""Hostile files are the caller's fault, cost little, and lead nowhere: not to a file, not to a socket."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.conftest import CORPUS, NO_CORPUS
from tests.films import RECIPES, make_film
from tests.hostile import bombs, files, streams
from tests.serving import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

FILM, HEVC = "film.mp4", "h265-mp4"
LIMIT_MB = 300
CODES = {"BadRequest", "ImageTooLarge"}
"""What DESIGN.md's table has for files of which there is no picture to be had."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    made = make_film(RECIPES["h264-mp4-end"], folder)
    film = made.path.read_bytes()
    made.path.rename(folder / FILM)
    shutil.copy(folder / FILM, folder / files.CANARY)
    films = {name: make_film(RECIPES[name], folder).path for name in (*bombs.FILMS, HEVC)}
    good = {name: path.read_bytes() for name, path in films.items()}
    for path in films.values():
        path.unlink()
    everything = files.texts(folder) | files.references(folder, film) | files.damaged(film)
    everything |= bombs.bombs(good) | bombs.linked(good["h264-mkv"], files.CANARY)
    everything |= streams.films(good[HEVC])
    for name, content in everything.items():
        (folder / name).write_bytes(content)
    return folder


def hostile(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.name not in (FILM, files.CANARY))


@pytest.fixture(scope="module", params=["own", "generic"])
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Over both ways to a picture: by the own index, and by FFmpeg's demuxer."""
    # Started in the folder itself: a relative name in a playlist would be found.
    with serving(folder, settings={"FRAMEFETCH_INDEX": request.param}, cwd=folder) as server:
        yield server


def refusal(server: Server, name: str, parameters: str) -> str:
    """The code of the error; a picture or a fault of ours fails the test."""
    said = server.snapshot(name, parameters)
    assert 400 <= said.status < 500, (name, said.status, said.body[:300])
    code = re.search(rb"<Code>(\w+)</Code>", said.body)
    assert code
    return code[1].decode()


def test_hostile_files_are_refused(server: Server, folder: Path) -> None:
    """Each is 4xx with a code of DESIGN.md's table, in both modes, and the server stays small and well."""
    for name in hostile(folder):
        for parameters in ("t_0", "t_900,m_fast"):
            if files.refuses_everything(name):
                assert refusal(server, name, parameters) in CODES, name
            else:
                assert server.snapshot(name, parameters).status in (200, 400), name
    assert server.snapshot(FILM).status == 200
    if sys.platform == "linux":
        assert server.peak_mb < LIMIT_MB


def test_texts_are_not_supported(server: Server, folder: Path) -> None:
    """What is not a film by its first bytes is told so in OSS's words, whatever its name says."""
    for name in [*files.texts(folder), "empty.mp4", "one-byte.mp4", "seven-bytes.mp4"]:
        said = server.snapshot(name)
        assert said.status == 400
        assert b"<Code>BadRequest</Code>" in said.body
        assert b"<Message>not supported format." in said.body


def test_names_say_nothing(server: Server, folder: Path) -> None:
    """A film is a film under any name, also under that of a playlist or with a protocol in front."""
    for name in ("film.m3u8", "concat:film.mp4", "film.sdp", "film.ffconcat", "pipe:0", "film%03d.png"):
        (folder / name).write_bytes((folder / FILM).read_bytes())
    names = ("film.m3u8", "concat:film.mp4", "film.sdp", "film.ffconcat", "pipe:0", "film%25003d.png")
    try:
        for name in names[:-1]:
            assert server.snapshot(name).status == 200, name
        assert server.snapshot("film%2503d.png").status == 200
        assert server.snapshot("concat:film.mp4%7Ccanary.mp4").status == 404
    finally:
        for name in ("film.m3u8", "concat:film.mp4", "film.sdp", "film.ffconcat", "pipe:0", "film%03d.png"):
            (folder / name).unlink()


def test_oversized_pictures(folder: Path) -> None:
    """A film whose pictures are above max_pixels is ImageTooLarge, before a picture of it is decoded."""
    with serving(folder, settings={"FRAMEFETCH_MAX_PIXELS": "1024"}) as server:
        said = server.snapshot(FILM)
        assert said.status == 400
        assert b"<Code>ImageTooLarge</Code>" in said.body


def test_what_cannot_be_decoded_in_time_is_not_tried(tmp_path: Path) -> None:
    """A picture behind ten thousand slow ones is refused early, and says that m_fast would help; it does."""
    (tmp_path / "slow.mp4").write_bytes(streams.slow(10_000))
    with serving(tmp_path, settings={"FRAMEFETCH_TIMEOUT_S": "3"}) as server:
        assert refusal(server, "slow.mp4", "t_390000") == "ImageTooLarge"
        assert server.snapshot("slow.mp4", "t_390000,m_fast").status == 200


def test_pictures_that_become_larger(tmp_path: Path) -> None:
    """Memory is held anew for the larger ones, and both have their picture; beyond max_pixels none."""
    (tmp_path / "growing.mp4").write_bytes(streams.growing((160, 128), (1920, 1088), 10))
    with serving(tmp_path) as server:
        for parameters, size in (
            ("t_0", (160, 128)),
            ("t_760", (1920, 1088)),
            ("t_400,m_fast", (1920, 1088)),
        ):
            said = server.snapshot("growing.mp4", parameters)
            assert said.status == 200
            assert Image.open(BytesIO(said.body)).size == size
    with serving(tmp_path, settings={"FRAMEFETCH_MAX_PIXELS": "1000000"}) as server:
        assert server.snapshot("growing.mp4", "t_0").status == 200
        assert refusal(server, "growing.mp4", "t_760") == "ImageTooLarge"


OPENED = re.compile(r'(?:open|openat|openat2|creat)\((?:AT_FDCWD|-?\d+)?(?:<[^>]*>)?,? ?"((?:[^"\\]|\\.)*)"')
CALLS = "trace=open,openat,openat2,creat,socket,connect,bind,execve"


def can_trace() -> bool:
    """Whether strace is here and may trace."""
    if not shutil.which("strace"):
        return False
    return (
        subprocess.run(
            ["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True
        ).returncode
        == 0
    )


def strangers(log: str, asked: set[str], folder: Path) -> list[str]:
    """Calls that opened anything but the files that were asked for, and what Python loads of itself."""
    own = tuple(
        os.path.realpath(one) + "/"
        for one in (sys.prefix, sys.base_prefix, Path(__file__).parents[2] / "handler")
    )
    found = []
    for line in log.splitlines():
        if opened := OPENED.search(line):
            path = Path(opened[1])
            if path.parent == folder and path.name in asked:
                continue
            if os.path.realpath(path).startswith((*own, "/proc/self/", "/proc/", "/sys/", "/dev/")):
                continue
            found.append(line)
        elif re.search(r"\b(?:socket|connect|bind|execve)\(", line):
            found.append(line)
    return found


def watch(folder: Path, names: list[str], log: Path, warm: str, index: str = "own") -> None:
    """Asks for the files one after the other, and fails when anything else was opened meanwhile."""
    around = ("strace", "-D", "-f", "-qq", "-s", "4096", "-e", CALLS, "-o", str(log))
    with serving(folder, settings={"FRAMEFETCH_INDEX": index}, around=around, cwd=folder) as server:
        # Libraries load their last parts with the first picture, and with the first refusal.
        assert server.snapshot(warm).status in (200, 400)
        before = len(log.read_text(errors="replace"))
        for name in names:
            for parameters in ("t_0", "t_500,m_fast"):
                assert 200 <= server.snapshot(name, parameters).status < 500, name
        asked = log.read_text(errors="replace")[before:]
        assert names[0] in asked, "strace saw nothing"
        assert strangers(asked, set(names), folder.resolve()) == []


@pytest.mark.skipif(not can_trace(), reason="needs strace")
@pytest.mark.parametrize("index", ["own", "generic"])
def test_nothing_else_is_opened(folder: Path, tmp_path: Path, index: str) -> None:
    """While the hostile files are asked for, the kernel sees no other file and no socket opened."""
    watch(folder, hostile(folder), tmp_path / "log", FILM, index)


def test_the_watch_sees(tmp_path: Path) -> None:
    """The watch itself: another file of the folder, and a socket, would be seen."""
    opened = (f"{tmp_path}/a.mp4", "/etc/passwd", f"{tmp_path}/canary.mp4")
    log = "".join(f'1 openat(AT_FDCWD, "{path}", O_RDONLY) = 3\n' for path in opened)
    log += "1 socket(AF_INET, SOCK_DGRAM, 0) = 4\n"
    assert len(strangers(log, {"a.mp4"}, tmp_path)) == 3


@pytest.mark.skipif(not can_trace(), reason="needs strace")
@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
def test_corpus_opens_nothing_else(corpus: Path, tmp_path: Path) -> None:
    """The same for the files of the corpus that have to be refused."""
    names = sorted(refused_of(corpus))
    watch(corpus / "files", names, tmp_path / "log", names[0])


def refused_of(corpus: Path) -> list[str]:
    """The files of the corpus of which there is no right picture."""
    return [row["file"] for row in json.loads((corpus / "expected.json").read_text()) if row.get("refuse")]


@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
def test_corpus_is_refused_cheaply(corpus: Path) -> None:
    """Every file that has to be refused is, and the server stays below 300 MB."""
    with serving(corpus / "files") as server:
        for name in refused_of(corpus):
            assert refusal(server, name, "t_0") in CODES
        if sys.platform == "linux":
            assert server.peak_mb < LIMIT_MB
