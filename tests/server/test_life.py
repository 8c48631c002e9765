"""A server that is told to end, and one that is frozen and thawed: nobody loses an answer."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.films import RECIPES, make_film
from tests.servers.kinds import KINDS, running, words
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.films import Film
    from tests.servers.ranges import Handler, RangeServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="not here: states of processes are in /proc")

ROUND = 2
"""Requests that go out first, side by side: the head and the tail, of which the picture may need only one."""
SETTINGS = {"FRAMEFETCH_TIMEOUT_S": "60", "FRAMEFETCH_INDEX_CACHE": "off"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("life"))


@contextmanager
def store(kind: str, film: Film) -> Iterator[tuple[RangeServer, str]]:
    """A store of the kind with the film in it, and the words that name it."""
    with running(kind) as server:
        server.put("films/a.mp4", film.path.read_bytes())
        yield server, words(kind, server.url)


def test_sigterm_drains(film: Film) -> None:
    """After SIGTERM new connections are refused, and the requests inside get their pictures."""
    came, go = threading.Event(), threading.Event()

    def slow(handler: Handler) -> None:
        came.set()
        go.wait(60)
        handler.answer()

    with store("http", film) as (server, named), serving(named, "--public", settings=SETTINGS) as served:
        server.faults += [slow] * ROUND
        with ThreadPoolExecutor(1) as threads:
            inside = threads.submit(served.snapshot, "a.mp4", "t_500")
            assert came.wait(60)
            served.process.send_signal(signal.SIGTERM)
            try:
                # Until the signal has been seen, connections are still taken; idle ones are closed after it.
                while True:
                    socket.create_connection(("127.0.0.1", served.port), timeout=10).close()
            except OSError:
                assert served.process.poll() is None
            finally:
                go.set()
            assert inside.result().status == 200
        assert served.process.wait(60) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_and_thawed(film: Film, kind: str) -> None:
    """Frozen for longer than its store keeps connections, a process answers the next request right."""
    with store(kind, film) as (server, named), serving(named, "--public", settings=SETTINGS) as served:
        before = served.snapshot("a.mp4", "t_500,f_png")
        assert before.status == 200
        for _ in range(2):
            served.process.send_signal(signal.SIGSTOP)
            _until_stopped(served.process.pid)
            while not server.drop_idle():
                threading.Event().wait(0.001)
            served.process.send_signal(signal.SIGCONT)
            after = served.snapshot("a.mp4", "t_500,f_png")
            assert (after.status, after.body) == (200, before.body)


def test_frozen_within_a_request(film: Film) -> None:
    """A request that was frozen while its store's answer broke off goes on where it was."""
    came, go = threading.Event(), threading.Event()

    def breaks(handler: Handler) -> None:
        came.set()
        go.wait(60)
        handler.hang_up(reset=True)

    with store("http", film) as (server, named), serving(named, "--public", settings=SETTINGS) as served:
        right = served.snapshot("a.mp4", "t_500,f_png").body
        server.faults += [breaks] * ROUND
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(served.snapshot, "a.mp4", "t_500,f_png")
            assert came.wait(60)
            served.process.send_signal(signal.SIGSTOP)
            _until_stopped(served.process.pid)
            go.set()
            server.drop_idle()
            served.process.send_signal(signal.SIGCONT)
            said = asked.result()
        assert (said.status, said.body) == (200, right)


def _until_stopped(pid: int) -> None:
    """The kernel stops a process a moment after the signal."""
    status = Path(f"/proc/{pid}/stat")
    while status.read_text().rpartition(") ")[2][0] != "T":
        threading.Event().wait(0.001)
