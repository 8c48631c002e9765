"""Conditional requests and HEAD through the service: answered from the object's facts, without decoding."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from framefetch import snapshot
from framefetch.http.caching import http_date
from framefetch.http.call import Answer, Call
from framefetch.observe import Record
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from framefetch.versions import versions
from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from pathlib import Path

PROCESS = "x-oss-process=video/snapshot,t_400"
NOT_A_FILM = "not-a-film.mp4"
"""Large, and nothing that could be decoded: an answer other than 400 cannot have looked into it."""


@dataclass
class Asked:
    service: Service
    records: list[Record] = field(default_factory=list)

    def __call__(
        self, name: str, *headers: tuple[str, str], method: str = "GET", query: str = PROCESS
    ) -> Answer:
        record = Record(self.service.budget())
        self.records.append(record)
        return self.service.answer(Call(method, f"/{name}", query, headers), record)

    def assert_cheap(self) -> None:
        """The last answer cost one small request at most, and no stage but the opening."""
        record = self.records[-1]
        assert record.trace.requests == 1
        assert record.trace.received <= 4096
        assert set(record.stages_ms) <= {"open", "read"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("caching")
    make_film(replace(RECIPES["h264-mp4-front"], name="film", count=20), folder)
    (folder / NOT_A_FILM).write_bytes(b"nothing " * 100_000)
    return folder


@pytest.fixture
def ask(folder: Path) -> Asked:
    return Asked(Service(Settings(), FolderSource(folder)))


def tag_of(answer: Answer) -> str:
    tag = answer.header("ETag")
    assert tag is not None
    return tag


def test_head_tells_what_get_would(ask: Asked) -> None:
    """HEAD: the headers of the picture but what only decoding shows, no length, from one small request."""
    head = ask("film.mp4", method="HEAD")
    ask.assert_cheap()
    get = ask("film.mp4")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "ETag", "Last-Modified", "Cache-Control"):
        assert head.header(name) == get.header(name) is not None
    for name in ("Content-Length", "x-framefetch-time", "x-framefetch-read"):
        assert head.header(name) is None
        assert get.header(name) is not None
    assert get.header("Content-Length") == str(len(get.body))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["film.mp4", NOT_A_FILM])
def test_304_without_decoding(ask: Asked, name: str, method: str) -> None:
    """A caller who has the picture is told so, with the headers that keep it fresh and no others of it."""
    head = ask(name, method="HEAD")
    for field_value in (tag_of(head), f'"x", W/{tag_of(head)}', "*"):
        answer = ask(name, ("if-none-match", field_value), method=method)
        ask.assert_cheap()
        assert (answer.status, answer.body) == (304, b"")
        for header in ("ETag", "Last-Modified", "Cache-Control"):
            assert answer.header(header) == head.header(header) is not None
        for header in ("Content-Length", "Content-Type", "x-framefetch-time"):
            assert answer.header(header) is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["film.mp4", NOT_A_FILM])
def test_412_without_decoding(ask: Asked, name: str, method: str) -> None:
    """A condition that does not hold is 412, in OSS's form, from one small request."""
    last = datetime(2020, 1, 1, tzinfo=UTC)
    for header in (("if-match", '"other"'), ("if-unmodified-since", http_date(last))):
        answer = ask(name, header, method=method)
        ask.assert_cheap()
        assert answer.status == 412
        assert answer.header("Cache-Control") == "no-store"
        assert (b"<Code>PreconditionFailed</Code>" in answer.body) is (method == "GET")


def test_conditions_that_hold(ask: Asked) -> None:
    """Conditions that hold, and tags that are of another picture, give the picture."""
    plain = ask("film.mp4")
    tag, last = tag_of(plain), plain.header("Last-Modified") or ""
    for headers in (
        (("if-match", tag),),
        (("if-match", "*"),),
        (("if-unmodified-since", last),),
        (("if-none-match", '"other"'),),
        (("if-none-match", '"other"'), ("if-modified-since", last)),
    ):
        answer = ask("film.mp4", *headers)
        assert (answer.status, answer.body) == (200, plain.body)
        assert answer.header("ETag") == tag


def test_conditions_that_hold_use_the_known_index(ask: Asked, folder: Path) -> None:
    """A known index is used once the conditions let the picture through; not that of a former version."""
    path = folder / "again.mp4"
    path.write_bytes((folder / "film.mp4").read_bytes())
    plain = ask("again.mp4")
    assert ask("again.mp4", ("if-none-match", '"other"')).body == plain.body
    record = ask.records[-1]
    assert (record.facts["index"], record.trace.requests) == ("known", 2)
    os.utime(path, (1, 1))
    assert ask("again.mp4", ("if-none-match", '"other"')).body == plain.body
    assert ask.records[-1].facts["index"] == "new"


