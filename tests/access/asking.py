"""A deployment over one film and a store that counts, asked as a gateway would ask it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from framefetch.http.call import Answer, Call
from framefetch.links import snapshot_url
from framefetch.settings import Settings
from framefetch.signing import KeyPair, authorization
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from framefetch.sources import StoredObject

BUCKET, REGION = "examplebucket", "cn-hangzhou"
PAIR = KeyPair("LTAI5tAccessKeyId0000", "AccessSecret00000000000000000000")
KEYS = f"{PAIR.access_key_id}:{PAIR.secret}"
NOW = 1_768_464_000
PROCESS = "video/snapshot,t_400,w_64"
QUERY = f"x-oss-process={PROCESS}"
HOST = "media.example.com"


class CountingSource:
    """A folder that is far away, as far as the settings can tell; it counts what is opened."""

    kind = "http"
    suffix_ranges = False

    def __init__(self, folder: Path) -> None:
        self.folder = FolderSource(folder)
        self.opened: list[str] = []

    def open(self, key: str) -> StoredObject:
        self.opened.append(key)
        return self.folder.open(key)


@dataclass
class Deployment:
    """A service, its store and its clock."""

    service: Service
    source: CountingSource
    monkeypatch: pytest.MonkeyPatch = field(repr=False)

    def at(self, unix: float) -> None:
        """Sets the clock that signatures are held against."""
        self.monkeypatch.setattr("framefetch.snapshot.now_unix", lambda: unix)

    def ask(
        self,
        key: str = "film.mp4",
        query: str = QUERY,
        method: str = "GET",
        headers: tuple[tuple[str, str], ...] = (),
        host: str = HOST,
    ) -> Answer:
        """One request."""
        return self.service.answer(Call(method, f"/{key}", query, (("host", host), *headers)))

    def open(self, url: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        """A GET for a URL."""
        parts = urlsplit(url)
        call = Call("GET", parts.path, parts.query, (("host", parts.netloc), *headers))
        return self.service.answer(call)


def deployment(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Deployment:
    """A deployment with these settings over the film."""
    film = make_film(RECIPES["h264-mp4-end"], folder)
    shutil.copy(film.path, folder / "film.mp4")
    source = CountingSource(folder)
    given: dict[str, Any] = {"keys": KEYS, "bucket": BUCKET} | settings
    made = Deployment(Service(Settings(**given), source), source, monkeypatch)
    made.at(NOW)
    return made


def url(key: str = "film.mp4", process: str = PROCESS, **options: Any) -> str:
    """A URL that is signed now."""
    given: dict[str, Any] = {
        "endpoint": f"https://{HOST}",
        "region": REGION,
        "cname": True,
        "now": NOW,
    } | options
    return snapshot_url(BUCKET, key, process, PAIR, **given)


def signed_headers(
    parameters: tuple[tuple[str, str], ...], key: str = "film.mp4", now: int = NOW
) -> tuple[tuple[str, str], ...]:
    """The headers of a request that is signed in its header."""
    return authorization(key, PAIR, bucket=BUCKET, now=now, region=REGION, parameters=parameters)


def code(answer: Answer) -> str:
    """OSS's code in an answer."""
    text = answer.body.decode()
    return text.partition("<Code>")[2].partition("</Code>")[0]
