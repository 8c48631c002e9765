"""Pages of other origins: what they may read, and what their browsers are told beforehand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from framefetch.errors import TooManyRequests
from framefetch.http.call import Call
from framefetch.http.cors import EXPOSED
from framefetch.observe import Record
from framefetch.settings import BadSetting, Settings
from framefetch.texts import cors_of
from tests.access.asking import QUERY, code, deployment
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.http.call import Answer
    from tests.access.asking import Deployment

APP = "https://app.example.com"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    return deployment(
        tmp_path, monkeypatch, access="public", cors=(APP, "https://*.preview.example.com:8443")
    )


def asked(made: Deployment, origin: str | None, key: str = "film.mp4", query: str = QUERY) -> Answer:
    return made.ask(key, query, headers=(("origin", origin),) if origin is not None else ())


@pytest.mark.parametrize(
    "origin", [APP, "https://a.preview.example.com:8443", "https://a.b.preview.example.com:8443"]
)
def test_an_allowed_origin_reads_answers_and_errors(made: Deployment, origin: str) -> None:
    """Pictures, errors and refusals say that this origin may read them, and our own headers."""
    for answer, status in (
        (asked(made, origin), 200),
        (asked(made, origin, "none.mp4"), 404),
        (asked(made, origin, query="x-oss-process=video/snapshot,t_x"), 400),
    ):
        assert answer.status == status
        assert answer.header("access-control-allow-origin") == origin
        exposed = answer.header("access-control-expose-headers") or ""
        assert {"x-framefetch-time", "x-oss-request-id", "x-oss-ec", "ETag"} <= set(exposed.split(", "))
        assert answer.header("vary") == "Origin"


def test_every_header_of_ours_can_be_read() -> None:
    """What an answer says in a header of our own, pages may read as well."""
    texts = [path.read_text() for path in (REPOSITORY / "handler/framefetch").rglob("*.py")]
    ours = {name for text in texts for name in re.findall(r'\("(x-framefetch-[a-z-]+)", ', text)}
    assert {"x-framefetch-tiles", "x-framefetch-shrunk", "x-framefetch-ranges"} <= ours <= set(EXPOSED)


def test_a_refusal_of_the_door_has_them_too(made: Deployment) -> None:
    """What a door answers itself, as a full queue, is readable as well."""
    call = Call("GET", "/film.mp4", QUERY, (("origin", APP),))
    answer = made.service.refuse(call, TooManyRequests(), Record(made.service.budget()))
    assert (answer.status, answer.header("access-control-allow-origin")) == (429, APP)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://app.example.com.evil.example",
        "http://app.example.com",
        "https://evil.example/.preview.example.com:8443",
        "https://.preview.example.com:8443",
        "https://preview.example.com:8443",
    ],
)
def test_others_are_not_told(made: Deployment, origin: str | None) -> None:
    """Another origin, or none, gets the answer without permission; caches still keep the two apart."""
    answer = asked(made, origin)
    assert answer.status == 200
    assert answer.header("access-control-allow-origin") is None
    assert answer.header("vary") == "Origin"


def test_none_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the setting nothing speaks of origins, and preflight requests are refused."""
    made = deployment(tmp_path, monkeypatch, access="public")
    answer = asked(made, APP)
    assert [name for name, _ in answer.headers if name.lower().startswith(("vary", "access-control"))] == []
    assert code(preflight(made)) == "AccessForbidden"


def test_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``*`` lets every origin read."""
    made = deployment(tmp_path, monkeypatch, access="public", cors=("*",))
    assert asked(made, "https://any.example").header("access-control-allow-origin") == "*"
    assert asked(made, "null").header("access-control-allow-origin") == "*"


def preflight(made: Deployment, origin: str = APP, method: str = "GET", wanted: str | None = None) -> Answer:
    headers = [("origin", origin), ("access-control-request-method", method)]
    if wanted is not None:
        headers.append(("access-control-request-headers", wanted))
    return made.ask("none.mp4", method="OPTIONS", headers=tuple(headers))


def test_preflight_costs_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPTIONS is answered without the store and without a signature, and allows what signing needs."""
    made = deployment(tmp_path, monkeypatch, cors=(APP,))
    answer = preflight(made, wanted="authorization,x-oss-date,x-oss-content-sha256")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("access-control-allow-origin") == APP
    assert answer.header("access-control-allow-methods") == "GET, HEAD"
    assert answer.header("access-control-allow-headers") == "authorization,x-oss-date,x-oss-content-sha256"
    assert answer.header("access-control-max-age") == "600"
    assert made.source.opened == []


@pytest.mark.parametrize(
    ("origin", "method", "wanted"),
    [("https://evil.example", "GET", None), (APP, "PUT", None), (APP, "GET", "a\r\nb: c"), (APP, "", None)],
)
def test_preflight_refused(made: Deployment, origin: str, method: str, wanted: str | None) -> None:
    """Another origin, another method or headers that cannot be names are refused in OSS's form."""
    answer = preflight(made, origin, method, wanted)
    assert (answer.status, code(answer)) == (403, "AccessForbidden")
    assert made.source.opened == []


@pytest.mark.parametrize(
    "origin", ["app.example.com", "https://app.example.com/", "https://*", "https://a.*.com"]
)
def test_what_is_no_origin_is_a_bad_setting(origin: str) -> None:
    """An origin that could never match ends the start."""
    with pytest.raises(BadSetting, match="not an origin"):
        cors_of(Settings(cors=(origin,)))
