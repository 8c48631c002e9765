"""What an attack found once stays refused: each file and request here once did harm."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest

from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import boxes
from tests.media.conftest import films  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.http.call import Answer
    from tests.films import Shelf


def ask(folder: Path, name: str, process: str) -> Answer:
    service = Service(Settings(timeout_s=10), FolderSource(folder))
    return service.answer(Call("GET", f"/{name}", f"x-oss-process=video/snapshot,{process}"))


@pytest.mark.parametrize("process", ["t_500", "t_500,m_fast"])
def test_two_chunk_tables_do_not_end_the_process(
    films: Shelf,  # noqa: F811
    tmp_path: Path,
    process: str,
) -> None:
    """A track with two tables of one kind is refused before FFmpeg's assertion about it."""
    data = films["h264-fragmented"].path.read_bytes()
    for kind in (b"stts", b"stsz"):
        (tmp_path / "film.mp4").write_bytes(data.replace(kind, b"stsc", 1))
        assert ask(tmp_path, "film.mp4", process).status == 400


@pytest.mark.parametrize("count", [501, 2_000, 100_000])
def test_an_edit_list_of_thousands_costs_nothing(
    films: Shelf,  # noqa: F811
    tmp_path: Path,
    count: int,
) -> None:
    """More edits than any film has are refused at once."""
    entry = struct.pack(">IiI", 1, 0, 0x10000) * count
    body = struct.pack(">II", 0, count) + entry
    elst = struct.pack(">I4s", 8 + len(body), b"elst") + body
    film = boxes.replace_box(
        films["h264-mp4-end"].path.read_bytes(), (b"moov", b"trak", b"edts", b"elst"), elst
    )
    (tmp_path / "film.mp4").write_bytes(film)
    answer = ask(tmp_path, "film.mp4", "t_1500")
    assert answer.status == 400
    assert b"ImageTooLarge" in answer.body


@pytest.mark.parametrize("name", ["h264-mp4-end", "h264-ts", "h264-mkv", "h264-fragmented"])
@pytest.mark.parametrize("mode", ["", ",m_fast"])
def test_the_greatest_t_is_past_the_end(films: Shelf, name: str, mode: str) -> None:  # noqa: F811
    """The largest t that can be asked for gives the last keyframe, as any t past the end."""
    path = films[name].path
    assert ask(path.parent, path.name, f"t_{2**53},w_64{mode}").status == 200


def test_a_shape_that_cannot_be_drawn_is_not_called_corrupt(films: Shelf) -> None:  # noqa: F811
    """A sliver that the scaler refuses is the request's fault, and not the film's."""
    path = films["h264-mp4-end"].path
    answer = ask(path.parent, path.name, "w_1,h_8192")
    assert answer.status == 200 or b"ImageTooLarge" in answer.body


def test_a_refusal_is_of_the_film_that_is_there_now(films: Shelf, tmp_path: Path) -> None:  # noqa: F811
    """A film whose index is known and cannot be decoded is looked at again once there is another one."""
    good = films["h264-mp4-end"].path.read_bytes()
    bad = good.replace(b"avc1", b"xxxx")
    service = Service(Settings(), FolderSource(tmp_path))
    call = Call("GET", "/film.mp4", "x-oss-process=video/snapshot,t_500")
    said = []
    for number, film in enumerate((bad, bad, good, bad)):
        (tmp_path / "film.mp4").write_bytes(film)
        os.utime(tmp_path / "film.mp4", (number, number))
        said.append(service.answer(call).status)
    assert said == [400, 400, 200, 400]
