"""The playground's addresses: who may ask them what."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.server.playground import Playground
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FileReply, FolderSource, StoredFile
from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.budget import Budget
    from framefetch.http.call import Answer

HOST = (("host", "127.0.0.1:8000"),)
OWN = ("/-/films", "/-/film", "/-/url")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film."""
    made = tmp_path_factory.mktemp("films")
    make_film(RECIPES["h264-mp4-front"], made).path.rename(made / "a b.mp4")
    return made


def site(folder: Path, *, local: bool = True, is_open: bool = True, **settings: Any) -> Playground:
    """The playground over the folder."""
    service = Service(Settings(**settings), FolderSource(folder))
    return Playground(service, local=local, is_open=is_open)


def ask(
    playground: Playground, path: str, query: str = "", headers: tuple[tuple[str, str], ...] = HOST
) -> Answer | None:
    """The answer; None where the playground does not take the request."""
    call = Call("GET", path, query, headers)
    record = Record(playground._service.budget())
    return playground.answer(call, record) if playground.takes(call) else None


def test_elsewhere_the_page_lists_and_signs_nothing(folder: Path) -> None:
    """On a listener that others reach the page knows no bucket, and its own addresses are not there."""
    elsewhere = site(folder, local=False)
    page = ask(elsewhere, "/")
    assert page is not None
    assert b'data-local="false"' in page.body
    assert [ask(elsewhere, path, "bucket=&key=a%20b.mp4") for path in OWN] == [None, None, None]


def test_closed_it_is_not_there(folder: Path) -> None:
    """Switched off, its addresses are ordinary keys; and a picture's request is never the playground's."""
    assert ask(site(folder, is_open=False), "/") is None
    assert ask(site(folder), "/", "x-oss-process=video/snapshot") is None


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize(
    "headers",
    [
        (("host", "evil.example.com"),),
        (("host", "127.0.0.1.evil.example.com"),),
        (("host", "10.0.0.1"),),
        (),
        (*HOST, ("sec-fetch-site", "cross-site")),
        (*HOST, ("sec-fetch-site", "same-site")),
        (*HOST, ("x-forwarded-for", "192.0.2.1")),
        (*HOST, ("via", "1.1 proxy"), ("sec-fetch-site", "same-origin")),
    ],
)
def test_pages_of_others_get_nothing(folder: Path, path: str, headers: tuple[tuple[str, str], ...]) -> None:
    """A page of another site, also one whose name leads to this machine, may not list, look or sign.

    Nor may who comes through a proxy of this machine.
    """
    answer = ask(site(folder), path, "bucket=&key=a%20b.mp4&process=video/snapshot", headers)
    assert answer is not None
    assert answer.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"])
def test_its_own_page_gets_the_films(folder: Path, host: str) -> None:
    """The page itself, under each name of this machine, gets the list."""
    answer = ask(site(folder), "/-/films", "bucket=", (("host", host), ("sec-fetch-site", "same-origin")))
    assert answer is not None
    assert [one["key"] for one in json.loads(answer.body)["films"]] == ["a b.mp4"]


def test_a_film_comes_with_what_was_read_of_it(folder: Path) -> None:
    """Length and keyframes say what it took to know them; asked again, that it took nothing."""
    playground = site(folder)
    told = []
    for _ in range(2):
        answer = ask(playground, "/-/film", "bucket=&key=a%20b.mp4")
        assert answer is not None
        told.append(json.loads(answer.body))
    first, again = (one.pop("read") for one in told)
    assert told[0] == told[1]
    assert told[0]["has_index"]
    assert first["requests"] == len(first["ranges"]) > 0
    spans = [tuple(map(int, one.partition(" ")[2].split("-"))) for one in first["ranges"]]
    assert first["bytes"] == sum(stop - start for start, stop in spans)
    assert again == {"bytes": 0, "requests": 0, "ranges": []}


def test_a_film_that_is_replaced(folder: Path, tmp_path: Path) -> None:
    """Another film under the same name is told of as it is, also where the first one's index is known."""
    (tmp_path / "a b.mp4").write_bytes((folder / "a b.mp4").read_bytes())
    playground = site(tmp_path)
    before = told(ask(playground, "/-/film", "bucket=&key=a%20b.mp4"))
    longer = make_film(replace(RECIPES["h264-mp4-front"], name="longer", count=80), tmp_path)
    longer.path.replace(tmp_path / "a b.mp4")
    after = told(ask(playground, "/-/film", "bucket=&key=a%20b.mp4"))
    assert after["size"] == (tmp_path / "a b.mp4").stat().st_size != before["size"]
    assert after["duration_ms"] > before["duration_ms"]
    assert after["read"]["requests"] > 0


def test_a_film_that_is_never_the_same(folder: Path) -> None:
    """A film that is written to all the time is 503, as it is for its pictures."""
    ticks = count(1_700_000_000)

    class Restless(StoredFile):
        def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> FileReply:
            reply = super().get(start, stop, budget, if_match)
            os.utime(self.descriptor, (now := next(ticks), now))
            return reply

    class Store(FolderSource):
        def open(self, key: str) -> StoredFile:
            return Restless(super().open(key).descriptor)

    playground = Playground(Service(Settings(), Store(folder)), local=True, is_open=True)
    answer = ask(playground, "/-/film", "bucket=&key=a%20b.mp4")
    assert answer is not None
    assert (answer.status, answer.header("retry-after")) == (503, "1")


def told(answer: Answer | None) -> Any:
    assert answer is not None
    assert answer.status == 200
    return json.loads(answer.body)


def test_a_url_is_signed_where_it_has_to_be(folder: Path) -> None:
    """With keys the URL carries a signature that lets it in; without, it is plain."""
    query = "bucket={}&key=a%20b.mp4&process=video/snapshot,t_400"
    plain = ask(site(folder), "/-/url", query.format(""))
    assert plain is not None
    assert json.loads(plain.body)["url"] == "/a%20b.mp4?x-oss-process=video/snapshot,t_400"
    signed = site(folder, access="signed", bucket="examplebucket", keys="AK:SECRET")
    answer = ask(signed, "/-/url", query.format("examplebucket"))
    assert answer is not None
    path, _, given = json.loads(answer.body)["url"].partition("?")
    assert signed._service.answer(Call("GET", path, given, HOST)).status == 200
    assert signed._service.answer(Call("GET", path, "x-oss-process=video/snapshot,t_400", HOST)).status == 403


def test_nothing_else_runs(folder: Path) -> None:
    """The page's policy allows its own script and style by their digests, and nothing from anywhere else."""
    page = ask(site(folder), "/")
    assert page is not None
    policy = dict(one.split(" ", 1) for one in str(page.header("content-security-policy")).split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"].startswith("'sha256-")
    assert policy["frame-ancestors"] == "'none'"
    assert b"://" not in page.body.replace(b"https?:", b"")
