"""What a sink promises, held by every kind of store that can be written to."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from framefetch.budget import Budget
from framefetch.errors import AccessDenied, FramefetchError, InvalidObjectName, NoSuchKey
from framefetch.settings import BadSetting, Settings
from framefetch.sinks import NewObject
from framefetch.sinks.beside import sink_of
from framefetch.sources.locate import open_source
from framefetch.sources.looking import LookableSource
from tests.servers import gcs
from tests.uploads.conftest import Bucket, Gcs, Oss, Store

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.sinks import Sink
    from tests.servers import ranges

NEW = NewObject(b"first", "image/jpeg", "public, max-age=9", {"etag": "abc", "time": "1.000"})
KEYS = ("a.jpg", "deep/er/b c+ä中%41.jpg", "x&y=z#?.jpg")


def budget() -> Budget:
    return Budget(15.0, 1 << 20, 100)


def opened(store: Store) -> LookableSource:
    source = open_source(store.source, Settings())
    assert isinstance(source, LookableSource)
    return source


@pytest.fixture
def source(store: Store) -> LookableSource:
    return opened(store)


@pytest.fixture
def sink(source: LookableSource) -> Sink:
    return sink_of(source)  # type: ignore[arg-type]  # all sources that can be looked through are sources


@pytest.mark.parametrize("key", KEYS)
def test_first_writer_wins(store: Store, sink: Sink, key: str) -> None:
    """An object is written once: the second writer is told so, and the first one's bytes stay."""
    assert not sink.holds(key, budget())
    assert sink.put(key, NEW, budget())
    assert sink.holds(key, budget())
    assert not sink.put(key, replace(NEW, body=b"second"), budget())
    assert store.get(key).body == b"first"
    assert store.names() == [key]


def test_of_many_writers_one_wins(store: Store, sink: Sink) -> None:
    """Of writers that come at the same moment exactly one writes."""
    won: list[int] = []
    together = threading.Barrier(6)

    def write(number: int) -> None:
        together.wait()
        if sink.put("a/b.jpg", replace(NEW, body=bytes([number]) * 9), budget()):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [bytes([number]) * 9 for number in won] == [store.get("a/b.jpg").body]


def test_replace(store: Store, sink: Sink) -> None:
    """Only a writer that asks for it replaces an object."""
    assert sink.put("a.jpg", NEW, budget(), replace=True)
    assert sink.put("a.jpg", replace(NEW, body=b"second"), budget(), replace=True)
    assert store.get("a.jpg").body == b"second"


def test_headers_and_mark(bucket: Bucket) -> None:
    """Type, caching and facts are kept with the object, and our mark, by which it is known again."""
    source = opened(bucket)
    sink_of(source).put("a.jpg", NEW, budget())  # type: ignore[arg-type]
    stored = bucket.get("a.jpg")
    assert (stored.content_type, stored.cache_control) == ("image/jpeg", "public, max-age=9")
    assert stored.metadata["framefetch-etag"] == "abc"
    assert stored.metadata["framefetch"]
    bucket.put("film.mp4", b"film")
    assert source.look("a.jpg", budget()).is_ours
    assert not source.look("film.mp4", budget()).is_ours


def test_look(store: Store, source: LookableSource) -> None:
    """A look tells size and ETag without reading; of what is not there it says so."""
    etag = store.put("a b+/ü.mp4", b"12345")
    look = source.look("a b+/ü.mp4", budget())
    assert (look.info.size, str(look.info.etag).strip('"')) == (5, etag)
    with pytest.raises(NoSuchKey):
        source.look("none.mp4", budget())


def test_listing(store: Store, source: LookableSource) -> None:
    """A listing has every object below a prefix, once, with its size and ETag; a prefix is no folder."""
    keys = ["a/1.mp4", "a/b c+ä.mp4", "a/deep/2.mp4", "ab.mp4", "z.mp4"]
    etags = {key: store.put(key, key.encode()) for key in keys}
    if type(store) is Oss:
        store.server.page = 2

    def found(prefix: str) -> dict[str, str]:
        rows = list(source.listing(prefix, budget))
        assert {one.key: one.size for one in rows} == {one.key: len(one.key.encode()) for one in rows}
        made = {one.key: str(one.etag).strip('"') for one in rows}
        assert len(made) == len(rows)
        return made

    assert found("") == etags
    assert found("a") == {key: etag for key, etag in etags.items() if key.startswith("a")}
    assert found("a/") == {key: etag for key, etag in etags.items() if key.startswith("a/")}
    assert found("a/d").keys() == {"a/deep/2.mp4"}
    assert found("none") == {}


