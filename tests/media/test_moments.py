"""``t_`` without a time: a share of the film's length, and the picture that is most worth showing."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any, cast

import av
import pytest
from PIL import Image, ImageFilter

from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films.encoding import paint
from tests.media.asking import Reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.films import Shelf

SIZE, RATE, COUNT, GOP = (320, 180), 10, 200, 10
FLAT = Image.new("RGB", SIZE, (128, 140, 120))
BLACK = Image.new("RGB", SIZE)
BAD: dict[str, Callable[[int, int], Image.Image]] = {
    "black": lambda _, __: BLACK,
    "white": lambda _, __: Image.new("RGB", SIZE, (255, 255, 255)),
    "flat": lambda _, __: FLAT,
    "fade": lambda number, of: Image.blend(BLACK, paint(SIZE, number), 0.75 * number / of),
    "blurred": lambda number, _: paint(SIZE, number).filter(ImageFilter.GaussianBlur(12)),
    "noise in the dark": lambda number, _: (
        Image.effect_noise(SIZE, 3 + number % 3).point(lambda level: max(0, level - 118)).convert("RGB")
    ),
}


def make(path: Path, bad: str, bad_until: int, gop: int = GOP, container: str | None = None) -> None:
    """Makes a film whose pictures are bad up to one of them."""
    with av.open(path, "w", format=container) as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "sc_threshold": "0"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.gop_size = gop
        for number in range(COUNT):
            picture = BAD[bad](number, bad_until) if number < bad_until else paint(SIZE, number)
            out.mux(stream.encode(cast("Any", av.VideoFrame).from_image(picture)))
        out.mux(stream.encode(None))


@pytest.mark.parametrize("bad", list(BAD))
@pytest.mark.parametrize("bad_until", [30, 120])
def test_auto_never_takes_a_bad_opening(tmp_path: Path, bad: str, bad_until: int) -> None:
    """Of a film that begins black, blank, blurred or in a fade, ``t_auto`` takes none of that."""
    make(tmp_path / "film.mp4", bad, bad_until)
    taken = Reader(tmp_path).take(tmp_path / "film.mp4", "t_auto")
    assert taken.time_ms >= bad_until * 1000 / RATE
    assert taken.number() == round(taken.time_ms * RATE / 1000)


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".flv"])
def test_auto_without_a_whole_index(tmp_path: Path, suffix: str) -> None:
    """Films whose pictures are searched for one by one have their best one too."""
    film = tmp_path / f"film{suffix}"
    make(film, "black", 100)
    assert Reader(tmp_path).take(film, "t_auto").time_ms >= 10_000


def test_auto_with_one_keyframe(tmp_path: Path) -> None:
    """Where the only keyframe is black, a picture between keyframes is taken."""
    make(tmp_path / "film.mp4", "black", 60, gop=COUNT)
    assert Reader(tmp_path).take(tmp_path / "film.mp4", "t_auto").number() >= 60


def test_auto_of_nothing_but_black(tmp_path: Path) -> None:
    """A film that is black throughout still has its picture."""
    make(tmp_path / "film.mp4", "black", COUNT)
    assert Reader(tmp_path).take(tmp_path / "film.mp4", "t_auto,f_png").image.getextrema() == ((0, 0),) * 3


@pytest.mark.parametrize("name", ["h264-mp4-front", "h264-mkv", "h264-fragmented", "h264-ts", "vp9-webm"])
def test_auto_is_always_the_same(films: Shelf, name: str) -> None:
    """The picture is the same from a new process, from a warm one, and without a cache of indexes."""
    film = films[name]
    readers = [Reader(films.folder), Reader(films.folder, Settings(index_cache="off"))]
    answers = [one.ask(film.path, "t_auto") for one in (readers[0], readers[0], readers[1])]
    assert {one.status for one in answers} == {200}
    assert len({(one.body, one.header("x-framefetch-time"), one.header("etag")) for one in answers}) == 1


@pytest.mark.parametrize("percent", [0, 1, 33, 50, 99, 100])
@pytest.mark.parametrize("name", ["h264-mp4-front", "h264-vfr", "late-video-mp4", "edit-cut-both-ends"])
def test_share_of_the_length(films: Shelf, reader: Reader, name: str, percent: int) -> None:
    """``t_50p`` is the picture at half of the time at which the last picture is over."""
    film = films[name]
    wanted = film.exact(floor(film.end_ms * percent / 100))
    taken = reader.take(film.path, f"t_{percent}p")
    assert taken.number() == wanted.number
    assert taken.time_ms == pytest.approx(float(wanted.time_ms), abs=0.001)


@pytest.mark.parametrize("name", ["h264-mkv", "h264-fragmented", "h264-ts", "mjpeg-avi", "h264-flv"])
def test_share_where_there_is_no_whole_index(films: Shelf, reader: Reader, name: str) -> None:
    """Elsewhere it is a share of the stated length, or of the last keyframe's time: within a GOP of it."""
    film = films[name]
    gop_ms = 1000 * 20 / 25 + 100
    for percent in (0, 50, 100):
        taken = reader.take(film.path, f"t_{percent}p")
        assert abs(taken.time_ms - float(film.end_ms * percent / 100)) <= gop_ms


def test_auto_on_the_corpus(corpus: Path) -> None:
    """Of every real film that has pictures there is a best one, and it is the same the second time."""
    folder = corpus / "files"
    service = Service(Settings(timeout_s=120), FolderSource(folder))
    asked = 0
    for path in sorted(folder.iterdir()):
        first, other, again = (
            Call("GET", f"/{path.name}", f"x-oss-process=video/snapshot,t_{t},w_160,f_png")
            for t in ("auto", "0", "auto")
        )
        answer = service.answer(first)
        if answer.status != 200:
            assert service.answer(other).status == answer.status, path.name
            continue
        asked += 1
        assert service.answer(again).body == answer.body, path.name
    assert asked >= 80
