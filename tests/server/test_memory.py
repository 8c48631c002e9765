"""What a request held is free when it has been answered, and not only when the collector comes by."""

from __future__ import annotations

import gc
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest
from av.container import InputContainer

from framefetch.draw import draw
from framefetch.http.call import Call
from framefetch.operations import snapshot
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from PIL import Image


@pytest.mark.parametrize("name", ["h264-mp4-end", "turn-90", "h264-ts", "h264-mkv", "truncated-mp4-front"])
@pytest.mark.parametrize("index", ["own", "generic"])
def test_nothing_waits_for_the_collector(tmp_path: Path, name: str, index: str) -> None:
    """After an answer no frame and no open film is left, after a picture as after a fault."""
    film = make_film(RECIPES[name], tmp_path)
    service = Service(Settings(index=index), FolderSource(tmp_path))
    asked = [f"t_{t},ar_auto{fast}" for t in (400, 999_999) for fast in ("", ",m_fast", ",w_8000,h_8000")]
    kinds = (av.VideoFrame, av.Packet, InputContainer, av.CodecContext)
    gc.collect()
    # Tables of colours are frames as well, and are kept.
    before = {id(one) for one in gc.get_objects() if isinstance(one, kinds)}
    gc.disable()
    try:
        for parameters in asked:
            answer = service.answer(
                Call("GET", f"/{film.path.name}", f"x-oss-process=video/snapshot,{parameters}")
            )
            assert answer.status in (200, 400)
        found = [one for one in gc.get_objects() if isinstance(one, kinds)]
        left = [type(one).__name__ for one in found if id(one) not in before]
    finally:
        gc.enable()
    assert left == []


@pytest.mark.parametrize("name", ["h264-mp4-end", "h264-ts", "h264-mkv"])
@pytest.mark.parametrize("index", ["own", "generic"])
def test_a_picture_is_drawn_without_its_decoder(
    tmp_path: Path, name: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder's pictures, the larger part of a request's memory, are free before the answer's are made."""
    film = make_film(RECIPES[name], tmp_path)
    service = Service(Settings(index=index), FolderSource(tmp_path))
    gc.collect()
    before = {id(one) for one in gc.get_objects() if isinstance(one, av.CodecContext)}
    left: list[object] = []

    def watched(*arguments: Any) -> Image.Image:
        left.extend(
            one for one in gc.get_objects() if isinstance(one, av.CodecContext) and id(one) not in before
        )
        return draw(*arguments)

    monkeypatch.setattr(snapshot, "draw", watched)
    gc.disable()
    try:
        answer = service.answer(Call("GET", f"/{film.path.name}", "x-oss-process=video/snapshot,t_400"))
    finally:
        gc.enable()
    assert answer.status == 200
    assert left == []


def test_a_film_that_is_given_up_while_it_is_opened_leaves_nothing(tmp_path: Path) -> None:
    """What FFmpeg had of a film is free also where the request may read no further while it is opened."""
    data = make_film(RECIPES["h264-fragmented"], tmp_path).path.read_bytes()
    at = data.index(b"moof") - 4
    (tmp_path / "many.mp4").write_bytes(data[:at] + b"\0\0\0\x08moof" * 2_000_000 + data[at:])
    service = Service(Settings(index="generic", max_bytes=8 << 20), FolderSource(tmp_path))
    held: list[int] = []
    for _ in range(4):
        answer = service.answer(Call("GET", "/many.mp4", "x-oss-process=video/snapshot"))
        assert answer.status == 400
        held.append(int(Path("/proc/self/statm").read_text("ascii").split()[1]) * mmap.PAGESIZE)
    assert held[-1] - held[0] < 64 << 20
