"""What an answer looks like on the wire: OSS's XML, OSS's headers, and nothing a browser would run."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch import errors
from framefetch.errors import FramefetchError, InvalidArgument, NoSuchKey, SourceBusy, TooManyRequests
from framefetch.http.answers import error_answer, error_xml, picture_answer
from framefetch.http.call import Answer, Call
from framefetch.server.health import health_answer

REQUEST_ID = "5C3D9175B6FC201293AD4890"
GET = Call("GET", "/a.mp4", headers=(("host", "films.example"),))
HEAD = Call("HEAD", "/a.mp4", headers=(("host", "films.example"),))


def rows(xml: bytes) -> list[tuple[str, str]]:
    root = ET.fromstring(xml)  # noqa: S314 - our own answer
    assert root.tag == "Error"
    return [(one.tag, one.text or "") for one in root]


def assert_safe(answer: Answer) -> None:
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Content-Security-Policy") == "default-src 'none'; sandbox"
    for name, value in answer.headers:
        assert re.fullmatch(r"[A-Za-z-]+", name)
        assert value.isprintable()
        assert value.isascii()


@pytest.mark.parametrize("kind", errors.classes(), ids=lambda kind: kind.__name__)
def test_every_error_has_the_documented_form(kind: type[FramefetchError]) -> None:
    """Each class of the tree: Code, Message, RequestId, HostId, then EC and RecommendDoc where it has one."""
    error = kind()
    answer = error_answer(error, GET, REQUEST_ID)
    assert_safe(answer)
    assert answer.status == kind.status
    assert answer.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n')
    assert answer.header("Content-Type") == "application/xml"
    assert answer.header("Content-Length") == str(len(answer.body))
    got = rows(answer.body)
    wanted = ["Code", "Message", "RequestId", "HostId"] + (["EC", "RecommendDoc"] if error.ec else [])
    assert [name for name, _ in got] == wanted
    assert dict(got)["Code"] == kind.code
    assert dict(got)["Message"] == kind.default_message
    assert dict(got)["RequestId"] == REQUEST_ID
    assert dict(got)["HostId"] == "films.example"
    assert answer.header("x-oss-ec") == (error.ec or None)


@pytest.mark.parametrize("kind", errors.classes(), ids=lambda kind: kind.__name__)
def test_errors_are_not_kept_for_long(kind: type[FramefetchError]) -> None:
    """An error is cached for a minute at most, a fault of ours or the store's never."""
    keep = error_answer(kind(), GET, REQUEST_ID).header("Cache-Control")
    assert keep is not None
    found = re.fullmatch(r"no-store|max-age=(\d+)", keep)
    assert found
    if kind.status >= 500 or kind.status in (412, 429) or issubclass(kind, errors.AccessDenied):
        assert keep == "no-store"
    elif found[1]:
        assert 0 < int(found[1]) <= 60


@pytest.mark.parametrize("kind", errors.classes(), ids=lambda kind: kind.__name__)
def test_head_has_its_error_in_a_header(kind: type[FramefetchError]) -> None:
    """HEAD: no body and no length, the same XML in x-oss-err, base64."""
    answer = error_answer(kind(), HEAD, REQUEST_ID)
    assert_safe(answer)
    assert (answer.status, answer.body) == (kind.status, b"")
    assert answer.header("Content-Length") is None
    encoded = answer.header("x-oss-err")
    assert encoded is not None
    assert base64.b64decode(encoded, validate=True) == error_answer(kind(), GET, REQUEST_ID).body


def test_order_with_everything() -> None:
    """The elements that a code adds stand between HostId and EC, in the order given; detail stays inside."""
    extras = (("ArgumentName", "t"), ("ArgumentValue", "-1"))
    error = InvalidArgument("Bad t.", hint="Use 0.", detail="secret", extras=extras, ec="0053-00000101")
    assert rows(error_xml(error, "h", REQUEST_ID)) == [
        ("Code", "InvalidArgument"),
        ("Message", "Bad t. Use 0."),
        ("RequestId", REQUEST_ID),
        ("HostId", "h"),
        ("ArgumentName", "t"),
        ("ArgumentValue", "-1"),
        ("EC", "0053-00000101"),
        ("RecommendDoc", "https://api.aliyun.com/troubleshoot?q=0053-00000101"),
    ]