def test_range_is_ignored(ask: Asked) -> None:
    """A range of a picture is the whole picture."""
    plain = ask("film.mp4")
    answer = ask("film.mp4", ("range", "bytes=0-9"), ("if-range", tag_of(plain)))
    assert (answer.status, answer.body) == (200, plain.body)
    assert answer.header("Content-Range") is None


def test_old_picture_is_not_fresh_by_date(ask: Asked, folder: Path) -> None:
    """A date alone: no 304 for a film that is older than this process, 304 for one that is newer."""
    now = datetime.now(UTC)
    path = folder / "dated.mp4"
    path.write_bytes((folder / "film.mp4").read_bytes())
    for moment, status in ((now - timedelta(days=1), 200), (now + timedelta(minutes=1), 304)):
        os.utime(path, (moment.timestamp(),) * 2)
        last = ask("dated.mp4", method="HEAD").header("Last-Modified") or ""
        assert last
        answer = ask("dated.mp4", ("if-modified-since", last))
        assert answer.status == status
        if status == 304:
            ask.assert_cheap()


def test_tag_follows_object_request_settings_and_versions(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of the object, another request, setting, library or machine: another ETag."""

    def tag(settings: Settings | None = None, query: str = PROCESS) -> str:
        return tag_of(
            Asked(Service(settings or Settings(), FolderSource(folder)))(
                "tag.mp4", method="HEAD", query=query
            )
        )

    path = folder / "tag.mp4"
    path.write_bytes(b"one")
    tags = [tag()]
    assert tag() == tags[0]
    assert tag(query="a=b&x-oss-process=video%2Fsnapshot,f_jpg,t_0400,w_0") == tags[0]
    assert tag(Settings(timeout_s=3, concurrency=7)) == tags[0]
    tags += [tag(query=PROCESS + more) for more in (",w_9", ",h_9", ",m_fast", ",f_png", ",ar_auto")]
    tags += [
        tag(settings)
        for settings in (
            Settings(quality=84), Settings(png_level=2),
            Settings(aspect="coded"), Settings(rotate_order="resize-first"),
        )
    ]  # fmt: skip
    with monkeypatch.context() as other:
        other.setattr(snapshot, "machine", lambda: "z80")
        tags.append(tag())
    for library in versions():
        with monkeypatch.context() as other:
            changed = versions() | {library: "0.0"}
            other.setattr(snapshot, "versions", lambda changed=changed: changed)
            tags.append(tag())
    path.write_bytes(b"two")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    tags.append(tag())
    assert len(set(tags)) == len(tags)


def test_versions_name_what_makes_pixels() -> None:
    """The versions in every ETag are those of framefetch, FFmpeg, PyAV and Pillow."""
    assert set(versions()) >= {"framefetch", "PyAV", "Pillow", "libavcodec", "libswscale"}
    assert all(versions().values())


def test_fault_before_facts(ask: Asked) -> None:
    """A condition says nothing of an object that is not there, nor of a request that cannot be read."""
    for method in ("GET", "HEAD"):
        assert ask("missing.mp4", ("if-none-match", "*"), method=method).status == 404
        assert ask("film.mp4", ("if-none-match", "*"), method=method, query=PROCESS + ",t_-1").status == 400


@pytest.mark.parametrize(
    "query",
    [
        "x-oss-process=video/snapshot,t_0&x-oss-process=video/snapshot,t_400",
        "x-oss-process=video/snapshot,t_0&x%2Doss-process=video/snapshot,t_400",
        "x%2Doss%2Dprocess=video/snapshot,t_400",
        "x-oss-process=video/snapshot,t_400&x-oss-proces%73=video/snapshot,t_x",
        "x-oss-process=style/none&%78-oss-process=style/none",
        "x-oss-process=video/snapshot,t_400&versionId=&%76ersionId=x",
    ],
)
def test_what_a_cache_may_read_otherwise_is_not_kept(ask: Asked, query: str) -> None:
    """No answer is kept, an error neither, whose key a cache may make of another part of the query."""
    assert ask("film.mp4", query=query).header("cache-control") == "no-store"


@pytest.mark.parametrize("more", ["", "&", "&a=1&a=2", "&a%2Db=1", "&x-process=1"])
def test_other_parameters_do_not_hinder_a_cache(ask: Asked, more: str) -> None:
    """What is no part of a cache's key may be there twice, and encoded."""
    assert ask("film.mp4", query=PROCESS + more).header("cache-control") == "public, max-age=3600"
