"""Many at once on a real server: every answer right, memory bounded, the rest told to wait."""

from __future__ import annotations

import io
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.server.sample import read_frame_number
from tests.films import RECIPES, make_film
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.films import Film
    from tests.serving import Said, Server

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="not here: the peak of memory is read in /proc"
)

PATIENT = {"FRAMEFETCH_TIMEOUT_S": "120"}
"""The machine of a test may be busy with others; how long it takes is not what is tested here."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("load")


@pytest.fixture(scope="module")
def hd(folder: Path) -> Film:
    return make_film(replace(RECIPES["h264-mp4-end"], name="hd", size=(1920, 1080), count=24, gop=12), folder)


@pytest.fixture(scope="module")
def uhd(folder: Path) -> Film:
    recipe = replace(RECIPES["h265-10-bit"], name="uhd", size=(3840, 2160), count=6, gop=6)
    return make_film(recipe, folder)


def all_at_once(server: Server, name: str, parameters: Iterable[str]) -> list[Said]:
    """Every request on a connection of its own, sent together."""
    asked = list(parameters)
    gate = threading.Barrier(len(asked))

    def ask(one: str) -> Said:
        gate.wait(60)
        return server.snapshot(name, one)

    with ThreadPoolExecutor(len(asked)) as threads:
        return list(threads.map(ask, asked))


def number_in(said: Said) -> int:
    assert said.status == 200, said.body[:300]
    return read_frame_number(Image.open(io.BytesIO(said.body)))


def test_fifty_at_once(folder: Path, hd: Film) -> None:
    """50 concurrent requests for 1080p pictures: each gets its own picture, in at most 600 MB."""
    times = [at * 19 % 960 for at in range(50)]
    with serving(folder, settings=PATIENT) as server:
        answers = all_at_once(server, hd.path.name, [f"t_{t}" for t in times])
        assert [number_in(said) for said in answers] == [hd.exact(t).number for t in times]
        assert server.peak_mb <= 600


def test_4k_10_bit(folder: Path, uhd: Film) -> None:
    """Several 4K 10-bit pictures at once: each is right, and together they take at most 1 GB."""
    times = [0, 40, 100, 130, 199, 80]
    with serving(folder, settings=PATIENT) as server:
        answers = all_at_once(server, uhd.path.name, [f"t_{t}" for t in times])
        assert [number_in(said) for said in answers] == [uhd.exact(t).number for t in times]
        assert Image.open(io.BytesIO(answers[0].body)).size == (3840, 2160)
        assert server.peak_mb <= 1000


def test_queue_is_bounded(folder: Path, uhd: Film) -> None:
    """Beyond the queue a request is answered 429 with Retry-After; those let in get their picture."""
    settings = PATIENT | {"FRAMEFETCH_CONCURRENCY": "1", "FRAMEFETCH_QUEUE": "1"}
    with serving(folder, settings=settings) as server:
        answers = all_at_once(server, uhd.path.name, [f"t_{number * 40}" for number in range(6)] * 2)
        refused = [said for said in answers if said.status == 429]
        taken = [at for at, said in enumerate(answers) if said.status != 429]
        assert len(taken) >= 2
        assert refused
        for said in refused:
            assert said.headers["retry-after"] == "1"
            assert said.headers["cache-control"] == "no-store"
            assert said.headers["x-oss-request-id"]
            assert b"<Code>TooManyRequests</Code>" in said.body
        assert [number_in(answers[at]) for at in taken] == [at % 6 for at in taken]
        # When the rush is over, there is room again.
        assert number_in(server.snapshot(uhd.path.name, "t_80")) == 2
        assert server.peak_mb <= 1000


def test_clients_that_leave(folder: Path, hd: Film) -> None:
    """Clients that hang up, ask half a question or never read harm no others, and give their place back."""
    question = f"GET /{hd.path.name}?x-oss-process=video/snapshot,t_500 HTTP/1.1\r\nHost: a\r\n"
    settings = PATIENT | {"FRAMEFETCH_QUEUE": "2"}
    with serving(folder, settings=settings) as server, ExitStack() as clients:
        for number in range(12):
            client = socket.create_connection(("127.0.0.1", server.port))
            if number % 3 == 0:
                client.sendall(question.encode())
                clients.enter_context(client)
            elif number % 3 == 1:
                client.sendall(f"{question}\r\n".encode())
                client.close()
            else:
                # Asks for a picture larger than the buffers between us, and never reads it.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.sendall(f"{question.replace('t_500', 't_500,f_png')}\r\n".encode())
                clients.enter_context(client)
        said = server.snapshot(hd.path.name, "t_520")
        for _ in range(5000):
            if said.status != 429:
                break
            said = server.snapshot(hd.path.name, "t_520")
        assert number_in(said) == hd.exact(520).number
        # Those who left may have one more picture in the making; when it is done, all places are free.
        for _ in range(500):
            answers = all_at_once(server, hd.path.name, ["t_40", "t_80", "t_120"])
            if all(said.status != 429 for said in answers):
                break
        assert [number_in(said) for said in answers] == [1, 2, 3]
