"""Whatever stalls, at whatever stage: the answer is there when the request's time is over.

Here are the stages before and after a range; stalls in ranges are in the fault matrix (row 9).
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources import retries, waits
from framefetch.sources.folder import FolderSource
from framefetch.sources.locate import open_source
from framefetch.sources.retries import RetryQuota
from tests.faults.matrix import LATE_S
from tests.films import RECIPES, make_film
from tests.servers.kinds import KINDS, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framefetch.http.call import Answer

BUDGET_S = 0.3
SETTINGS = Settings(access="public", timeout_s=BUDGET_S, tail_bytes=0, index_cache="off")


def ask(kind: str, url: str, settings: Settings = SETTINGS) -> tuple[Answer, float]:
    """The answer, and how long it took."""
    service = Service(settings, open_source(words(kind, url), settings))
    asked_s = time.monotonic()
    answer = service.answer(Call("GET", "/a.mp4", "x-oss-process=video/snapshot,t_1500"))
    return answer, time.monotonic() - asked_s


def code(answer: Answer) -> str | None:
    return ET.fromstring(answer.body).findtext("Code")  # noqa: S314 - our own answer


def assert_late(answer: Answer, took_s: float, budget_s: float = BUDGET_S) -> None:
    """504, in time, and not to be kept."""
    assert (answer.status, code(answer)) == (504, "RequestTimeout")
    assert answer.header("Cache-Control") == "no-store"
    assert budget_s <= took_s <= budget_s + LATE_S


@pytest.fixture(autouse=True)
def _own_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "SHARED_QUOTA", RetryQuota())


@contextmanager
def deaf() -> Iterator[int]:
    """A port where no connection comes about: those that fit into the queue are there already."""
    with ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = held.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def mute() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_connection(kind: str) -> None:
    """A host that takes no connection."""
    with deaf() as port:
        assert_late(*ask(kind, f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_word(kind: str, scheme: str) -> None:
    """A host that stalls in the TLS handshake, or before its headers."""
    with mute() as port:
        assert_late(*ask(kind, f"{scheme}://127.0.0.1:{port}"))


@pytest.mark.parametrize("kind", ["http", "oss"])
def test_no_name_server(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that is silent; obstore asks it by itself, within the same wait as all else."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) and [])
    try:
        assert_late(*ask(kind, "http://films.example:1"))
    finally:
        over.set()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Its index is at its end, the picture asked for before that: three ranges."""
    options = {"preset": "veryfast", "crf": "1"}
    recipe = replace(RECIPES["h264-mp4-end"], name="late", size=(384, 216), options=options)
    return make_film(recipe, tmp_path_factory.mktemp("late")).path.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_there(kind: str) -> None:
    """A port that nobody listens on: 502, after no more than three tries."""
    with mute() as port:
        pass
    answer, took_s = ask(kind, f"http://127.0.0.1:{port}", replace(SETTINGS, timeout_s=20))
    assert (answer.status, code(answer)) == (502, "SourceError")
    assert took_s <= LATE_S


@pytest.mark.parametrize("kind", KINDS)
def test_no_such_name(kind: str) -> None:
    """A name that does not exist: 502, or 504 where the name server itself is slow to say so."""
    answer, took_s = ask(kind, "http://films.invalid:1", replace(SETTINGS, timeout_s=2))
    assert (answer.status, code(answer)) in ((502, "SourceError"), (504, "RequestTimeout"))
    assert took_s <= 2 + LATE_S


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds between two keyframes, in 1080p: it takes 100 ms and more to decode them."""
    recipe = replace(
        RECIPES["h264-mp4-end"],
        name="heavy",
        size=(1920, 1080),
        count=200,
        gop=200,
        options={"preset": "ultrafast", "crf": "20"},
    )
    return make_film(recipe, tmp_path_factory.mktemp("heavy")).path


@pytest.mark.parametrize("index", ["own", "generic"])
def test_a_long_decode(index: str, heavy: Path) -> None:
    """A picture that takes longer to decode than there is time."""
    budget_s = 0.05
    settings = replace(SETTINGS, timeout_s=budget_s, threads=1, index=index)
    service = Service(settings, FolderSource(heavy.parent))
    asked_s = time.monotonic()
    answer = service.answer(Call("GET", f"/{heavy.name}", "x-oss-process=video/snapshot,t_7900"))
    assert_late(answer, time.monotonic() - asked_s, budget_s)


@pytest.mark.parametrize("what", ["_open", "_turns"])
def test_a_long_line(what: str, film: bytes, tmp_path: Path) -> None:
    """A turn that does not come."""
    (tmp_path / "a.mp4").write_bytes(film)
    service = Service(SETTINGS, FolderSource(tmp_path))
    allowance = getattr(service, what)
    with allowance.hold(1000, service.budget()):
        asked_s = time.monotonic()
        answer = service.answer(Call("GET", "/a.mp4", "x-oss-process=video/snapshot,t_1500"))
        assert_late(answer, time.monotonic() - asked_s)


def test_the_connect_time_is_not_the_whole_time() -> None:
    """Connecting has a bound of its own, so that a host that is gone does not take all of a long budget."""
    assert Settings().timeout_s >= 2 * waits.CONNECT_S * retries.MAX_TRIES
