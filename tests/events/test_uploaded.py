"""Events that tell of uploads: golden events in, uploads out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.events.uploaded import NotAnUpload, uploads_in
from framefetch.rules import Upload
from tests.events import uploads as events

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION, SEQUENCER = "096fKKXTRTtl3on89fVO.nfljtsv6qko", "0055AED6DCD90281E5"
KEYS = ("uploads/a.mp4", "uploads/red flower+1.mp4", "u/中文 ä%41&=?#.mp4", "u/100%.mp4", "a+b")
FROM_S3: dict[str, Callable[[str, str, str], object]] = {
    "s3": events.s3,
    "sns": lambda *about: events.sns(events.s3(*about)),
    "sns in sqs": lambda *about: events.sns_in_sqs(events.s3(*about)),
    "text": lambda *about: json.dumps(events.s3(*about)),
    "sns of sns": lambda *about: events.sns(events.sns_in_sqs(events.s3(*about))),
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shape", FROM_S3)
def test_s3(shape: str, key: str) -> None:
    """However S3's notification comes, it tells of the same upload, its key decoded exactly once."""
    assert uploads_in(FROM_S3[shape]("films", key, "d41d8cd9-2")) == (
        Upload("films", key, "d41d8cd9-2", VERSION, events.SIZE, SEQUENCER),
    )


@pytest.mark.parametrize("key", KEYS)
def test_event_bridge(key: str) -> None:
    """EventBridge's key counts as it is, and only then as if it were encoded."""
    for event in (events.event_bridge("films", key, "e"), events.sns(events.event_bridge("films", key, "e"))):
        (made,) = uploads_in(event)
        assert (made.bucket, made.key, made.etag, made.sequencer) == ("films", key, "e", SEQUENCER)
    (made,) = uploads_in(events.event_bridge("films", "a+b%2Bc", "e"))
    assert (made.key, made.key_if_encoded) == ("a+b%2Bc", "a b+c")


@pytest.mark.parametrize("key", KEYS)
def test_oss(key: str) -> None:
    """A trigger of Function Compute tells of the upload; a plus in it is never a space."""
    (made,) = uploads_in(json.dumps(events.oss("films", key, "ABC")).encode())
    assert (made.bucket, made.key, made.etag, made.size) == ("films", key, "ABC", events.SIZE)
    (made,) = uploads_in(events.oss("films", "a+b%2Bc", "e"))
    assert (made.key, made.key_if_encoded) == ("a+b%2Bc", "a+b+c")


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(events.TEST_EVENT, id="test event"),
        pytest.param(events.sns(events.TEST_EVENT), id="test event by sns"),
        pytest.param(events.s3("films", "a.mp4", "e", "ObjectRemoved:Delete"), id="removed"),
        pytest.param(events.s3("films", "a.mp4", "e", "ObjectRestore:Completed"), id="restored"),
        pytest.param(events.event_bridge("films", "a.mp4", "e", "Object Deleted"), id="deleted"),
        pytest.param(events.oss("films", "a.mp4", "e", "ObjectRemoved:DeleteObject"), id="removed from oss"),
        pytest.param({"Records": []}, id="empty"),
    ],
)
def test_nothing_new(event: object) -> None:
    """What tells of no new object gives no upload, and is no fault."""
    assert uploads_in(event) == ()


def test_several_records() -> None:
    """An event with several records gives an upload for each."""
    one, other = events.s3("films", "a.mp4", "e"), events.s3("films", "b.mp4", "f")
    assert [one.key for one in uploads_in({"Records": one["Records"] + other["Records"]})] == [
        "a.mp4",
        "b.mp4",
    ]


def test_keys_that_are_not_utf_8() -> None:
    """A key that is no text stays none: it never becomes the name of another object."""
    event = events.s3("films", "a.mp4", "e")
    event["Records"][0]["s3"]["object"]["key"] = "a%FF.mp4"
    (made,) = uploads_in(event)
    assert made.key == "a\udcff.mp4"
    for event in (events.event_bridge("films", "a%FF.mp4", "e"), events.oss("films", "a%FF.mp4", "e")):
        (made,) = uploads_in(event)
        assert (made.key, made.key_if_encoded) == ("a%FF.mp4", "a\udcff.mp4")


def _without(event: dict[str, Any], *path: str | int) -> dict[str, Any]:
    copy: Any = json.loads(json.dumps(event))
    at = copy
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return dict(copy)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="list"),
        pytest.param({}, id="empty"),
        pytest.param("not json", id="text"),
        pytest.param("[" * 100_000, id="lists in lists"),
        pytest.param({"Type": "Notification", "Message": '{"a":' * 100_000}, id="objects in objects by sns"),
        pytest.param(b"\xff", id="bytes"),
        pytest.param({"version": "2.0", "rawPath": "/"}, id="http"),
        pytest.param({"Records": [{"eventSource": "aws:kinesis"}]}, id="another source"),
        pytest.param({"Records": 7}, id="no list"),
        pytest.param({"Records": [7]}, id="no record"),
        pytest.param({"events": [{"eventSource": "acs:mns", "eventName": "x"}]}, id="another of alibaba's"),
        pytest.param(_without(events.s3("b", "k", "e"), "Records", 0, "s3", "object", "key"), id="no key"),
        pytest.param(_without(events.event_bridge("b", "k", "e"), "detail", "bucket"), id="no bucket"),
        pytest.param(_without(events.oss("b", "k", "e"), "events", 0, "oss"), id="no oss"),
        pytest.param(events.event_bridge("b", 7, "e"), id="key is a number"),  # type: ignore[arg-type]
        pytest.param(events.sns(events.sns(events.sns(events.sns(events.s3("b", "k", "e"))))), id="too deep"),
    ],
)
def test_not_understood(event: object) -> None:
    """What cannot be read is refused with one error, never skipped."""
    with pytest.raises(NotAnUpload):
        uploads_in(event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PATHS = (
    ("Records",),
    ("Records", 0),
    ("Records", 0, "s3"),
    ("Records", 0, "s3", "bucket", "name"),
    ("Records", 0, "s3", "object"),
    ("Records", 0, "s3", "object", "key"),
    ("Records", 0, "s3", "object", "eTag"),
    ("Records", 0, "eventName"),
    ("Records", 0, "eventSource"),
)


@given(st.sampled_from(PATHS), JSON)
def test_any_damage(path: tuple[str | int, ...], value: object) -> None:
    """An event with anything in the place of one of its parts gives uploads or that one error."""
    event: Any = events.s3("films", "a.mp4", "e")
    at = event
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    try:
        made = uploads_in(event)
    except NotAnUpload:
        return
    assert all(type(one.key) is str and type(one.bucket) is str for one in made)
