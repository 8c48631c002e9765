"""Many pictures on one sheet: the right ones, each in its place, and the track that points at them."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from PIL import Image

from framefetch.http.call import Answer, Call
from framefetch.links import snapshot_url
from framefetch.process import SheetRequest, parse
from framefetch.server.sample import read_frame_number
from framefetch.settings import Settings
from framefetch.signing import KeyPair
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import RECIPES, Film, make_film

if TYPE_CHECKING:
    from pathlib import Path

TILE = 192, 108
LONG = replace(RECIPES["h264-mp4-front"], name="long", count=400, gop=10, audio=None)
KINDS = {
    "mp4": LONG,
    "mkv": replace(LONG, name="long-mkv", container="matroska", suffix=".mkv", mux={}),
    "fragmented": replace(RECIPES["h264-fragmented"], name="long-fragmented", count=200, gop=10),
    "ts": replace(LONG, name="long-ts", container="mpegts", suffix=".ts", mux={}),
    "turned": RECIPES["turn-90"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sheets")


@pytest.fixture(scope="module")
def films(folder: Path) -> dict[str, Film]:
    return {name: make_film(recipe, folder) for name, recipe in KINDS.items()}


def ask(film: Film, process: str, **settings: Any) -> Answer:
    service = Service(Settings(**settings), FolderSource(film.path.parent))
    return service.answer(Call("GET", f"/{film.path.name}", f"x-oss-process={process}"))


def image_of(answer: Answer) -> Image.Image:
    assert answer.status == 200, answer.body
    return Image.open(io.BytesIO(answer.body)).convert("RGB")


def places(columns: int, count: int, pad: int, margin: int) -> list[tuple[int, int, int, int]]:
    found = []
    for number in range(count):
        left = margin + number % columns * (TILE[0] + pad)
        top = margin + number // columns * (TILE[1] + pad)
        found.append((left, top, left + TILE[0], top + TILE[1]))
    return found


def keyframe_at(film: Film, at_ms: float) -> int:
    return max(one for one in film.keyframes if film.pictures[one].time_ms <= at_ms)


@pytest.mark.parametrize("kind", ["mp4", "mkv", "fragmented", "ts"])
def test_each_tile_is_the_keyframe_of_its_time(films: dict[str, Film], kind: str) -> None:
    """A sprite's tiles, row by row, are the keyframes at or before its times: their numbers say so."""
    film = films[kind]
    step_ms = floor(film.end_ms / 12)
    process = f"video/sprite,f_png,sw_{TILE[0]},sh_{TILE[1]},inter_{step_ms},num_12,tw_4,pad_3,margin_5"
    image = image_of(ask(film, process))
    assert image.size == (4 * TILE[0] + 3 * 3 + 10, 3 * TILE[1] + 2 * 3 + 10)
    numbers = [read_frame_number(image.crop(place)) for place in places(4, 12, 3, 5)]
    assert numbers == [film.pictures[keyframe_at(film, step_ms * one)].number for one in range(12)]


def test_spread_over_the_film(films: dict[str, Film]) -> None:
    """num_ without inter_ spreads the pictures evenly from ss_ to the film's end."""
    film = films["mp4"]
    image = image_of(ask(film, f"video/sprite,f_png,sw_{TILE[0]},sh_{TILE[1]},ss_2000,num_5,m_avg,tw_2"))
    numbers = [read_frame_number(image.crop(place)) for place in places(2, 5, 2, 2)]
    left_ms = film.end_ms - 2000
    wanted = [keyframe_at(film, 2000 + floor(left_ms * one / 5)) for one in range(5)]
    assert numbers == [film.pictures[one].number for one in wanted]


def test_the_film_ends_before_the_sheet(films: dict[str, Film]) -> None:
    """With inter_ there is no tile after the film's end, and no row without tiles; but always one picture."""
    film = films["mp4"]
    for process, tiles in (("inter_5000", 4), ("inter_5000,ss_12000", 1), ("ss_9999999,inter_100", 1)):
        answer = ask(film, f"video/sprite,sw_64,sh_36,{process}")
        assert answer.header("x-framefetch-tiles") == f"{tiles} of 64x36", process


