"""The SDKs of OSS against a running server, with only the endpoint changed: no mock in between."""

from __future__ import annotations

import io
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from framefetch.server.sample import read_frame_number
from tests.e2e import clients
from tests.e2e.clients import BUCKET, Refused
from tests.films import RECIPES, make_film
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.clients import Client
    from tests.films import Film
    from tests.serving import Said, Server

KEY_ID, SECRET = "LTAI5tEndToEndKeyId0000", "EndToEndSecret0000000000000000"
KEY = "clips/a film +1 中.mp4"
PROCESS = "video/snapshot,t_1000,f_png,w_96,m_fast"
SETTINGS = {
    "FRAMEFETCH_ACCESS": "signed",
    "FRAMEFETCH_BUCKET": BUCKET,
    "FRAMEFETCH_KEYS": f"{KEY_ID}:{SECRET}",
    "FRAMEFETCH_STYLES": f"cover={PROCESS}",
}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("e2e"))


@pytest.fixture(scope="module")
def server(film: Film) -> Iterator[Server]:
    (film.path.parent / KEY).parent.mkdir()
    (film.path.parent / KEY).write_bytes(film.path.read_bytes())
    with serving(film.path.parent, settings=SETTINGS) as server:
        yield server


@pytest.fixture(params=clients.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    sdk = str(request.param)
    if missing := clients.missing(sdk):
        pytest.skip(f"needs {missing}")
    return sdk


@pytest.fixture
def client(server: Server, name: str) -> Client:
    return clients.client(name, server.port, KEY_ID, SECRET)


def number(image: bytes) -> int:
    return read_frame_number(Image.open(io.BytesIO(image)))


def wanted(film: Film) -> int:
    shown = film.fast(1000)
    assert shown is not None
    return shown.number


def plain_get(server: Server, url: str) -> Said:
    """The URL as a browser asks for it: nothing but Host."""
    parts = urlsplit(url)
    return server.ask(f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})


def test_get_object(client: Client, film: Film) -> None:
    """get_object with a process gives the right picture."""
    body = client.get(KEY, PROCESS)
    assert isinstance(body, bytes)
    assert number(body) == wanted(film)


def test_presigned_url(client: Client, server: Server, film: Film) -> None:
    """A URL that the SDK signs opens the picture in anything that can GET, and may be kept no longer."""
    said = plain_get(server, client.presign(KEY, PROCESS, 600))
    assert (said.status, said.headers["content-type"]) == (200, "image/png")
    assert number(said.body) == wanted(film)
    keep = re.fullmatch(r"public, max-age=(\d+), must-revalidate", said.headers["cache-control"])
    assert keep is not None
    assert 500 < int(keep[1]) <= 600


def test_named_style(client: Client, film: Film) -> None:
    """A style by its name is the process that it stands for; one that is not there is NoSuchStyle."""
    body = client.get(KEY, "style/cover")
    assert isinstance(body, bytes)
    assert number(body) == wanted(film)
    refused = client.get(KEY, "style/none")
    assert isinstance(refused, Refused)
    assert (refused.status, refused.code) == (404, "NoSuchStyle")


@pytest.mark.parametrize(
    ("key", "process", "secret", "status", "code", "ec"),
    [
        pytest.param(KEY, PROCESS, "wrong", 403, "SignatureDoesNotMatch", "0002-00000040", id="wrong secret"),
        pytest.param("none.mp4", PROCESS, SECRET, 404, "NoSuchKey", "0026-00000001", id="missing key"),
        pytest.param(
            KEY, "video/snapshot,t_-1", SECRET, 400, "InvalidArgument", "0053-00000101", id="bad parameter"
        ),
        pytest.param(
            KEY, "image/resize,w_1", SECRET, 400, "InvalidArgument", "0053-00000109", id="not a snapshot"
        ),
    ],
)
def test_exceptions(
    *, server: Server, name: str, key: str, process: str, secret: str, status: int, code: str, ec: str
) -> None:
    """The SDK's own exception carries our status, code, message, request id and EC."""
    refused = clients.client(name, server.port, KEY_ID, secret).get(key, process)
    assert isinstance(refused, Refused)
    assert (refused.status, refused.code, refused.ec) == (status, code, ec)
    assert re.fullmatch(r"[0-9A-F]{24}", refused.request_id)
    assert len(refused.message) > 10


def test_unknown_key_id(server: Server, name: str) -> None:
    """A key pair that the server does not have is InvalidAccessKeyId."""
    refused = clients.client(name, server.port, "LTAIanother", SECRET).get(KEY, PROCESS)
    assert isinstance(refused, Refused)
    assert (refused.status, refused.code) == (403, "InvalidAccessKeyId")


def test_url_changed_or_expired(client: Client, server: Server) -> None:
    """A URL whose process was changed is refused; so is one whose time is over, with its own EC."""
    # One of the SDKs cuts off the fraction of a second: of one second it leaves none.
    url = client.presign("none.mp4", PROCESS, 2)
    other = plain_get(server, url.replace("t_1000", "t_2000"))
    assert other.status == 403
    said = plain_get(server, url)
    until = time.monotonic() + 20
    while said.status == 404 and time.monotonic() < until:
        said = plain_get(server, url)
    error = ET.fromstring(said.body)  # noqa: S314 - our own answer
    assert (said.status, error.findtext("Code")) == (403, "AccessDenied")
    assert error.findtext("Message") == "Request has expired."
    assert error.findtext("EC") == said.headers["x-oss-ec"]
    assert error.findtext("EC") in ("0002-00000069", "0002-00000236")
    assert error.findtext("Expires")


def test_nobody_without_a_signature(server: Server) -> None:
    """Without a signature nothing is told: the same answer for a key that is there and one that is not."""
    bodies = set()
    for key in (KEY, "none.mp4"):
        target = f"/{BUCKET}/{quote(key)}?x-oss-process={PROCESS}"
        said = server.ask(target)
        assert (said.status, said.headers["cache-control"]) == (403, "no-store")
        bodies.add(said.body.replace(said.headers["x-oss-request-id"].encode(), b""))
    assert len(bodies) == 1
