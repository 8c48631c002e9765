"""Every fault of a store, in every range of a request, over every kind of source, through the service."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from framefetch.budget import Budget
from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources import retries
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.folder import FileReply, FolderSource, StoredFile
from framefetch.sources.locate import open_source
from framefetch.sources.retries import MAX_RETRIES, RetryQuota
from tests.faults.matrix import LATE_S, POSITIONS, Cell, cells
from tests.films import RECIPES, make_film
from tests.servers.kinds import KINDS, running, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from framefetch.http.call import Answer
    from framefetch.sources import Source
    from tests.faults.answers import Fault
    from tests.servers.ranges import Handler, RangeServer

RECIPE = replace(
    RECIPES["h264-mp4-end"], name="matrix", size=(384, 216), options={"preset": "veryfast", "crf": "1"}
)
"""Larger than the opening range, its index at the end, the picture before it: it takes three ranges."""
T = "t_1500"
SETTINGS = Settings(access="public", tail_bytes=0, index_cache="off")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("matrix")
    return {
        "a.mp4": make_film(RECIPE, folder).path.read_bytes(),
        "b.mp4": make_film(replace(RECIPE, name="other", gop=15, count=58), folder).path.read_bytes(),
    }


@pytest.fixture(scope="module")
def pictures(films: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The right picture of each film, as it comes from a folder."""
    folder = tmp_path_factory.mktemp("right")
    for name, content in films.items():
        (folder / name).write_bytes(content)
    service = Service(SETTINGS, FolderSource(folder))
    found = {name: service.answer(_call(name)).body for name in films}
    assert found["a.mp4"] != found["b.mp4"]
    return found


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, RangeServer]]:
    with ExitStack() as stack:
        yield {kind: stack.enter_context(running(kind)) for kind in KINDS}


def _call(key: str, **headers: str) -> Call:
    given = tuple((name.lower().replace("_", "-"), value) for name, value in headers.items())
    return Call("GET", f"/{key}", f"x-oss-process=video/snapshot,{T}", given)


def _source(kind: str, server: RangeServer) -> Source:
    return open_source(words(kind, server.url), SETTINGS)


def _service(kind: str, server: RangeServer, settings: Settings = SETTINGS) -> Service:
    return Service(settings, _source(kind, server))


def _ask(service: Service, **headers: str) -> tuple[Answer, Record]:
    record = Record(service.budget())
    return service.answer(_call("a.mp4", **headers), record), record


@pytest.fixture(autouse=True)
def _own_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one cell spends on retries, the next has again."""
    monkeypatch.setattr(retries, "SHARED_QUOTA", RetryQuota())


@pytest.mark.parametrize("cell", list(cells()), ids=str)
def test_cell(
    cell: Cell, servers: dict[str, RangeServer], films: dict[str, bytes], pictures: dict[str, bytes]
) -> None:
    """The request ends as its row says: the right picture of one version, or its error, in bounds."""
    server = servers[cell.kind]
    server.objects.clear()
    server.put("films/a.mp4", films["a.mp4"])
    server.put("films/b.mp4", films["b.mp4"])
    server.asked.clear()
    server.faults.clear()
    at = POSITIONS.index(cell.position) - cell.row.early

    def strike(handler: Handler) -> None:
        cell.row.prepare(server)
        cell.row.fault(handler)

    before: list[Fault | None] = [None] * at
    server.faults += [*before, strike, *[cell.row.fault] * (cell.row.times - 1)]
    answer, record = _ask(_service(cell.kind, server, replace(SETTINGS, timeout_s=cell.row.timeout_s)))
    end = cell.end
    assert answer.status == end.status, answer.body[:500]
    if end.status == 200:
        assert answer.body == pictures["b.mp4" if end.other else "a.mp4"]
    else:
        assert ET.fromstring(answer.body).findtext("Code") == end.code  # noqa: S314 - our own answer
        assert answer.header("Retry-After") == end.retry_after
        assert answer.status < 500 or answer.header("Cache-Control") == "no-store"
    if end.status == 504:
        assert cell.row.timeout_s <= record.budget.elapsed_s <= cell.row.timeout_s + LATE_S
    assert record.budget.retries <= MAX_RETRIES
    if end.retries is not None:
        assert record.budget.retries == end.retries
    if end.tries is not None and "loop" not in cell.row.name:
        assert len(server.asked) == at + end.tries
    # An object that comes whole is closed and not drained.
    assert record.trace.received <= len(films["a.mp4"]) * 2 + (128 << 10)


def test_every_cell_is_there() -> None:
    """Rows that are absent somewhere say why; no kind and no position is left out as a whole."""
    there = list(cells())
    assert len({str(cell) for cell in there}) == len(there)
    assert {
        kind: count > 100 for kind, count in Counter(cell.kind for cell in there).items()
    } == dict.fromkeys(KINDS, True)
    assert {cell.position for cell in there} == set(POSITIONS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("every", ["range", "first answer"])
def test_replaced_all_the_time(
    kind: str, every: str, servers: dict[str, RangeServer], films: dict[str, bytes]
) -> None:
    """An object that changes again after the one restart is 503 with Retry-After, never a mixed picture."""
    server = servers[kind]
    server.faults.clear()
    server.asked.clear()
    server.put("films/a.mp4", films["a.mp4"])

    def swap(handler: Handler) -> None:
        server.put("films/a.mp4", films["b.mp4" if len(server.asked) % 2 else "a.mp4"])
        handler.answer()

    # The first range, a replaced second, and after the restart the same again.
    server.faults += [swap] * 20 if every == "range" else [None, swap, None, swap]
    answer, _ = _ask(_service(kind, server))
    assert (answer.status, answer.header("Retry-After")) == (503, "1")
    assert len(server.asked) == 4
    server.faults.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_row_14_not_modified(kind: str, servers: dict[str, RangeServer], films: dict[str, bytes]) -> None:
    """Who has the picture already gets 304 without a body, for a few bytes of the film, undecoded."""
    server = servers[kind]
    server.faults.clear()
    server.put("films/a.mp4", films["a.mp4"])
    service = _service(kind, server)
    etag = _ask(service)[0].header("ETag")
    assert etag
    server.asked.clear()
    answer, record = _ask(service, If_None_Match=etag)
    assert (answer.status, answer.body, answer.header("ETag")) == (304, b"", etag)
    assert len(server.asked) == 1
    assert record.trace.received <= 16 << 10
    assert "decode" not in record.stages_ms


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"\0"], ids=["0", "1"])
def test_row_22_tiny_objects(kind: str, content: bytes, servers: dict[str, RangeServer]) -> None:
    """An object of no byte or of one is 400, not a fault of the store's."""
    server = servers[kind]
    server.faults.clear()
    server.put("films/a.mp4", content)
    answer, _ = _ask(_service(kind, server))
    assert answer.status == 400
    assert b"not supported format." in answer.body


