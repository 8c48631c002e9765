"""Remembered indexes save requests, and never change a picture."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.containers.index import IndexBytes
from framefetch.containers.isobmff.walk import Walk
from framefetch.film.index_cache import IndexCache, Known
from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources import ObjectInfo
from framefetch.sources.locate import open_source
from tests.containers.films import Film
from tests.media.conftest import films  # noqa: F401 - a fixture
from tests.servers import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.films import Shelf

QUERY = "x-oss-process=video/snapshot,t_1000,w_64"


def known(etag: str | None = '"one"') -> Known:
    data = Film().bytes()
    index = Walk(len(data)).feed(0, data)
    return Known(ObjectInfo(len(data), etag), index)  # type: ignore[arg-type]  # all of it was fed


@pytest.fixture
def web() -> Iterator[ranges.RangeServer]:
    with ranges.running() as server:
        yield server


def service(web: ranges.RangeServer, **settings: Any) -> Service:
    chosen = replace(Settings(access="public"), **settings)
    return Service(chosen, open_source(f"http://127.0.0.1:{web.port}/", chosen))


def ask(service: Service) -> tuple[bytes, Record]:
    record = Record(service.budget())
    answer = service.answer(Call("GET", "/film.mp4", QUERY), record)
    assert answer.status == 200, answer.body
    return answer.body, record


def test_a_known_index_costs_one_request(web: ranges.RangeServer, films: Shelf) -> None:  # noqa: F811
    """The second picture of a film is one request, for its samples, pinned to the version."""
    web.objects["film.mp4"] = ranges.Stored(films["h264-mp4-end"].path.read_bytes(), etag='"1"')
    asked = service(web)
    first, _ = ask(asked)
    web.asked.clear()
    second, record = ask(asked)
    assert second == first
    assert [read.purpose for read in record.trace.reads] == ["samples"]
    assert [one.headers.get("if-match") for one in web.asked] == ['"1"']


def test_a_changed_object_is_noticed_by_that_request(
    web: ranges.RangeServer,
    films: Shelf,  # noqa: F811
) -> None:
    """A film that was replaced is read anew, and the answer is of the new one."""
    web.objects["film.mp4"] = ranges.Stored(films["h264-mp4-end"].path.read_bytes(), etag='"1"')
    asked = service(web)
    ask(asked)
    web.objects["film.mp4"] = ranges.Stored(films["h265-mp4"].path.read_bytes(), etag='"2"')
    body, _ = ask(asked)
    assert body == ask(service(web))[0]
    assert ask(asked)[0] == body


BIT_BY_BIT = [
    "h264-fragmented-sidx",
    "h264-fragmented-mfra",
    "h264-fragmented",
    "h264-mkv",
    "h264-mkv-no-cues",
]


@pytest.mark.parametrize("name", BIT_BY_BIT)
def test_an_index_read_bit_by_bit_is_not_read_again(
    web: ranges.RangeServer,
    films: Shelf,  # noqa: F811
    name: str,
) -> None:
    """Of fragments and clusters what was read is remembered: the same picture then costs one request."""
    content = films[name].path.read_bytes()
    web.objects["film.mp4"] = ranges.Stored(content, etag='"1"')
    asked = service(web)
    first, _ = ask(asked)
    web.asked.clear()
    second, record = ask(asked)
    assert second == first
    assert record.trace.requests == 1
    # The first picture's request for the end, which it did not need, may still come in.
    assert [one.headers.get("if-match") for one in web.asked if not one.range.startswith("-")] == ['"1"']


@pytest.mark.parametrize("name", BIT_BY_BIT)
def test_a_change_is_noticed_though_all_bytes_are_known(
    web: ranges.RangeServer,
    films: Shelf,  # noqa: F811
    name: str,
) -> None:
    """Where nothing would have to be read for a picture, the store is asked all the same."""
    web.objects["film.mp4"] = ranges.Stored(films[name].path.read_bytes(), etag='"1"')
    asked = service(web)
    old, _ = ask(asked)
    web.objects["film.mp4"] = ranges.Stored(films["h265-mp4"].path.read_bytes(), etag='"2"')
    new, _ = ask(asked)
    assert new != old
    assert new == ask(service(web))[0]


def test_without_a_strong_etag_nothing_is_remembered(
    web: ranges.RangeServer,
    films: Shelf,  # noqa: F811
) -> None:
    """An object whose versions cannot be told apart is indexed each time."""
    for etag in (None, 'W/"1"'):
        web.objects["film.mp4"] = ranges.Stored(films["h264-mp4-end"].path.read_bytes(), etag=etag)
        asked = service(web)
        ask(asked)
        assert len(ask(asked)[1].trace.reads) > 1


def test_two_processes_share_the_folder(
    web: ranges.RangeServer,
    films: Shelf,  # noqa: F811
    tmp_path: Path,
) -> None:
    """What one process has read, another one knows."""
    web.objects["film.mp4"] = ranges.Stored(films["h264-mp4-end"].path.read_bytes(), etag='"1"')
    kept = {"index_cache": "folder", "cache_folder": str(tmp_path / "kept")}
    first, _ = ask(service(web, **kept))
    second, record = ask(service(web, **kept))
    assert second == first
    assert record.trace.requests == 1
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


def spoil_by_others_rights(folder: Path) -> None:
    folder.mkdir(0o777)
    folder.chmod(0o777)


def spoil_by_link(folder: Path) -> None:
    target = folder.with_name("elsewhere")
    target.mkdir(0o700)
    folder.symlink_to(target)


def spoil_by_file(folder: Path) -> None:
    folder.write_text("in the way")


def spoil_by_entries(folder: Path) -> None:
    cache = IndexCache(1 << 20, str(folder))
    cache.keep("one", known())
    for file in folder.iterdir():
        file.write_bytes(b"damaged")


def spoil_by_links_inside(folder: Path) -> None:
    cache = IndexCache(1 << 20, str(folder))
    cache.keep("one", known())
    for file in list(folder.iterdir()):
        moved = file.with_suffix(".moved")
        file.rename(moved)
        file.symlink_to(moved)


def spoil_by_pipes(folder: Path) -> None:
    cache = IndexCache(1 << 20, str(folder))
    cache.keep("one", known())
    for file in list(folder.iterdir()):
        file.unlink()
        os.mkfifo(file, 0o600)


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_by_others_rights,
        spoil_by_link,
        spoil_by_file,
        spoil_by_entries,
        spoil_by_links_inside,
        spoil_by_pipes,
    ],
)
def test_a_spoiled_folder_is_as_good_as_none(spoil: object, tmp_path: Path) -> None:
    """Nothing is read from a folder or file that is not ours alone; keeping and finding go on."""
    folder = tmp_path / "kept"
    spoil(folder)  # type: ignore[operator]
    fresh = IndexCache(1 << 20, str(folder))
    assert fresh.find("one") is None
    fresh.keep("two", known())
    assert fresh.find("two") is not None


def test_another_name_is_never_answered(tmp_path: Path) -> None:
    """An entry under the wrong name, by whatever accident, is not used."""
    cache = IndexCache(1 << 20, str(tmp_path / "kept"))
    cache.keep("one", known())
    (file,) = (tmp_path / "kept").iterdir()
    cache.keep("two", known())
    (other,) = (one for one in (tmp_path / "kept").iterdir() if one != file)
    shutil.copyfile(file, other)
    assert IndexCache(1 << 20, str(tmp_path / "kept")).find("two") is None


def test_no_name_is_written_to_the_folder(tmp_path: Path) -> None:
    """A source's query may hold what opens it: neither the files' names nor what is in them tells it."""
    name = "https://h/films?token=SECRET\nfilm.mp4\n"
    cache = IndexCache(1 << 20, str(tmp_path / "kept"))
    cache.keep(name, known())
    (file,) = (tmp_path / "kept").iterdir()
    assert not any(word in file.read_bytes() + file.name.encode() for word in (b"SECRET", b"film.mp4"))
    assert IndexCache(1 << 20, str(tmp_path / "kept")).find(name) == known()


def test_the_least_recently_used_go(tmp_path: Path) -> None:
    """Memory and folder stay within their size."""
    from framefetch.containers.packed import pack  # noqa: PLC0415

    room = 3 * (len(pack(known().index, {})) + 200)
    cache = IndexCache(room, str(tmp_path / "kept"))
    for number in range(20):
        cache.keep(f"film {number}", known())
        os.utime(tmp_path / "kept", (number, number))
    assert cache.find("film 19") is not None
    assert cache.find("film 0") is None
    assert sum(file.stat().st_size for file in (tmp_path / "kept").iterdir()) <= room


def test_what_is_larger_than_all_the_room_is_not_kept(tmp_path: Path) -> None:
    """An index above the cache's size stays out of it, and the others in."""
    room = 20_000
    cache = IndexCache(room, str(tmp_path / "kept"))
    cache.keep("small", known())
    size = 2 * room
    cache.keep("large", Known(ObjectInfo(size, '"one"'), IndexBytes(size, ((0, bytes(size)),))))
    assert sum(file.stat().st_size for file in (tmp_path / "kept").iterdir()) <= room
    fresh = IndexCache(room, str(tmp_path / "kept"))
    assert fresh.find("small") == known()
    assert fresh.find("large") is None


def test_functions_use_the_folder_by_themselves() -> None:
    """On Lambda and Function Compute the index cache is in /tmp, elsewhere in memory only."""
    assert Settings.from_environment({}).index_cache == "memory"
    assert Settings.from_environment({"AWS_LAMBDA_FUNCTION_NAME": "f"}).index_cache == "folder"
    assert Settings.from_environment({"FC_FUNCTION_NAME": "f"}).index_cache == "folder"
    chosen = {"FC_FUNCTION_NAME": "f", "FRAMEFETCH_INDEX_CACHE": "off"}
    assert Settings.from_environment(chosen).index_cache == "off"