def test_listing_that_breaks_off(gcs_bucket: Gcs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing whose next page fails goes on where it was: nothing is missing, nothing comes twice."""
    monkeypatch.setattr("framefetch.sources.cloud._PAGE_KEYS", gcs.PAGE)
    keys = [f"{number:02}.mp4" for number in range(11)]
    for key in keys:
        gcs_bucket.put(key, b"film")
    for at in (1, 2, 3):
        gcs_bucket.server.faults.extend([*[None] * at, lambda handler: handler.fail(503, "SlowDown")])
        assert [one.key for one in opened(gcs_bucket).listing("", budget)] == keys
        asked = [one.target for one in gcs_bucket.server.asked if "list-type" in one.target]
        assert any("start-after" in one for one in asked)
        gcs_bucket.server.faults.clear()
        gcs_bucket.server.asked.clear()


def test_bad_names(store: Store, sink: Sink) -> None:
    """A key that would be another object's in the store is refused, and nothing is written."""
    for key in ("../a.jpg", "a/../b.jpg", ""):
        with pytest.raises(InvalidObjectName):
            sink.put(key, NEW, budget())
    assert store.names() == []


def test_folder_is_not_left_through_links(tmp_path: Path) -> None:
    """A link inside the folder does not lead a picture out of it, nor a new folder."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    sink = sink_of(open_source(str(inside), Settings()))
    for key in ("link/a.jpg", "link/new/a.jpg", "link/new/er/a.jpg"):
        with pytest.raises(AccessDenied):
            sink.put(key, NEW, budget())
    assert list(outside.iterdir()) == []
    (inside / "films").mkdir()
    (inside / "here").symlink_to("films")
    assert sink.put("here/new/a.jpg", NEW, budget())
    assert (inside / "films/new/a.jpg").read_bytes() == NEW.body


@pytest.mark.parametrize(
    "key", ["film.mp4/a.jpg", "film.mp4/new/a.jpg", "folder", "x" * 256, "x" * 256 + "/a"]
)
def test_names_that_no_file_can_have(tmp_path: Path, key: str) -> None:
    """A key that the folder has no room for is the caller's fault, and no try again would help."""
    (tmp_path / "film.mp4").write_bytes(b"film")
    (tmp_path / "folder").mkdir()
    sink = sink_of(open_source(str(tmp_path), Settings()))
    with pytest.raises(InvalidObjectName):
        sink.put(key, NEW, budget(), replace=True)
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["film.mp4", "folder"]


def test_folder_keeps_nothing_half_written(tmp_path: Path) -> None:
    """A file that cannot be written leaves nothing behind, under its name or beside it."""
    (tmp_path / "a.jpg").mkdir()
    sink = sink_of(open_source(str(tmp_path), Settings()))
    with pytest.raises(FramefetchError):
        sink.put("a.jpg", NEW, budget(), replace=True)
    assert [one.name for one in tmp_path.rglob("*")] == ["a.jpg"]


def test_lost_answer_is_tried_again(oss: Oss) -> None:
    """A write whose answer was lost is tried again, and ends in one object."""
    sink = sink_of(opened(oss))  # type: ignore[arg-type]

    def write_and_hang_up(handler: ranges.Handler) -> None:
        handler.wfile = open("/dev/null", "wb")  # noqa: PTH123, SIM115 - as wide as a socket's file
        handler.answer()
        handler.hang_up(reset=True)

    oss.server.faults.append(write_and_hang_up)
    # Whoever wrote it, it is there: the second try finds the first one's object.
    assert not sink.put("a.jpg", NEW, budget())
    assert oss.get("a.jpg").body == b"first"
    oss.server.faults.append(lambda handler: handler.fail(503, "ServiceUnavailable"))
    assert sink.put("b.jpg", NEW, budget())


def test_web_server_cannot_be_written_to() -> None:
    """A place that takes no pictures is a bad setting."""
    with pytest.raises(BadSetting, match="cannot be written to http"):
        sink_of(open_source("https://example.com/films", Settings()))
