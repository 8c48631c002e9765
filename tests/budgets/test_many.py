"""What many pictures of a film of two hours cost: bytes and requests, held as figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from framefetch.budget import Budget
from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.settings import Settings
from framefetch.snapshot import Service
from tests.bench.loops import loop
from tests.bench.shelf import Shelved
from tests.budgets.test_long_films import TIMES, ShelvedObject, encode

if TYPE_CHECKING:
    from framefetch.http.call import Answer
    from framefetch.trace import RangeRead

TILES = 60
SPRITE = f"video/sprite,sw_64,sh_36,num_{TILES},tw_10"


@dataclass
class ShelvedSource:
    """A source with one film, which tells no length beforehand and has no suffix ranges."""

    film: Shelved
    kind: str = "shelf"
    suffix_ranges: bool = False

    def open(self, key: str) -> ShelvedObject:
        return ShelvedObject(self.film)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("many")
    encode(folder / "unit.mp4")
    film = Shelved("front", folder, loop(folder / "unit.mp4", "front", TIMES, front=True).parts)
    return Service(Settings(access="public", timeout_s=60), ShelvedSource(film))


def ask(service: Service, process: str) -> tuple[Answer, Record]:
    record = Record(Budget(60, 1 << 30, 1000))
    answer = service.answer(Call("GET", "/film.mp4", f"x-oss-process={process}"), record)
    assert answer.status == 200, answer.body
    return answer, record


def received(reads: list[RangeRead], purpose: str) -> int:
    return sum(one.received for one in reads if one.purpose == purpose)


def test_a_sprite_reads_its_keyframes_and_the_index(service: Service) -> None:
    """Sixty tiles of two hours cost their keyframes' bytes and at most a fifth more, in one request each."""
    _, cold = ask(service, SPRITE)
    answer, known = ask(service, SPRITE)
    assert answer.header("x-framefetch-tiles") == f"{TILES} of 64x36"
    keyframes = 0
    for tile in range(TILES):
        length_ms = 50_000 * TIMES
        _, one = ask(service, f"video/snapshot,m_fast,t_{length_ms * tile // TILES}")
        keyframes += one.trace.received
    assert known.trace.received <= 1.2 * keyframes
    assert known.trace.requests <= TILES
    assert received(cold.trace.reads, "samples") == known.trace.received


def test_auto_costs_eight_requests_at_most(service: Service) -> None:
    """``t_auto`` of two hours looks at five keyframes, in five requests where the index is known."""
    _, record = ask(service, "video/snapshot,t_auto,w_64")
    assert record.trace.requests <= 5
    other = Service(Settings(access="public", timeout_s=60), service._sources[""])
    _, record = ask(other, "video/snapshot,t_auto,w_64")
    assert record.trace.requests <= 8


def test_info_costs_three_requests_at_most(service: Service) -> None:
    """``video/info`` of a film of two hours, whose tables have megabytes, is read in three requests."""
    other = Service(Settings(access="public", timeout_s=60), service._sources[""])
    _, record = ask(other, "video/info")
    assert record.trace.requests <= 3
