"""What a picture of a film of two hours costs: bytes, requests and dependent rounds, held as figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any

import av
import pytest
from av.video.frame import VideoFrame

from framefetch.budget import Budget
from framefetch.film import indexed
from framefetch.plan import make_plan
from framefetch.settings import Settings
from framefetch.sources import ObjectInfo
from framefetch.sources.fetch import PinnedObject
from framefetch.trace import Trace
from tests.asked import picture_asked
from tests.bench.loops import loop
from tests.bench.shelf import Shelved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framefetch.ffmpeg.decode import Picture

HEAD_BYTES = 64 << 10
SECONDS, RATE, GOP, TIMES = 50, 30, 250, 144
FILMS: dict[str, dict[str, Any]] = {"end": {}, "front": {"front": True}, "hole": {"hole_bytes": 5 << 30}}

# Bytes without the samples, requests, dependent rounds; the head (64 KiB) is the first of each.
MOST = {
    ("end", "exact"): (1_000_000, 11, 4),
    ("end", "fast"): (155_000, 10, 4),
    ("front", "exact"): (930_000, 10, 3),
    ("front", "fast"): (120_000, 9, 3),
    ("hole", "exact"): (1_000_000, 11, 4),
    ("hole", "fast"): (155_000, 10, 4),
}


@dataclass
class ShelvedReply:
    info: ObjectInfo
    start: int
    stop: int
    film: Shelved

    def chunks(self) -> Iterator[bytes]:
        for at in range(self.start, self.stop, 1 << 16):
            yield self.film.read(at, min(self.stop, at + (1 << 16)))

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class ShelvedObject:
    film: Shelved
    asked: list[tuple[int, int]] = field(default_factory=list)

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> ShelvedReply:
        end = self.film.size if stop is None else min(stop, self.film.size)
        self.asked.append((start, end))
        return ShelvedReply(ObjectInfo(self.film.size, '"a"'), start, end, self.film)

    def close(self) -> None:
        """Nothing is held."""


class Rounds(PinnedObject):
    """Counts how often it is asked: ranges that are asked for together are one round."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.rounds = 0

    def open(self, *arguments: Any) -> bytes:
        self.rounds += 1
        return super().open(*arguments)

    def stream(self, *arguments: Any) -> Any:
        self.rounds += 1
        return super().stream(*arguments)

    def together(self, *arguments: Any) -> Any:
        self.rounds += 1
        return super().together(*arguments)


def encode(path: Path) -> None:
    """Some seconds with reordered pictures and sound, each picture another one."""
    with av.open(str(path), "w", format="mp4") as film:
        video = film.add_stream(
            "libx264", rate=RATE, options={"preset": "ultrafast", "bf": "3", "g": str(GOP)}
        )
        video.options |= {"sc_threshold": "0", "b-adapt": "0"}
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        sound = film.add_stream("aac", rate=48000)
        for number in range(SECONDS * RATE):
            picture = VideoFrame(96, 64, "yuv420p")
            for plane, value in zip(picture.planes, (number % 200 + 20, 128, number // 8 % 200), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            film.mux(video.encode(picture))
        for number in count():
            if number * 1024 >= SECONDS * 48000:
                break
            samples = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            samples.planes[0].update(bytes(4096))
            samples.sample_rate, samples.pts, samples.time_base = 48000, number * 1024, Fraction(1, 48000)
            film.mux(sound.encode(samples))
        film.mux(video.encode(None))
        film.mux(sound.encode(None))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shelved]:
    folder = tmp_path_factory.mktemp("long")
    encode(folder / "unit.mp4")
    return {
        name: Shelved(name, folder, loop(folder / "unit.mp4", name, TIMES, **how).parts)
        for name, how in FILMS.items()
    }


def taken(film: Shelved, mode: str, at_ms: int, *, whole: bool = False) -> tuple[Picture, Rounds, int]:
    """The picture, what was read for it, and how many bytes of that are samples."""
    fast = ",m_fast" if mode == "fast" else ""
    request = picture_asked(f"video/snapshot,t_{at_ms}{fast}", max_side=4096)
    pinned = Rounds(ShelvedObject(film), Budget(60, 1 << 30, 100), Trace())
    head = pinned.open(0, HEAD_BYTES)
    index = indexed.read_index(pinned, indexed.Seen(((0, head),)), "mov", request, whole=whole)
    assert index.whole is whole
    made = indexed.open_film(index, Settings(), pinned.budget)
    plan = make_plan(index, request.at_ms, request.mode)
    picture = indexed.find_picture(pinned, index, request, made)
    return picture, pinned, sum(one.stop - one.start for one in plan.ranges)


@pytest.mark.parametrize(("name", "mode"), MOST, ids=[" ".join(one) for one in MOST])
@pytest.mark.parametrize("at_ms", [0, 3_603_100, 6_900_000])
def test_a_picture_of_two_hours_costs_no_more_than_this(
    films: dict[str, Shelved], name: str, mode: str, at_ms: int
) -> None:
    """Wherever the index is, a picture costs the committed bytes, requests and rounds at most."""
    picture, pinned, samples = taken(films[name], mode, at_ms)
    most_bytes, most_requests, most_rounds = MOST[name, mode]
    # Delays are read up to t: what is later costs more, at most all of the table.
    later = 850_000 if mode == "exact" and at_ms > 3_700_000 else 0
    assert pinned.trace.received - samples <= most_bytes + later
    # The head is asked for alone here; the tail that the service asks for with it is one more.
    assert pinned.trace.requests + 1 <= most_requests
    assert pinned.rounds <= most_rounds
    exact = Fraction(at_ms * RATE // 1000, RATE)
    wanted = exact if mode == "exact" else exact // Fraction(GOP, RATE) * Fraction(GOP, RATE)
    assert picture.time_ms == wanted * 1000


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_slices_and_whole_tables_give_the_same_picture(films: dict[str, Shelved], mode: str) -> None:
    """The picture that slices of the tables lead to is the one that all of the tables lead to."""
    for at_ms in (0, 3_603_100, 7_199_990, 7_300_000):
        sliced, _, _ = taken(films["end"], mode, at_ms)
        whole, _, _ = taken(films["end"], mode, at_ms, whole=True)
        assert sliced.time_ms == whole.time_ms
        assert [bytes(plane) for plane in sliced.frame.planes] == [
            bytes(plane) for plane in whole.frame.planes
        ]


def test_an_index_that_is_kept_costs_the_tables_of_the_video(films: dict[str, Shelved]) -> None:
    """Reading all of the video's tables, to keep them, leaves out those of the sound."""
    _, pinned, samples = taken(films["end"], "exact", 3_603_100, whole=True)
    assert pinned.trace.received - samples <= 4_600_000
    assert pinned.rounds <= 4
