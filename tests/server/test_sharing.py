"""Equal requests at the same time are one picture's work; what happens to one, harms no other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from framefetch.admission import Flights
from framefetch.budget import Budget
from framefetch.errors import CorruptFilm, InternalError, RequestTimeout, SourceError
from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources import Changed
from tests.faults.sources import Held, MemorySource
from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.admission import Flight
    from framefetch.http.call import Answer

MANY = 12
SETTINGS = Settings(access="public", concurrency=2, timeout_s=60, index_cache="off", tail_bytes=0)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("sharing")).path.read_bytes()


class Counted(Flights[Any]):
    """Knows how many are on board, and lets nobody fly before as many are as are awaited."""

    def __init__(self, awaited: int) -> None:
        super().__init__()
        self.flown_by: list[Flight[Any]] = []
        self._left = awaited
        self._all = threading.Event()
        self._count = threading.Lock()

    def board(self, key: object) -> tuple[Flight[Any], bool]:
        found = super().board(key)
        with self._count:
            self._left -= 1
            if found[1]:
                self.flown_by.append(found[0])
            if self._left <= 0:
                self._all.set()
        return found

    def wait(self) -> None:
        assert self._all.wait(60)


class Sharing:
    """A service whose first picture waits until so many requests have come for it."""

    def __init__(
        self, film: bytes, awaited: int, instead: Callable[[int], None] = lambda _: None, **more: Any
    ) -> None:
        self.source = MemorySource({"a.mp4": Held(film), "b.mp4": Held(film)})
        self.service = Service(replace(SETTINGS, **more), self.source)
        self.flights = self.service._flights = Counted(awaited)
        self.made = 0
        self._instead = instead
        self._take = self.service.studio.take
        setattr(self.service.studio, "take", self.take)  # noqa: B010 - a method, as far as the types know

    def take(self, *arguments: Any) -> Any:
        self.flights.wait()
        self.made += 1
        self._instead(self.made)
        return self._take(*arguments)

    def ask(
        self, key: str = "a.mp4", parameters: str = "t_500", method: str = "GET", timeout_s: float = 60
    ) -> Answer:
        record = Record(Budget(timeout_s, 1 << 30, 1000))
        return self.service.answer(
            Call(method, f"/{key}", f"x-oss-process=video/snapshot,{parameters}"), record
        )


def together(ask: Callable[[], Answer], count: int = MANY) -> list[Answer]:
    with ThreadPoolExecutor(count) as threads:
        return [one.result() for one in [threads.submit(ask) for _ in range(count)]]


def code(answer: Answer) -> str | None:
    return ET.fromstring(answer.body).findtext("Code")  # noqa: S314 - our own answer


def test_equal_requests_decode_once(film: bytes) -> None:
    """However many equal requests there are, one picture is made; each has its own id and its own account."""
    sharing = Sharing(film, MANY)
    answers = together(sharing.ask)
    assert sharing.made == 1
    assert [answer.status for answer in answers] == [200] * MANY
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.header("ETag") for answer in answers}) == 1
    assert len({answer.header("x-framefetch-time") for answer in answers}) == 1
    assert len({answer.header("x-oss-request-id") for answer in answers}) == MANY
    # Each has asked the store whether it may read, and which version there is; one has read on.
    reads = [answer.header("x-framefetch-read") or "" for answer in answers]
    assert sum("requests=1," in read for read in reads) == MANY - 1
    # Nothing is kept: the next request makes its own.
    assert sharing.ask().body == answers[0].body
    assert sharing.made == 2


@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [
        (lambda: CorruptFilm(detail="here"), 400, 1),
        (lambda: SourceError(detail="there"), 502, 1),
        (RequestTimeout, 200, 2),
        (InternalError, 200, 2),
        (Changed, 200, 2),
        (lambda: RuntimeError("bug"), 200, 2),
    ],
    ids=["film", "store", "time", "internal", "changed", "bug"],
)
def test_a_fault_of_one(film: bytes, fault: Callable[[], Exception], status: int, made: int) -> None:
    """The film's faults and the store's are shared; out of time, or a bug, harms only the one it hits."""

    def fail(number: int) -> None:
        if number == 1:
            raise fault()

    # Of those who go on, all have come again before the second picture is made.
    sharing = Sharing(film, MANY, fail)
    answers = together(sharing.ask)
    statuses = sorted(answer.status for answer in answers)
    if made == 1:
        assert statuses == [status] * MANY
        assert len({code(answer) for answer in answers}) == 1
        assert len({answer.header("x-oss-request-id") for answer in answers}) == MANY
        assert sharing.made == 1
    else:
        assert statuses[: MANY - 1] == [200] * (MANY - 1)
        assert len({answer.body for answer in answers if answer.status == 200}) == 1


def test_who_has_less_time_leaves(film: bytes) -> None:
    """A request that waits for another's picture ends with its own time, and leaves the others alone."""
    sharing = Sharing(film, 3)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(sharing.ask)
        while not sharing.flights.flown_by:
            threading.Event().wait(0.001)
        hurried = sharing.ask(timeout_s=0.05)
        assert (hurried.status, code(hurried)) == (504, "RequestTimeout")
        # A third lets the first go on.
        second = threads.submit(sharing.ask)
        assert first.result().status == second.result().status == 200
    assert sharing.made == 1


def test_what_differs_is_not_shared(film: bytes) -> None:
    """Another time, size, key or version of the object is another picture."""
    sharing = Sharing(film, 5)
    asked: list[tuple[str, str]] = [
        ("a.mp4", "t_500"), ("a.mp4", "t_540"), ("a.mp4", "t_500,w_100"), ("b.mp4", "t_500"),
    ]  # fmt: skip
    with ThreadPoolExecutor(5) as threads:
        waiting = [threads.submit(sharing.ask, *one) for one in asked]
        while len(sharing.flights.flown_by) < 4:
            threading.Event().wait(0.001)
        sharing.source.objects["a.mp4"] = Held(film, version=2)
        waiting.append(threads.submit(sharing.ask, "a.mp4", "t_500"))
        answers = [one.result() for one in waiting]
    assert sharing.made == 5
    assert len({answer.header("ETag") for answer in answers}) >= 4
    assert answers[0].header("ETag") != answers[4].header("ETag")


def test_who_may_not_read_does_not_wait(film: bytes) -> None:
    """A request without a signature is refused, also while the picture that it asks for is being made."""
    sharing = Sharing(film, MANY, access="signed", keys="id:secret", bucket="films")
    answer = sharing.ask()
    assert answer.status == 403
    assert sharing.flights.flown_by == []
    assert sharing.source.asked == []


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_needs_no_picture_does_not_wait(film: bytes, method: str) -> None:
    """HEAD and 304 are answered while the picture is being made."""
    sharing = Sharing(film, 2)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(sharing.ask)
        head = sharing.ask(method="HEAD")
        assert head.status == 200
        given = (("if-none-match", head.header("ETag") or ""),) if method == "GET" else ()
        call = Call(method, "/a.mp4", "x-oss-process=video/snapshot,t_500", given)
        assert sharing.service.answer(call).status == (304 if given else 200)
        assert not first.done()
        assert sharing.ask().body == first.result().body
    assert sharing.made == 1


def test_more_than_turns_and_places(film: bytes) -> None:
    """Far more different requests than turns and places all get their picture: nobody waits for ever."""
    sharing = Sharing(film, 1, concurrency=1)
    times = [f"t_{at * 40}" for at in range(24)]
    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(lambda one: sharing.ask(parameters=one), times))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 24
    assert sharing.made == 24
