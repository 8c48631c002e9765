"""The README's rule for caches in front: nobody gets a signed picture late, or without its signature."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.access.asking import NOW, PROCESS, deployment, signed_headers, url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from framefetch.http.call import Answer
    from tests.access.asking import Deployment


@dataclass
class Cdn:
    """A shared cache (RFC 9111) that does what the rule says: its key is what `key_of` makes of a URL."""

    origin: Deployment
    key_of: Callable[[str, str], str]
    clock: float = NOW
    kept: dict[str, tuple[float, Answer]] = field(default_factory=dict)
    hits: int = 0

    def get(self, address: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        """The answer, from the cache while it is fresh."""
        parts = urlsplit(address)
        key = self.key_of(parts.path, parts.query)
        if key in self.kept and self.kept[key][0] > self.clock:
            self.hits += 1
            return self.kept[key][1]
        self.origin.at(self.clock)
        answer = self.origin.open(address, headers)
        control = answer.header("cache-control") or ""
        age = re.search(r"max-age=(\d+)", control)
        if age is not None and "private" not in control and "no-store" not in control:
            self.kept[key] = (self.clock + int(age[1]), answer)
        return answer


def whole_query(path: str, query: str) -> str:
    return f"{path}?{query}"


def canonical(path: str, query: str) -> str:
    """For public buckets: what decides the picture, and nothing that trackers add."""
    names = ("x-oss-process", "versionId")
    return path + "?" + "&".join(sorted(one for one in query.split("&") if one.partition("=")[0] in names))


def test_signed_pictures_do_not_outlive_their_signatures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the whole query as its key, a cache gives out what the function itself would give out then."""
    cdn = Cdn(deployment(tmp_path, monkeypatch, max_age_s=3600), whole_query)
    draw = random.Random(4)
    made: list[tuple[str, int]] = []
    for _ in range(150):
        cdn.clock += draw.choice((0, 0, 0, 1, 7, 60, 400))
        now = int(cdn.clock)
        kind = draw.choice(("new", "old", "old", "old", "bare", "header", "changed"))
        if kind == "new" or not made:
            lasting = draw.choice((2, 30, 600, 4000))
            made.append((url(now=now, expires_s=lasting, version=draw.choice(("v1", "v4"))), now + lasting))
        address, stop = draw.choice(made[-3:])
        if kind == "bare":
            status = cdn.get(address.partition("?")[0] + f"?x-oss-process={PROCESS}").status
            assert status == 403
        elif kind == "changed":
            assert cdn.get(address.replace("w_64", "w_65")).status == 403
        elif kind == "header":
            bare = address.partition("?")[0] + f"?x-oss-process={PROCESS}"
            headers = signed_headers((("x-oss-process", PROCESS),), now=now)
            assert cdn.get(bare, headers).status == 200
        else:
            assert cdn.get(address).status == (200 if cdn.clock <= stop else 403)
    assert cdn.hits > 10


def test_urls_on_a_grid_are_hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All who ask within one step of the grid share one URL, and so one picture of the cache."""
    cdn = Cdn(deployment(tmp_path, monkeypatch), whole_query)
    for second in range(1, 300, 30):
        cdn.clock = NOW + second
        assert cdn.get(url(now=NOW + second, expires_s=3600, grid_s=300)).status == 200
    assert cdn.hits == 9


def test_public_pictures_share_the_canonical_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a public bucket a key of process and version alone is enough; what trackers add costs nothing."""
    cdn = Cdn(deployment(tmp_path, monkeypatch, access="public"), canonical)
    bodies = {
        cdn.get(f"https://media.example.com/film.mp4?x-oss-process={PROCESS}&spm={number}").body
        for number in range(5)
    }
    assert len(bodies) == 1
    assert cdn.hits == 4