def test_patience_is_asked_for() -> None:
    """Where waiting helps, Retry-After says how long; elsewhere there is none."""
    assert error_answer(TooManyRequests(), GET, REQUEST_ID).header("Retry-After") == "1"
    assert error_answer(SourceBusy(retry_after_s=7), GET, REQUEST_ID).header("Retry-After") == "7"
    assert error_answer(NoSuchKey(), GET, REQUEST_ID).header("Retry-After") is None


HOSTILE = [
    "<script>alert(1)</script>",
    "]]></Key><Key>",
    "&lt;&amp;&#0;",
    "\0\x01\x08\x0b\x1f\x7f\x85\ufffe\uffff",
    "a\r\nSet-Cookie: a=b",
    "\udcff\ud800",
    "\u202e\u2028 \U0001f3ac 中",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    """Markup, control characters and bytes that are no UTF-8 come back as text of their own element."""
    error = NoSuchKey(text, extras=(("Key", text),))
    for method in ("GET", "HEAD"):
        call = Call(method, "/a.mp4", headers=(("host", text),))
        answer = error_answer(error, call, REQUEST_ID)
        assert_safe(answer)
        body = answer.body or base64.b64decode(answer.header("x-oss-err") or "")
        got = rows(body)
        assert [name for name, _ in got][:5] == ["Code", "Message", "RequestId", "HostId", "Key"]
        if text.isprintable():
            assert dict(got)["Key"] == dict(got)["HostId"] == text


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_any_text_gives_xml(key: str, host: str) -> None:
    """Whatever a caller sent, the answer is well-formed UTF-8 XML of the same shape."""
    got = rows(error_xml(NoSuchKey(extras=(("Key", key),)), host, REQUEST_ID))
    assert [name for name, _ in got] == [
        "Code", "Message", "RequestId", "HostId", "Key", "EC", "RecommendDoc",
    ]  # fmt: skip


def test_long_text_is_cut() -> None:
    """What a caller sent in length does not come back in length, least of all in the header of a HEAD."""
    error = InvalidArgument("x" * 60_000, extras=(("ArgumentValue", "<" * 60_000),))
    assert len(error_answer(error, GET, REQUEST_ID).body) < 32_000
    head = error_answer(error, HEAD, REQUEST_ID)
    assert len(head.header("x-oss-err") or "") < 8000
    assert [name for name, _ in rows(base64.b64decode(head.header("x-oss-err") or ""))][-1] == "ArgumentValue"


def test_picture_answer() -> None:
    """A picture is as safe as an error, and has a length exactly where it is known."""
    with_length = picture_answer(200, (("Content-Type", "image/png"),), b"abc", with_length=True)
    assert_safe(with_length)
    assert with_length.header("Content-Length") == "3"
    assert picture_answer(304, (), b"", with_length=False).header("Content-Length") is None


def test_health_answer() -> None:
    """The health page is as safe, is never kept, and tells strangers nothing but ok."""
    for detailed in (True, False):
        answer = health_answer(detailed=detailed)
        assert_safe(answer)
        assert answer.header("Cache-Control") == "no-store"
    assert health_answer(detailed=False).body == b"ok\n"
    assert b'"libavcodec"' in health_answer(detailed=True).body


def test_log_ids_are_oss_like() -> None:
    """A request id is 24 upper-case hex digits, and another one each time."""
    from framefetch.budget import Budget  # noqa: PLC0415
    from framefetch.observe import Record  # noqa: PLC0415

    ids = {Record(Budget(1, 1, 1)).request_id for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"[0-9A-F]{24}", one) for one in ids)
