"""A request comes through every door as it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from framefetch.errors import FramefetchError, InvalidRequest
from framefetch.events.fronted import as_the_viewer_sent
from framefetch.events.shapes import http_shape, is_function_compute
from framefetch.http.call import Answer, Call, percent_decode
from framefetch.signing import verify
from tests.events.platforms import PLATFORMS, answer_of, carries, http_api, shape_of
from tests.signing.vectors import BUCKET, KEYRING, REGION, Vector, header_signed, presigned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATHS = (
    "/film.mp4",
    "/%2541.mp4",
    "/a%2Fb.mp4",
    "/a/b/c.mp4",
    "/a+b.mp4",
    "/a%2Bb.mp4",
    "/a%20b.mp4",
    "/%E4%B8%AD%E6%96%87/%F0%9F%8E%AC.mp4",
    "/what%3F.mp4",
    "/100%25.mp4",
    "/a//b/./c.mp4",
    "/it's(1)!*~.mp4",
)
QUERIES = (
    "",
    "x-oss-process=video/snapshot,t_1000",
    "x-oss-process=video%2Fsnapshot%2Ct_1000&versionId=a%2Bb%3D&acl",
    "a=1&a=2&b=%E4%B8%AD&c=d+e%20f%26g",
)


def through(platform: str, call: Call) -> Call:
    """The request after a platform and our adapter."""
    event = PLATFORMS[platform](call)
    return shape_of(platform, event).call(event)


HOST = (("host", "media.example.com"), ("x-oss-date", "20260115T080000Z"))
SENT = [
    pytest.param(platform, call, id=f"{platform} {path}?{query}")
    for platform in PLATFORMS
    for path in PATHS
    for query in QUERIES
    for call in [Call("GET", path, query, HOST)]
    if carries(platform, call)
]


@pytest.mark.parametrize(("platform", "sent"), SENT)
def test_key_and_parameters_come_through(platform: str, sent: Call) -> None:
    """What is decoded once at the end is what the client meant, whatever the platform did to it."""
    came = through(platform, sent)
    assert percent_decode(came.path) == percent_decode(sent.path)
    assert sorted(came.parameters) == sorted(sent.parameters)
    assert came.method == "GET"
    assert sorted(came.headers) == sorted(sent.headers)


def test_an_http_api_cannot_carry_a_key_with_a_question_mark() -> None:
    """The platform cuts the key there, as the README says; nothing that arrives tells the rest."""
    event = http_api(Call("GET", "/what%3Fnow.mp4", "x-oss-process=video/snapshot"))
    assert event["rawPath"] == "/what"


def test_the_stage_of_an_http_api_is_no_part_of_the_key() -> None:
    """On its own host name an API's stage comes first in the path; on a custom domain it does not."""
    event = http_api(Call("GET", "/prod/film.mp4"))
    event["requestContext"] |= {"stage": "prod", "domainName": "abc.execute-api.eu-central-1.amazonaws.com"}
    assert shape_of("http-api", event).call(event).path == "/film.mp4"
    event["requestContext"]["domainName"] = "media.example.com"
    assert shape_of("http-api", event).call(event).path == "/prod/film.mp4"


def outcome(call: Call, vector: Vector) -> str:
    """What the signature check makes of a recorded request: ok, or the refusal."""
    try:
        verify(call, BUCKET, vector.key, KEYRING, REGION, vector.clock)
    except FramefetchError as error:
        return f"{error.code} {error.ec}"
    return "ok"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("recorded", [presigned, header_signed])
def test_signatures_of_real_sdks_hold_behind_every_door(
    signing_vectors: Path, platform: str, recorded: Callable[[], list[Vector]]
) -> None:
    """Each request that an SDK signed is let in or refused as it is without a platform in between."""
    passed, checked = [], 0
    for vector in recorded():
        if not carries(platform, vector.call):
            continue
        checked += 1
        if outcome(through(platform, vector.call), vector) != outcome(vector.call, vector):
            passed.append((vector.call.path, vector.call.query))
    assert passed == []
    assert checked >= 100


@pytest.mark.parametrize("platform", PLATFORMS)
def test_answers_come_back_whole(platform: str) -> None:
    """Status, every header and every byte of the body survive the platform's form of an answer."""
    headers = (("Content-Type", "image/jpeg"), ("Vary", "Accept"), ("Vary", "Origin"), ("ETag", '"A"'))
    for answer in (
        Answer(200, headers, bytes(range(256))),
        Answer(304, headers),
        Answer(404, (), b"<Error/>"),
    ):
        event = PLATFORMS[platform](Call("GET", "/film.mp4"))
        back = answer_of(shape_of(platform, event).reply(answer))
        assert (back.status, back.body) == (answer.status, answer.body)
        vary = ", ".join(value for name, value in back.headers if name == "Vary")
        assert vary == ", ".join(value for name, value in headers if name == "Vary" and answer.headers)


def test_a_body_comes_through() -> None:
    """The body of a POST arrives byte for byte; what is no base64 is the caller's fault."""
    sent = Call("POST", "/film.mp4", "x-oss-process", HOST, b"x-oss-process=a|b\xff")
    for platform in PLATFORMS:
        assert through(platform, sent).body == sent.body
    event = PLATFORMS["alb"](sent) | {"body": "%%%"}
    with pytest.raises(InvalidRequest):
        shape_of("alb", event).call(event)


@pytest.mark.parametrize("platform", ["rest-api", "function-compute"])
def test_halves_of_surrogate_pairs_end_nothing(platform: str) -> None:
    """What JSON can hold and UTF-8 cannot is a parameter like others: no exception of the function."""
    event = PLATFORMS[platform](Call("GET", "/film.mp4", "a=1", HOST))
    name = "queryParameters" if "queryParameters" in event else "queryStringParameters"
    event |= {name: {"\ud83d": "\udcff"}, "multiValueQueryStringParameters": None}
    made = shape_of(platform, event).call(event)
    assert made.query == "%ED%A0%BD=%ED%B3%BF"
    assert len(made.parameters) == 1


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"requestContext": {}}, {"requestContext": None}])
def test_other_events_are_no_http(event: dict[str, Any]) -> None:
    """An event of another kind is taken for no request."""
    assert http_shape(event) is None
    assert not is_function_compute(event)


def test_what_a_cdn_put_in_the_way_is_taken_out() -> None:
    """The viewer's host counts, and the CDN's own signature does not; an OSS signature stays."""
    signed_by_cdn = ("authorization", "AWS4-HMAC-SHA256 Credential=…")
    call = Call(
        "GET", "/a", "", (("host", "x.lambda-url.on.aws"), signed_by_cdn, ("x-framefetch-host", "a.b"))
    )
    assert as_the_viewer_sent(call).header("host") == "a.b"
    assert as_the_viewer_sent(call).header("authorization") is None
    signed = Call("GET", "/a", "", (("host", "a.b"), ("authorization", "OSS AK:sig")))
    assert as_the_viewer_sent(signed).headers == signed.headers
