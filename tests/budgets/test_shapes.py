"""What a picture costs by the shape of its file, over HTTP, held as figures: bytes and requests.

The films are 75 seconds of the same pictures (640x360, GOP of 250, B-frames, sound) in every container
and order. What was read along by chance before an answer was dropped differs by up to 128 KiB from run
to run; the figures have room for that and for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import pytest

from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.locate import open_source
from tests.bench.muxing import mux
from tests.servers import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from framefetch.http.call import Answer

FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
AT_MS, TAKEN_MS, KEY_MS = 37_100, 37_100, 33_333
# 296,935 bytes of samples from the keyframe to the picture; the keyframe alone has 19,585.


@dataclass(frozen=True)
class Shape:
    """A file to make, and what a picture of its middle may cost.

    Attributes:
        exact: kilobytes and requests of a picture of a film that nothing is known of.
        known: the same of the next picture of this film.
        fast: as `exact`, with ``m_fast``.
    """

    container: str
    suffix: str
    exact: tuple[int, int]
    known: tuple[int, int]
    fast: tuple[int, int]
    options: Mapping[str, str] = field(default_factory=dict)


SHAPES: dict[str, Shape] = {
    "index at the end": Shape("mp4", ".mp4", (1290, 3), (297, 1), (1010, 3)),
    "index at the front": Shape("mp4", ".mp4", (500, 3), (297, 1), (225, 3), {"movflags": "faststart"}),
    "quicktime": Shape("mov", ".mov", (1290, 3), (297, 1), (1010, 3)),
    "fragmented, sidx": Shape(
        "mp4", ".mp4", (450, 4), (230, 1), (240, 4), {"movflags": FRAGMENTS + "+global_sidx"}
    ),
    "fragmented, mfra": Shape("mp4", ".mp4", (1240, 4), (230, 1), (1030, 4), {"movflags": FRAGMENTS}),
    "fragmented, neither": Shape(
        "mp4", ".mp4", (1290, 7), (230, 1), (1080, 7), {"movflags": FRAGMENTS + "+skip_trailer"}
    ),
    "matroska, cues": Shape("matroska", ".mkv", (480, 3), (400, 1), (120, 4)),
    "matroska, cues at the front": Shape(
        "matroska", ".mkv", (480, 2), (400, 1), (120, 3), {"cues_to_front": "1"}
    ),
    "matroska, no cues": Shape("matroska", ".mkv", (1370, 13), (1030, 3), (1370, 13), {"live": "1"}),
    "mpeg-ts": Shape("mpegts", ".ts", (1300, 7), (1300, 7), (1300, 7)),
    "flv": Shape("flv", ".flv", (950, 6), (950, 6), (950, 6)),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ranges.RangeServer]:
    """A web server that has a film of every shape."""
    folder = tmp_path_factory.mktemp("shapes")
    with ranges.running() as running:
        for name, shape in SHAPES.items():
            path = folder / f"film{shape.suffix}"
            mux(path, folder, "h264-small", Fraction(75), container=shape.container, options=shape.options)
            running.put(_key(name), path.read_bytes())
        yield running


def _key(name: str) -> str:
    return name.replace(" ", "-") + SHAPES[name].suffix


def _service(server: ranges.RangeServer) -> Service:
    settings = Settings(access="public", networks=("127.0.0.0/8",))
    return Service(settings, open_source(server.url, settings))


def _cost(
    service: Service, server: ranges.RangeServer, name: str, more: str = "", at: int | str = AT_MS
) -> tuple[float, int, int]:
    """Time of the picture, bytes that were received, and requests, as the server counts them."""
    server.asked.clear()
    query = f"x-oss-process=video/snapshot,t_{at}{more}"
    answer = service.answer(Call("GET", f"/{_key(name)}", query))
    assert answer.status == 200, answer.body
    told = dict(part.split("=") for part in str(answer.header("x-framefetch-read")).split(", "))
    assert int(told["requests"]) == len(server.asked)
    return float(str(answer.header("x-framefetch-time"))), int(told["bytes"]), len(server.asked)


@pytest.mark.parametrize("name", SHAPES)
def test_a_picture_costs_no_more_than_this(server: ranges.RangeServer, name: str) -> None:
    """A picture of each shape costs the committed bytes and requests at most, new and known."""
    service = _service(server)
    for most_kb, most_requests in (SHAPES[name].exact, SHAPES[name].known):
        time_ms, received, requests = _cost(service, server, name)
        assert time_ms == pytest.approx(TAKEN_MS, abs=40)
        assert received <= most_kb * 1000
        assert requests <= most_requests


@pytest.mark.parametrize("name", SHAPES)
def test_a_keyframe_costs_no_more_than_this(server: ranges.RangeServer, name: str) -> None:
    """Nor does the keyframe alone."""
    most_kb, most_requests = SHAPES[name].fast
    time_ms, received, requests = _cost(_service(server), server, name, ",m_fast")
    assert time_ms == pytest.approx(KEY_MS, abs=70)
    assert received <= most_kb * 1000
    assert requests <= most_requests


@pytest.mark.parametrize("name", SHAPES)
def test_auto_costs_eight_requests_at_most(server: ranges.RangeServer, name: str) -> None:
    """``t_auto`` costs eight requests at most, new and known, and is the same keyframe both times."""
    service = _service(server)
    new_ms, _, new_requests = _cost(service, server, name, at="auto")
    known_ms, _, known_requests = _cost(service, server, name, at="auto")
    assert new_requests <= 8
    assert known_requests <= 5
    assert known_ms == new_ms


@pytest.mark.parametrize("name", SHAPES)
def test_auto_is_the_picture_that_its_time_has(server: ranges.RangeServer, name: str) -> None:
    """Who asks for the time that ``t_auto`` tells gets the same picture, to the byte."""
    service = _service(server)

    def ask(at: int | str) -> Answer:
        query = f"x-oss-process=video/snapshot,f_png,w_160,t_{at}"
        return service.answer(Call("GET", f"/{_key(name)}", query))

    best = ask("auto")
    assert best.status == 200
    same = ask(ceil(float(str(best.header("x-framefetch-time")))))
    assert same.header("x-framefetch-time") == best.header("x-framefetch-time")
    assert same.body == best.body


def test_auto_of_fragments_without_keyframes(server: ranges.RangeServer, tmp_path: Path) -> None:
    """Nor does it cost more where only one fragment in eight has a keyframe."""
    options = {"movflags": "empty_moov+default_base_moof+skip_trailer", "frag_duration": "1000000"}
    mux(tmp_path / "film.mp4", tmp_path, "h264-small", Fraction(75), options=options)
    server.put("seconds.mp4", (tmp_path / "film.mp4").read_bytes())
    server.asked.clear()
    answer = _service(server).answer(Call("GET", "/seconds.mp4", "x-oss-process=video/snapshot,t_auto"))
    assert answer.status == 200
    assert len(server.asked) <= 8


def test_auto_where_no_keyframe_is_near(server: ranges.RangeServer) -> None:
    """A film that is cut short soon after its first keyframe has that one as its best."""
    server.put("short.ts", server.objects[_key("mpeg-ts")].content[:600_000])
    answer = _service(server).answer(Call("GET", "/short.ts", "x-oss-process=video/snapshot,t_auto"))
    assert answer.status == 200
    assert float(str(answer.header("x-framefetch-time"))) == 0