def test_contact_sheet(films: dict[str, Film]) -> None:
    """video/snapshots is a sheet of nine pictures, three a row, upright and in the film's shape."""
    film = films["turned"]
    answer = ask(film, "video/snapshots,w_90")
    width, height = film.upright
    assert answer.header("x-framefetch-tiles") == f"9 of 90x{round(90 * height / width)}"
    assert image_of(answer).size[0] == 3 * 90 + 2 * 2 + 4


@pytest.mark.parametrize("scale", ["stretch", "crop", "fill", "fit"])
def test_scale_types(films: dict[str, Film], scale: str) -> None:
    """fill and fit leave black where the film does not reach; stretch and crop fill the tile."""
    image = image_of(ask(films["mp4"], f"video/sprite,f_png,sw_100,sh_100,num_1,margin_0,scaletype_{scale}"))
    edge = image.crop((0, 0, 100, 12)).convert("L").getextrema()
    assert (edge == (0, 0)) is (scale in ("fill", "fit"))


def test_too_much_is_refused(films: dict[str, Film]) -> None:
    """More tiles or pixels than the settings allow are refused with what to ask for, before they are made."""
    for process, settings in (
        ("video/sprite,inter_100", {}),
        ("video/sprite,num_9", {"max_tiles": 8}),
        ("video/sprite,sw_4096,sh_4096,num_36", {}),
    ):
        answer = ask(films["mp4"], process, **settings)
        assert (answer.status, b"ImageTooLarge" in answer.body) == (400, True), process


@pytest.mark.parametrize(
    ("process", "hint"),
    [
        ("video/sprite,sw_4096", "sw_ or sh_), or for fewer columns (tw_)"),
        ("video/sprite,tw_100,num_100", "sw_ or sh_), or for fewer columns (tw_)"),
        ("video/sprite,sw_64,sh_4096,tw_1,num_9", "sw_ or sh_), or for fewer of them (num_)"),
        ("video/snapshots,w_4096", "w_ or h_), or for fewer columns (tw_)"),
        ("video/animation,w_4096,num_20", "36000000 pixels over 20 pictures. Ask for a smaller w_ or h_, or"),
        ("video/snapshot,l_8000,s_8000", "36000000 pixels in all. Ask for a smaller l_ or s_."),
        ("video/snapshot,w_8000,h_8000", "36000000 pixels in all. Ask for a smaller w_ or h_."),
    ],
)
def test_what_is_too_large_can_be_asked_for_smaller(films: dict[str, Film], process: str, hint: str) -> None:
    """The hint names parameters that the operation has, and that make the answer smaller."""
    answer = ask(films["mp4"], process)
    assert (answer.status, b"ImageTooLarge" in answer.body) == (400, True)
    assert hint in answer.body.decode()


def cues_of(text: str) -> list[tuple[str, str, str, tuple[int, ...]]]:
    rows = re.findall(r"^([\d:.]+) --> ([\d:.]+)\n(\S+)#xywh=([\d,]+)$", text, re.MULTILINE)
    return [(start, stop, link, tuple(map(int, place.split(",")))) for start, stop, link, place in rows]


def test_track_points_into_the_sheet(films: dict[str, Film]) -> None:
    """Each cue of f_vtt is the tile of its time on the sheet at its address, without a gap up to the end."""
    film = films["mp4"]
    process = f"video/sprite,sw_{TILE[0]},sh_{TILE[1]},inter_4000,tw_2"
    answer = ask(film, f"{process},f_vtt")
    assert answer.header("content-type") == "text/vtt; charset=utf-8"
    cues = cues_of(answer.body.decode())
    ends = [floor(film.end_ms)] if film.end_ms % 4000 else []
    assert [cue[0] for cue in cues[:3]] == ["00:00:00.000", "00:00:04.000", "00:00:08.000"]
    assert [cue[1] for cue in cues[:-1]] == [cue[0] for cue in cues[1:]]
    assert cues[-1][1].endswith(f"{floor(film.end_ms) % 60000 // 1000:02}.{floor(film.end_ms) % 1000:03}"), (
        ends
    )
    link = urlsplit(urljoin(f"http://h/{film.path.name}?x-oss-process=x/y", cues[0][2]))
    assert link.path == f"/{film.path.name}"
    image = image_of(ask(film, unquote(link.query.removeprefix("x-oss-process="))))
    for number, (_, _, _, (left, top, width, height)) in enumerate(cues):
        tile = image.crop((left, top, left + width, top + height))
        assert read_frame_number(tile) == film.pictures[keyframe_at(film, 4000 * number)].number


