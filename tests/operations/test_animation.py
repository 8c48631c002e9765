"""Several pictures that move: the right ones, each for its time, and no byte of the film twice."""

from __future__ import annotations

import io
from dataclasses import replace
from math import floor
from typing import Any

import pytest
from PIL import Image

from framefetch.http.call import Answer, Call
from framefetch.process import AnimationRequest, Moving, Scale, parse
from framefetch.server.sample import read_frame_number
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import RECIPES, Film, make_film

LONG = replace(RECIPES["h264-mp4-front"], name="long", count=200, gop=50, audio=None)
KINDS = {
    "mp4": LONG,
    "fragmented": replace(RECIPES["h264-fragmented"], name="long-fragmented", count=100, gop=25),
    "mkv": replace(LONG, name="long-mkv", count=100, container="matroska", suffix=".mkv", mux={}),
    "turned": RECIPES["turn-90"],
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Film]:
    folder = tmp_path_factory.mktemp("animations")
    return {name: make_film(recipe, folder) for name, recipe in KINDS.items()}


def ask(film: Film, parameters: str, **settings: Any) -> Answer:
    service = Service(Settings(**settings), FolderSource(film.path.parent))
    return service.answer(Call("GET", f"/{film.path.name}", f"x-oss-process=video/animation{parameters}"))


def shown(answer: Answer) -> list[tuple[Image.Image, int]]:
    """The pictures of an animation and how long each is shown, in ms."""
    assert answer.status == 200, answer.body
    image = Image.open(io.BytesIO(answer.body))
    count = getattr(image, "n_frames", 1)
    assert count == 1 or image.info["loop"] == 0
    found = []
    for number in range(count):
        image.seek(number)
        rgb = image.convert("RGB")
        found.append((rgb, int(image.info["duration"])))
    return found


def number_at(film: Film, at_ms: float) -> int:
    return max(one.number for one in film.pictures if one.time_ms <= at_ms)


@pytest.mark.parametrize("kind", ["mp4", "fragmented", "mkv"])
@pytest.mark.parametrize("form", ["webp", "gif"])
def test_an_interval_gives_the_pictures_of_a_span(films: dict[str, Film], kind: str, form: str) -> None:
    """Every 60 ms from 1.9 s on, the picture shown then, for as long; over a keyframe that lies between."""
    film = films[kind]
    found = shown(ask(film, f",f_{form},ss_1900,inter_60,num_12,w_{film.width}"))
    wanted = [number_at(film, 1900 + 60 * one) for one in range(12)]
    assert [read_frame_number(image) for image, _ in found] == list(dict.fromkeys(wanted))
    assert sum(duration for _, duration in found) == 720


def test_spread_keyframes(films: dict[str, Film]) -> None:
    """Without an interval, keyframes from ss_ to the end, two a second; one that comes again lasts longer."""
    film = films["mp4"]
    found = shown(ask(film, f",ss_1000,num_5,w_{film.width}"))
    left_ms = film.end_ms - 1000
    keys = [
        max(key for key in film.keyframes if film.pictures[key].time_ms <= 1000 + floor(left_ms * one / 5))
        for one in range(5)
    ]
    wanted = list(dict.fromkeys(keys))
    assert [read_frame_number(image) for image, _ in found] == [film.pictures[one].number for one in wanted]
    assert [duration for _, duration in found] == [500 * keys.count(one) for one in wanted]


def test_a_span_is_read_once(films: dict[str, Film]) -> None:
    """Twenty pictures of one GOP cost what the dearest of them costs, and not a byte more."""
    film = films["mp4"]
    service = Service(Settings(), FolderSource(film.path.parent))

    def cost(process: str) -> tuple[int, int]:
        answer = service.answer(Call("GET", f"/{film.path.name}", f"x-oss-process={process}"))
        assert answer.status == 200
        told = dict(part.split("=") for part in str(answer.header("x-framefetch-read")).split(", "))
        return int(told["bytes"]), int(told["requests"])

    cost("video/snapshot,t_0")
    each = [cost(f"video/snapshot,t_{100 + 40 * one}") for one in range(20)]
    assert cost("video/animation,ss_100,inter_40,num_20") == max(each)


