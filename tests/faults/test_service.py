"""What goes wrong while a picture is made, through the service: the right error, or the right picture."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from framefetch.http.call import Answer, Call
from framefetch.server.sample import read_frame_number
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.faults.sources import Held, MemorySource
from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.sources import Source
    from tests.films import Film

WAYS = ("own", "generic")
LARGE = replace(
    RECIPES["h264-mov"],
    name="large",
    size=(640, 360),
    count=200,
    options={"preset": "veryfast", "crf": "4"},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def film(folder: Path) -> Film:
    """Larger than the opening range, its index at the end: several requests are needed."""
    made = make_film(LARGE, folder)
    assert made.path.stat().st_size > 1 << 20
    return made


@pytest.fixture(scope="module")
def other(folder: Path) -> Film:
    """Another film, whose numbers are those of its times in another way."""
    return make_film(replace(LARGE, name="other", count=30, gop=10, size=(320, 180)), folder)


def ask(source: Source, key: str, parameters: str = "t_0", method: str = "GET", **settings: object) -> Answer:
    service = Service(Settings(access="public", **settings), source)  # type: ignore[arg-type]
    return service.answer(Call(method, f"/{key}", f"x-oss-process=video/snapshot,{parameters}"))


def rows(answer: Answer) -> dict[str, str]:
    root = ET.fromstring(answer.body)  # noqa: S314 - our own answer
    return {one.tag: one.text or "" for one in root}


def shown(answer: Answer) -> tuple[tuple[int, int], int]:
    """Size and number of the picture."""
    assert answer.status == 200, answer.body[:300]
    image = Image.open(io.BytesIO(answer.body))
    return image.size, read_frame_number(image)


def test_missing_key(folder: Path) -> None:
    """An object that is not there: 404 NoSuchKey, with the key as it was asked for, kept for seconds only."""
    answer = ask(FolderSource(folder), "a%20b%3C%C3%A4.mp4")
    assert answer.status == 404
    got = rows(answer)
    assert (got["Code"], got["Key"], got["EC"]) == ("NoSuchKey", "a b<ä.mp4", "0026-00000001")
    assert re.fullmatch(r"max-age=\d\d?", answer.header("Cache-Control") or "")
    assert answer.header("x-oss-request-id") == got["RequestId"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="not here: root may read everything"
)
def test_forbidden_key(film: Film, folder: Path) -> None:
    """An object that we may not read: 403."""
    locked = folder / "locked.mp4"
    locked.write_bytes(b"x")
    locked.chmod(0)
    assert rows(ask(FolderSource(folder), "locked.mp4"))["Code"] == "AccessDenied"


@pytest.mark.parametrize("index", WAYS)
@pytest.mark.parametrize("stalled", [0, 1])
def test_deadline(film: Film, index: str, stalled: int) -> None:
    """A store that falls silent, in the first answer or later: 504 when the request's time is over."""
    source = MemorySource({"a.mp4": Held(film.path.read_bytes())}, stalled=stalled)
    answer = ask(source, "a.mp4", "t_1500", timeout_s=0.2, index=index)
    assert answer.status == 504
    got = rows(answer)
    assert got["Code"] == "RequestTimeout"
    assert answer.header("Cache-Control") == "no-store"
    # The other end may have been asked for at the same time.
    assert len(source.asked) <= stalled + 2


@pytest.mark.parametrize(
    "name", ["truncated-mp4-front", "truncated-fragmented", "truncated-mkv", "truncated-ts"]
)
@pytest.mark.parametrize("index", WAYS)
def test_truncated_film(folder: Path, name: str, index: str) -> None:
    """Of a film that was cut, the pictures before the cut still come; behind it, 4xx or one that is there."""
    cut = make_film(RECIPES[name], folder)
    source = FolderSource(folder)
    assert cut.whole_until_ms is not None
    for t in cut.moments():
        answer = ask(source, cut.path.name, f"t_{t},f_png", index=index)
        assert shown(answer)[1] == cut.exact(t).number, t
    for t in (int(cut.whole_until_ms) + 200, 2399, 60_000):
        answer = ask(source, cut.path.name, f"t_{t},f_png", index=index)
        if answer.status == 200:
            numbers = [picture.number for picture in cut.pictures]
            assert shown(answer)[1] in numbers
        else:
            assert answer.status == 400
            assert rows(answer)["Code"] == "BadRequest"


