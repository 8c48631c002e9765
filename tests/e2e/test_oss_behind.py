"""OSS's own SDK in front, OSS's behaviour behind: the whole way over two sockets, signed on both."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.server.sample import read_frame_number
from tests.e2e import clients
from tests.e2e.clients import BUCKET, Refused
from tests.films import RECIPES, make_film
from tests.servers import oss_like
from tests.serving import run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.films import Film
    from tests.servers.oss_like import OssLikeServer
    from tests.serving import Server

KEY_ID, SECRET = "LTAI5tEndToEndKeyId0000", "EndToEndSecret0000000000000000"
KEY = "clips/a film 中.mp4"
PROCESS = "video/snapshot,t_1000,f_png,w_96"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("behind"))


@pytest.fixture(scope="module")
def store(film: Film) -> Iterator[OssLikeServer]:
    with oss_like.running() as server:
        server.put(f"{BUCKET}/films/{KEY}", film.path.read_bytes())
        yield server


@pytest.fixture(scope="module")
def words(store: OssLikeServer) -> str:
    return f"oss://{BUCKET}/films?region={clients.REGION}&endpoint={store.url}"


@pytest.fixture(scope="module")
def server(store: OssLikeServer, words: str) -> Iterator[Server]:
    with serving(words, settings={"FRAMEFETCH_KEYS": f"{KEY_ID}:{SECRET}"} | store.environment) as server:
        yield server


def test_the_right_picture_for_few_bytes(store: OssLikeServer, server: Server, film: Film) -> None:
    """The SDK gets the right picture; of the film only ranges were read, all pinned to one version."""
    before = len(store.asked)
    body = clients.client("oss2:v4", server.port, KEY_ID, SECRET).get(KEY, PROCESS)
    assert isinstance(body, bytes)
    assert read_frame_number(Image.open(io.BytesIO(body))) == film.exact(1000).number
    asked = store.asked[before:]
    assert 1 <= len(asked) <= 4
    assert all(one.range for one in asked)


def test_a_wrong_signature_costs_the_store_nothing(store: OssLikeServer, server: Server) -> None:
    """Who may not come in causes no request to OSS."""
    before = len(store.asked)
    refused = clients.client("oss2:v4", server.port, KEY_ID, "wrong").get(KEY, PROCESS)
    assert isinstance(refused, Refused)
    assert refused.code == "SignatureDoesNotMatch"
    assert len(store.asked) == before


def test_faults_of_the_store_are_told(store: OssLikeServer, server: Server) -> None:
    """A missing key, an archived object and a store that refuses us each have OSS's code."""
    client = clients.client("oss2:v4", server.port, KEY_ID, SECRET)
    store.put(f"{BUCKET}/films/cold.mp4", b"")
    store.archived.add(f"{BUCKET}/films/cold.mp4")
    store.put(f"{BUCKET}/films/shut.mp4", b"").forbidden = True
    for key, status, code in (
        ("none.mp4", 404, "NoSuchKey"),
        ("cold.mp4", 403, "InvalidObjectState"),
        ("shut.mp4", 403, "AccessDenied"),
    ):
        refused = client.get(key, PROCESS)
        assert isinstance(refused, Refused)
        assert (refused.status, refused.code) == (status, code)


def test_command_line(store: OssLikeServer, words: str, film: Film, tmp_path: Path) -> None:
    """``framefetch snapshot oss://…`` takes a picture with the user's own credentials, and asks no others."""
    place, _, options = words.partition("?")
    out = tmp_path / "out.png"
    done = run("snapshot", f"{place}/{KEY}?{options}", "-t", "1s", "-o", str(out), settings=store.environment)
    assert done.returncode == 0, done.stderr
    assert read_frame_number(Image.open(out)) == film.exact(1000).number