@pytest.mark.parametrize(
    ("parameters", "durations_ms"),
    [
        (",inter_100,num_4", [100] * 4),
        (",inter_100,num_4,fps_3", [333, 334, 333, 333]),
        (",inter_100,num_4,fps_3,f_gif", [330, 340, 330, 330]),
        (",inter_100,num_3,fps_240,f_gif", [20] * 3),
        (",num_3,fps_4", [250] * 3),
    ],
)
def test_how_long_each_is_shown(films: dict[str, Film], parameters: str, durations_ms: list[int]) -> None:
    """As in the film, or by fps_; rounded so that they add up, and in GIF never below two hundredths."""
    assert [duration for _, duration in shown(ask(films["mp4"], f"{parameters},w_64"))] == durations_ms


def test_shape(films: dict[str, Film]) -> None:
    """Upright and 320 wide where nothing is said; scaletype_ as on sheets."""
    width, height = films["turned"].upright
    answer = ask(films["turned"], ",num_1")
    assert answer.header("content-type") == "image/webp"
    assert shown(answer)[0][0].size == (320, round(320 * height / width))
    turned_last = ask(films["turned"], ",num_1", rotate_order="resize-first")
    assert shown(turned_last)[0][0].size == (320, round(320 * height / width))
    (image, _), *_ = shown(ask(films["mp4"], ",num_2,w_100,h_100,scaletype_fill"))
    assert image.size == (100, 100)
    assert max(image.crop((0, 0, 100, 12)).convert("L").tobytes()) < 12


def test_past_the_end_there_is_one_picture(films: dict[str, Film]) -> None:
    """As on a sheet, the last keyframe."""
    film = films["mp4"]
    for process in (",inter_100", ",num_7"):
        ((image, _),) = shown(ask(film, f"{process},ss_9999999,w_{film.width}"))
        assert read_frame_number(image) == film.pictures[film.keyframes[-1]].number


def test_colours_do_not_flicker(films: dict[str, Film]) -> None:
    """A GIF has one palette, so what stands still keeps its colour."""
    answer = ask(films["mp4"], ",f_gif,inter_40,num_10")
    image = Image.open(io.BytesIO(answer.body))
    palettes = []
    for number in range(10):
        image.seek(number)
        palettes.append(image.tile[0].args)
    assert len(set(palettes)) == 1
    assert answer.body.count(b"NETSCAPE2.0") == 1


def test_the_same_request_gives_the_same_bytes(films: dict[str, Film]) -> None:
    """With one ETag."""
    one, other = (ask(films["mp4"], ",f_gif,num_4") for _ in range(2))
    assert (one.body, one.header("etag")) == (other.body, other.header("etag"))


def test_too_much_is_refused(films: dict[str, Film]) -> None:
    """More pictures or pixels than the settings allow, before anything is decoded."""
    film = films["mp4"]
    for parameters, settings in (
        (",num_101", {}),
        (",num_3", {"max_tiles": 2}),
        (",num_10,w_4096", {}),
        (",num_10,w_320", {"max_pixels": 400_000}),
    ):
        answer = ask(film, parameters, **settings)
        assert (answer.status, b"<Code>ImageTooLarge</Code>" in answer.body) == (400, True), parameters


def test_canonical() -> None:
    """One text for one request, whatever was said that goes without saying."""
    request = parse(
        "video/animation,h_0064,f_gif,num_5,m_inter,inter_40,fps_0,scaletype_crop".replace("h_0064", "h_64"),
        max_side=8192,
    )
    assert request == AnimationRequest(
        interval_ms=40, count=5, height=64, scale=Scale.CROP, format=Moving.GIF
    )
    assert request.canonical() == "video/animation,f_gif,inter_40,num_5,h_64,scaletype_crop"
    assert parse(request.canonical(), max_side=8192) == request
    assert parse("video/animation", max_side=8192).canonical() == "video/animation,f_webp"
