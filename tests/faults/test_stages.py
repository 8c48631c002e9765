"""The time of a request is looked at between its stages: what is begun late is not begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.budget import Budget
from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.operations import Studio, animation, sheet, snapshot
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.films import Film

TIMEOUT_S = 15
STAGES = {
    "video/snapshot": (snapshot, "encode"),
    "video/sprite,num_1": (sheet, "encode"),
    "video/animation,num_1": (animation, "encode_animation"),
}


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-front"], tmp_path_factory.mktemp("stages"))


def never(*_: Any, **__: Any) -> None:
    pytest.fail("it was begun after the time was over")


def late_after(monkeypatch: pytest.MonkeyPatch, owner: ModuleType | type, name: str, clock: Clock) -> None:
    """Has a function take all the time that there is."""
    done = getattr(owner, name)

    def slow(*given: Any, **named: Any) -> Any:
        result = done(*given, **named)
        clock.now_s += TIMEOUT_S
        return result

    monkeypatch.setattr(owner, name, slow)


def late_each(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, clock: Clock) -> None:
    """Has each thing that a generator gives take all the time that there is."""
    given_by = getattr(owner, name)

    def slow(*given: Any) -> Iterator[Any]:
        for one in given_by(*given):
            clock.now_s += TIMEOUT_S
            yield one

    monkeypatch.setattr(owner, name, slow)


@pytest.mark.parametrize("process", STAGES)
@pytest.mark.parametrize("stage", ["decode", "draw"])
def test_time_that_ends_between_two_stages(
    film: Film, process: str, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When decoding or drawing took all of it: 504, a hint for any operation, and nothing more is done."""
    module, encode = STAGES[process]
    clock = Clock()
    monkeypatch.setattr(module, encode, never)
    if stage == "draw":
        late_after(monkeypatch, module, "draw", clock)
    else:
        monkeypatch.setattr(module, "draw", never)
        late_after(monkeypatch, Studio, "take", clock)
        late_each(monkeypatch, Studio, "pictures", clock)
    service = Service(Settings(timeout_s=TIMEOUT_S), FolderSource(film.path.parent))
    record = Record(Budget(TIMEOUT_S, 1 << 30, 1000, clock=clock))
    answer = service.answer(Call("GET", f"/{film.path.name}", f"x-oss-process={process}"), record)
    assert answer.status == 504
    assert b"smaller or fewer pictures" in answer.body
