"""The own index readers lead to the pictures that FFmpeg's demuxer leads to, and those of a plain decode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import av
import pytest

from framefetch.budget import Budget
from framefetch.containers.sniff import sniff
from framefetch.film import indexed
from framefetch.settings import Settings
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.folder import FolderSource
from framefetch.trace import Trace
from tests.asked import picture_asked
from tests.containers.driving import TOLERANT, md5
from tests.films import RECIPES, make_film
from tests.films.encoding import paint
from tests.media.asking import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.ffmpeg.decode import Picture
    from tests.films import Shelf

WHOLE = [name for name, recipe in RECIPES.items() if recipe.keep == 1]
OWN = [name for name in WHOLE if RECIPES[name].suffix in (".mp4", ".mov", ".mkv", ".webm")]
HEAD_BYTES = 64 << 10


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("mode", ["", ",m_fast"])
def test_both_ways_give_the_same_image(films: Shelf, name: str, mode: str) -> None:
    """At every moment of every film both ways give the same answer, to the byte."""
    film = films[name]
    own, generic = Reader(films.folder), Reader(films.folder, Settings(index="generic"))
    different = []
    for at_ms in film.moments():
        asked = f"t_{at_ms},f_png,ar_auto{mode}"
        answers = [reader.ask(film.path, asked) for reader in (own, generic)]
        assert [one.status for one in answers] == [200, 200]
        if film.fast(at_ms) is None:
            # No keyframe is shown: each way may choose any picture.
            continue
        if len({(one.body, one.header("x-framefetch-time")) for one in answers}) > 1:
            different.append((at_ms, [one.header("x-framefetch-time") for one in answers]))
    assert different == []


@pytest.mark.parametrize("more", ["", "+separate_moof"])
def test_sound_that_begins_first_may_follow_later(tmp_path: Path, more: str) -> None:
    """Two seconds of pictures, shown from 80 ms on, and then their sound, heard from 0 on, in turn."""
    flags = {"movflags": f"frag_keyframe+empty_moov{more}"}
    recipe = replace(RECIPES["h264-fragmented-mfra"], name="sound", mux=flags, gop=50, count=100, audio="aac")
    film = make_film(recipe, tmp_path)
    own, generic = Reader(tmp_path), Reader(tmp_path, Settings(index="generic"))
    for at_ms in (0, 79, 80, 120, 2079, 2080, 3000):
        asked = f"t_{at_ms},f_png"
        taken, other = own.take(film.path, asked), generic.take(film.path, asked)
        assert taken.number() == other.number() == max(0, at_ms // 40 - 2)
        assert taken.time_ms == other.time_ms == max(80, at_ms // 40 * 40)


def _by_own_index(path: Path, at_ms: int, mode: str) -> Picture:
    """The picture as it is decoded from the samples that the own index names."""
    pinned = PinnedObject(FolderSource(path.parent).open(path.name), Budget(60, 1 << 30, 1000), Trace())
    head = pinned.open(0, HEAD_BYTES)
    request = picture_asked(f"video/snapshot,t_{at_ms}{mode}", max_side=8192)
    index = indexed.read_index(pinned, indexed.Seen(((0, head),)), str(sniff(head)), request)
    film = indexed.open_film(index, Settings(), pinned.budget)
    return indexed.find_picture(pinned, index, request, film)


@pytest.mark.parametrize("name", OWN)
def test_pixels_are_those_of_a_plain_decode(films: Shelf, name: str) -> None:
    """Starting at a keyframe and leaving out what nothing refers to changes no bit of any picture."""
    film = films[name]
    with av.open(str(film.path), **TOLERANT) as file:
        plain = [md5(frame) for frame in file.decode(video=0)]
    assert len(plain) == len(film.pictures)
    times = [float(time) for time in film.frame_times_ms]
    for at_ms in film.moments():
        for mode in ("", ",m_fast"):
            picture = _by_own_index(film.path, at_ms, mode)
            taken = float(picture.time_ms)
            nearest = min(range(len(times)), key=lambda number: abs(times[number] - taken))
            assert md5(picture.frame) == plain[nearest], (at_ms, mode)


def test_a_keyframe_that_shares_its_time(tmp_path: Path) -> None:
    """A keyframe is one, though the picture that follows it has the very same time."""
    path, size = tmp_path / "film.mkv", (320, 180)
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "0"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = 10
        frames = [cast("Any", av.VideoFrame).from_image(paint(size, number)) for number in range(40)]
        for packet in [one for frame in (*frames, None) for one in stream.encode(frame)]:
            packet.pts = packet.dts = (packet.pts or 0) // 2 * 2
            out.mux(packet)
    assert float(_by_own_index(path, 1_000, "").time_ms) == 960
    generic = Reader(tmp_path, Settings(index="generic"))
    assert [generic.take(path, f"t_{at_ms}").number() for at_ms in (1_000, 9_000)] == [25, 30]
