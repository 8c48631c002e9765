"""Which uploads an event tells of. In: an event as the platform hands it over; out: `Upload`s.

Takes notifications of S3, directly, through SNS, EventBridge or SQS's body, one in the other as they come,
and those of OSS's triggers of Function Compute. A key arrives percent-encoded, with ``+`` for a space, in
S3's own notifications, and as it is through EventBridge. Whatever tells of no new object gives nothing;
what cannot be read is refused, never skipped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from framefetch.rules import Upload

_DEEPEST = 4
"""SNS within SQS within EventBridge, and one more."""

_NOT_UTF_8 = "surrogateescape"
"""What bytes become that are no text: nothing that is the name of another object."""


class NotAnUpload(Exception):  # noqa: N818 - what it is, not what went wrong
    """An event that cannot be read as one that tells of uploads."""


def uploads_in(event: object, deepest: int = _DEEPEST) -> tuple[Upload, ...]:
    """The uploads that an event tells of.

    Args:
        event: parsed, or the JSON text of it.
        deepest: how many envelopes may be opened.

    Raises:
        NotAnUpload: it is no such event.
    """
    if isinstance(event, str | bytes):
        event = parsed(event)
    if not isinstance(event, Mapping) or not deepest:
        raise _unknown(event)
    try:
        return _opened(event, deepest)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        message = f"an event lacks what its kind has, or has it in another form: {fault!r}"
        raise NotAnUpload(message) from fault


def parsed(text: str | bytes) -> object:
    """JSON.

    Raises:
        NotAnUpload: the text is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as fault:
        message = f"the text of an event is not JSON: {fault}"
        raise NotAnUpload(message) from None


def _opened(event: Mapping[str, Any], deepest: int) -> tuple[Upload, ...]:
    if event.get("Event") == "s3:TestEvent":
        # S3 sends one to see whether it may, when a notification is set up.
        return ()
    if event.get("source") == "aws.s3":
        return _from_event_bridge(event)
    if event.get("Type") == "Notification":
        return uploads_in(event["Message"], deepest - 1)
    if "Records" in event:
        return tuple(upload for record in event["Records"] for upload in _from_record(record, deepest))
    if "events" in event:
        return tuple(upload for record in event["events"] for upload in _from_oss(record))
    raise _unknown(event)


def _from_record(record: Mapping[str, Any], deepest: int) -> tuple[Upload, ...]:
    if record.get("EventSource") == "aws:sns":
        return uploads_in(record["Sns"]["Message"], deepest - 1)
    # MinIO and Ceph name themselves here; their notifications are S3's otherwise.
    if not str(record.get("eventSource", "")).endswith(":s3"):
        raise _unknown(record)
    if not record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
        return ()
    found = record["s3"]["object"]
    return (
        Upload(
            bucket=str(record["s3"]["bucket"]["name"]),
            key=unquote_plus(found["key"], errors=_NOT_UTF_8),
            etag=_etag(found.get("eTag")),
            version=found.get("versionId"),
            size=found.get("size"),
            sequencer=found.get("sequencer") or "",
        ),
    )


def _from_event_bridge(event: Mapping[str, Any]) -> tuple[Upload, ...]:
    if event["detail-type"] != "Object Created":
        return ()
    detail = event["detail"]
    found = detail["object"]
    return (
        Upload(
            bucket=str(detail["bucket"]["name"]),
            key=_text(found["key"]),
            etag=_etag(found.get("etag")),
            version=found.get("version-id"),
            size=found.get("size"),
            sequencer=found.get("sequencer") or "",
            # AWS's documents do not say that it is not encoded.
            key_if_encoded=unquote_plus(found["key"], errors=_NOT_UTF_8),
        ),
    )


def _from_oss(record: Mapping[str, Any]) -> tuple[Upload, ...]:
    if record["eventSource"] != "acs:oss":
        raise _unknown(record)
    if not record["eventName"].startswith("ObjectCreated:"):
        return ()
    found = record["oss"]["object"]
    return (
        Upload(
            bucket=str(record["oss"]["bucket"]["name"]),
            key=_text(found["key"]),
            etag=_etag(found.get("eTag")),
            size=found.get("size"),
            # OSS's documents do not say whether it is encoded.
            key_if_encoded=unquote(found["key"], errors=_NOT_UTF_8),
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "a key that is no text"
        raise TypeError(message)
    return value


def _etag(value: str | None) -> str | None:
    return value.strip('"') or None if value else None


def _unknown(event: object) -> NotAnUpload:
    shown = ", ".join(sorted(map(str, event))[:8]) if isinstance(event, Mapping) else type(event).__name__
    return NotAnUpload(f"not an event that tells of uploads: {shown}")