def signed_track(film: Film, version: str) -> tuple[Service, str]:
    """A service that wants signatures, and a presigned URL of a track."""
    settings = Settings(access="signed", keys="id:secret-of-the-pair", bucket="bucket")
    url = snapshot_url(
        "bucket",
        film.path.name,
        "video/sprite,f_vtt,num_4",
        KeyPair("id", "secret-of-the-pair"),
        endpoint="http://localhost",
        region="cn-hangzhou",
        version=version,  # type: ignore[arg-type]
    )
    return Service(settings, FolderSource(film.path.parent)), url


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_signed_track_opens_its_sheet(films: dict[str, Film], version: str) -> None:
    """A presigned track's addresses are presigned, for that sheet and as long; the same each time."""
    service, url = signed_track(films["mp4"], version)

    def get(address: str) -> Answer:
        parts = urlsplit(address)
        return service.answer(Call("GET", parts.path, parts.query, (("host", "localhost"),)))

    track = get(url)
    assert track.status == 200, track.body
    (link,) = {cue[2] for cue in cues_of(track.body.decode())}
    assert image_of(get(urljoin(url, link))).size[0] > 0
    assert get(url).body == track.body
    assert get(urljoin(url, link.replace("num_4", "num_5"))).status == 403


@pytest.mark.parametrize("second", ["Expires=99999999999", "Expires=x", "OSSAccessKeyId=other&Expires="])
def test_a_signed_track_holds_no_longer_than_its_request(films: dict[str, Film], second: str) -> None:
    """What is put behind a version 1 URL, which signs no parameter of its own, changes no link in a track."""
    service, url = signed_track(films["mp4"], "v1")
    parts = urlsplit(url)
    host = (("host", "localhost"),)
    track = service.answer(Call("GET", parts.path, parts.query, host))
    longer = service.answer(Call("GET", parts.path, f"{parts.query}&{second}", host))
    assert (longer.status, longer.body) == (200, track.body)
    (link,) = {cue[2] for cue in cues_of(longer.body.decode())}
    (expires,) = re.findall(r"&Expires=(\d+)", parts.query)
    assert re.findall(r"&Expires=(\d+)", link) == [expires]


def test_text_of_a_sheet_is_one() -> None:
    """However a sheet is asked for, its canonical text is one, and means the same."""
    text = "video/sprite,pad_2,num_10,tw_5,sw_100,f_jpg,inter_1000,m_inter"
    request = parse(text, max_side=8192)
    assert isinstance(request, SheetRequest)
    assert request.canonical() == "video/sprite,f_jpg,inter_1000,num_10,sw_100,tw_5"
    assert parse(request.canonical(), max_side=8192) == request


@pytest.mark.parametrize(
    ("text", "ec"),
    [
        ("video/sprite,sw_31", "109"),
        ("video/sprite,tw_0", "109"),
        ("video/sprite,tw_101", "109"),
        ("video/sprite,m_dhash", "106"),
        ("video/sprite,m_avg", "109"),
        ("video/sprite,f_gif", "107"),
        ("video/sprite,w_100", "109"),
        ("video/snapshots,f_vtt", "107"),
        ("video/snapshots,w_5000", "104"),
        ("video/snapshots,h_1", "105"),
        ("video/snapshots,sw_100", "109"),
    ],
)
def test_wrong_parameters(films: dict[str, Film], text: str, ec: str) -> None:
    """A wrong parameter is refused with its EC."""
    answer = ask(films["mp4"], text)
    assert (answer.status, answer.header("x-oss-ec")) == (400, f"0053-00000{ec}")
