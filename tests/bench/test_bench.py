"""The bench measures what it says: its films are films, and its server sends what it logs."""

from __future__ import annotations

import json
from fractions import Fraction
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import av
import pytest

from tests.bench.clips import CLIPS
from tests.bench.limits import Limit, limit
from tests.bench.measure import Case, Row, Run, Server, rounds
from tests.bench.results import Done, Results
from tests.bench.stock import Looped

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.shelf import Shelved

TIMES = 3


@pytest.fixture(scope="module", params=[False, True], ids=["end", "front"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shelved:
    """A small film whose samples come three times, with its index at one end or the other."""
    folder = tmp_path_factory.mktemp("films")
    made = Looped("loop.mp4", "h264-small", TIMES, unit_s=Fraction(200, 3), front=request.param)
    shelved = made.make(folder, folder)
    shelved.facts["clip"] = "h264-small"
    shelved.save()
    return shelved


def test_a_looped_film_is_a_film(film: Shelved, tmp_path: Path) -> None:
    """FFmpeg finds all samples of a looped film, each where the one of the first turn is again."""
    path = tmp_path / "film.mp4"
    path.write_bytes(film.read(0, film.size))
    with av.open(str(path)) as file:
        packets = [packet for packet in file.demux(video=0) if packet.size]
        first = [packet.size for packet in packets[:2000]]
        assert [packet.size for packet in packets] == first * TIMES
        assert [packet.pts for packet in packets if packet.is_keyframe] == [
            number * 250 * 512 for number in range(8 * TIMES)
        ]
        file.seek(150_000_000)
        frame = next(frame for frame in file.decode(video=0) if frame.time and frame.time >= 150)
    assert frame.time == 150


def test_the_limit_is_that_of_the_film(film: Shelved) -> None:
    """The limit's samples are those that the film's own packets have, keyframe to picture."""
    sizes = [packet.size for packet in _packets(film)]
    found = limit(film, 150_100, fast=False)
    assert found.samples in {sum(sizes[4500:stop]) for stop in range(4503, 4510)}
    assert found.time_ms == 150_100
    assert limit(film, 150_100, fast=True).samples == sizes[4500]
    assert CLIPS["h264-small"].gop == 250


def _packets(film: Shelved) -> list[Any]:
    path = film.folder / "whole.mp4"
    path.write_bytes(film.read(0, film.size))
    with av.open(str(path)) as file:
        return [packet for packet in file.demux(video=0) if packet.size]


def test_the_server_sends_what_it_logs(film: Shelved) -> None:
    """A range comes as it is in the film, and the log says how many bytes that were."""
    server = Server(film.folder)
    try:
        connection = HTTPConnection("127.0.0.1", server.port)
        start, stop = film.size // 2, film.size // 2 + 300_000
        for asked in (f"bytes={start}-{stop - 1}", f"bytes=-{film.size - start}"):
            connection.request("GET", f"/0/{film.name}", headers={"Range": asked})
            assert connection.getresponse().read()[: stop - start] == film.read(start, stop)
        connection.close()
        log = server.take()
    finally:
        server.close()
    assert [(row["start"], row["sent"]) for row in log] == [(start, stop - start), (start, film.size - start)]
    assert [row["whole"] for row in log] == [True, True]


def _row(came: float, answered: float, ended: float, *, whole: bool = True) -> dict[str, Any]:
    return {"came_s": came, "answered_s": answered, "ended_s": ended, "whole": whole}


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ([], 0),
        ([_row(0, 1, 2), _row(2, 3, 4)], 2),
        ([_row(0, 1, 2), _row(0, 1, 9), _row(2, 3, 4)], 2),
        ([_row(0, 1, 9, whole=False), _row(2, 3, 4)], 2),
        ([_row(0, 1, 9), _row(2, 3, 4)], 1),
    ],
    ids=["none", "one after the other", "two at once", "cut off", "beside a long one"],
)
def test_rounds_are_chains(log: list[dict[str, Any]], expected: int) -> None:
    """Requests count as rounds where each waited for the one before, and not where they went side by side."""
    assert rounds(log) == expected


def test_results_are_read_as_they_were_written() -> None:
    """What a run found is the same after it has been a file."""
    case = Case("main", "film.mp4", 100, ("one", "other"), (0, 15), runs=1)
    rows = [Row("main", "one", 15, [Run(1.5, 2.5, 3.5, 4, 5, 6)]), Row("main", "other", 15, fault="none")]
    results = Results({"date": "2026-01-01"}, quick=True, left_out={"third": "needs it"})
    results.done["main"] = Done(case, Limit(10, 20, 30, 100.0), 1000, rows)
    assert Results.from_json(json.loads(json.dumps(results.as_json()))) == results