@pytest.mark.parametrize("index", WAYS)
def test_cut_everywhere(film: Film, index: str) -> None:
    """Cut after any byte, a film gives a right picture or a 4xx with a hint, never a fault of ours."""
    content = film.path.read_bytes()
    for stop in (*range(0, 200, 7), *range(200, len(content), len(content) // 12), len(content) - 1):
        source = MemorySource({"a.mp4": Held(content[:stop])})
        answer = ask(source, "a.mp4", "t_400,f_png", index=index)
        if answer.status == 200:
            assert shown(answer)[1] == film.exact(400).number
        else:
            assert answer.status == 400, (stop, answer.body)
            assert rows(answer)["Code"] in ("BadRequest", "ImageTooLarge")


@pytest.mark.parametrize("index", WAYS)
@pytest.mark.parametrize("at", [2, 3])
def test_object_replaced_once(film: Film, other: Film, index: str, at: int) -> None:
    """Replaced while it is read: the right picture of the new object, whole, with the new object's ETag."""
    held = Held(film.path.read_bytes())
    source = MemorySource({"a.mp4": held})

    def swap(number: int) -> None:
        if number == at and held.version == 1:
            held.replace(other.path.read_bytes())

    source.before = swap
    answer = ask(source, "a.mp4", "t_800,f_png", index=index)
    if held.version == 1:
        pytest.skip("not here: the picture took fewer requests")
    assert shown(answer) == ((320, 180), other.exact(800).number)
    source.before = lambda _: None
    assert answer.header("ETag") == ask(source, "a.mp4", "t_800,f_png", "HEAD", index=index).header("ETag")


@pytest.mark.parametrize("index", WAYS)
def test_object_replaced_again_and_again(film: Film, index: str) -> None:
    """Replaced at every turn: 503 with Retry-After, and no mixture of two objects."""
    held = Held(film.path.read_bytes())
    source = MemorySource({"a.mp4": held})
    source.before = lambda _: held.replace(held.content)
    answer = ask(source, "a.mp4", "t_800", index=index)
    assert answer.status == 503
    assert rows(answer)["Code"] == "ServiceUnavailable"
    assert answer.header("Retry-After") == "1"
    assert answer.header("Cache-Control") == "no-store"
    assert len(source.asked) <= 6


@pytest.mark.parametrize("index", WAYS)
def test_object_gone_while_read(film: Film, index: str) -> None:
    """Shorter while it is read, to nothing at last: an error of the table, never one of ours."""
    held = Held(film.path.read_bytes())
    source = MemorySource({"a.mp4": held})
    source.before = lambda number: held.replace(b"") if number == 2 else None
    answer = ask(source, "a.mp4", "t_800", index=index)
    assert answer.status in (400, 503)
    assert rows(answer)["Code"] in ("BadRequest", "ServiceUnavailable")


def test_allowance(film: Film) -> None:
    """More bytes or requests than one picture may cost: ImageTooLarge with a hint, and no more is read."""
    source = MemorySource({"a.mp4": Held(film.path.read_bytes())})
    answer = ask(source, "a.mp4", "t_1500", max_bytes=100_000)
    assert (answer.status, rows(answer)["Code"]) == (400, "ImageTooLarge")
    source = MemorySource({"a.mp4": Held(film.path.read_bytes())})
    answer = ask(source, "a.mp4", "t_1500", max_requests=1)
    assert (answer.status, rows(answer)["Code"]) == (400, "ImageTooLarge")
    assert len(source.asked) == 1


def test_our_own_fault(
    film: Film, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug of ours is 500 InternalError; what happened is in the log under the request's id, only there."""

    def fail(*_: object) -> bytes:
        message = "secret detail"
        raise RuntimeError(message)

    monkeypatch.setattr("framefetch.operations.snapshot.encode", fail)
    with caplog.at_level(logging.INFO, "framefetch"):
        answer = ask(FolderSource(folder), film.path.name)
    assert (answer.status, rows(answer)["Code"]) == (500, "InternalError")
    assert b"secret" not in answer.body
    row = json.loads(caplog.records[-1].getMessage())
    assert row["request_id"] == answer.header("x-oss-request-id")
    assert "secret detail" in row["why"]


@pytest.mark.parametrize(
    ("key", "parameters"), [("large.mov", "t_0"), ("none.mp4", "t_0"), ("large.mov", "t_x")]
)
def test_one_log_line(
    film: Film, folder: Path, caplog: pytest.LogCaptureFixture, key: str, parameters: str
) -> None:
    """Each request writes one line, which says how it ended and, when it failed, why."""
    with caplog.at_level(logging.INFO, "framefetch"):
        answer = ask(FolderSource(folder), key, parameters)
    assert len(caplog.records) == 1
    row = json.loads(caplog.records[0].getMessage())
    assert (row["status"], row["path"], row["method"]) == (answer.status, f"/{key}", "GET")
    assert row["request_id"] == answer.header("x-oss-request-id")
    assert (row["code"] == "OK") is (answer.status == 200)
    assert ("message" in row) is (answer.status != 200)
    if answer.status == 200:
        assert (row["bytes"] > 0, row["requests"] > 0) == (True, True)
        assert row["process"] == "video/snapshot,t_0,f_jpg"