@pytest.mark.parametrize("position", POSITIONS[1:])
@pytest.mark.parametrize(
    ("change", "status", "shown"),
    [
        ("rewritten", 200, "b.mp4"),
        ("renamed over", 200, "a.mp4"),
        ("deleted", 200, "a.mp4"),
        ("emptied", 400, None),
    ],
)
def test_a_folder(
    *,
    position: str,
    change: str,
    status: int,
    shown: str | None,
    films: dict[str, bytes],
    pictures: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows 11 to 13 of a folder: what was opened is read on while it exists; written to, it starts over."""
    film, other = tmp_path / "a.mp4", tmp_path / "other"
    film.write_bytes(films["a.mp4"])
    other.write_bytes(films["b.mp4"])
    changes: dict[str, Callable[[], object]] = {
        "rewritten": lambda: film.write_bytes(films["b.mp4"]),
        "renamed over": lambda: other.rename(film),
        "deleted": film.unlink,
        "emptied": lambda: film.write_bytes(b""),
    }
    asked: list[int] = []
    get = StoredFile.get

    def meddled(self: StoredFile, start: int, *more: Any) -> FileReply:
        asked.append(start)
        if len(asked) == POSITIONS.index(position) + 1:
            changes[change]()
        return get(self, start, *more)

    monkeypatch.setattr(StoredFile, "get", meddled)
    answer, _ = _ask(Service(SETTINGS, FolderSource(tmp_path)))
    assert answer.status == status, answer.body
    assert shown is None or answer.body == pictures[shown]


class Vast:
    """An object of more than 4 GiB that nobody has to hold: its bytes follow from their places."""

    def __len__(self) -> int:
        return (1 << 32) + 70_000

    def __getitem__(self, key: slice) -> bytes:
        start, stop, _ = key.indices(len(self))
        return b"".join((at // 8).to_bytes(8, "big") for at in range(start & ~7, stop, 8))[
            start & 7 : (start & 7) + stop - start
        ]


@pytest.mark.parametrize("kind", KINDS)
def test_row_22_beyond_32_bits(kind: str, servers: dict[str, RangeServer]) -> None:
    """Past 4 GiB every byte is the right one, across the border and at the very end."""
    server = servers[kind]
    server.faults.clear()
    server.put("films/vast", Vast())
    vast = Vast()
    budget = Budget(10, 1 << 30, 100)
    with PinnedObject(_source(kind, server).open("vast"), budget, Record(budget).trace) as pinned:
        pinned.open(0, 10)
        assert pinned.info.size == len(vast)
        for start, stop in (((1 << 32) - 500, (1 << 32) + 500), (len(vast) - 777, len(vast))):
            assert pinned.read(start, stop, "block") == vast[start:stop]
