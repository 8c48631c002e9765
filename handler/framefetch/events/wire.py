"""What the adapters share: paths, queries and headers in the one form of a `Call`, and bodies in base64.

A `Call` has its path and query percent-encoded, and decodes them once. What a platform has decoded
already is therefore encoded again, byte by byte, so that nothing is decoded twice or not at all.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from framefetch.errors import InvalidRequest
from framefetch.http.call import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from framefetch.http.call import Answer


def encoded(text: str) -> str:
    """Decoded text, percent-encoded; ``/`` stays, as the slashes of a key need no encoding."""
    return quote(text, safe="/-._~", errors="surrogatepass")


def query_of(pairs: Iterable[tuple[str, str]]) -> str:
    """A query string of decoded names and values."""
    # JSON can hold halves of surrogate pairs, which are no UTF-8.
    encoded_pairs = ((quote(one, safe="", errors="surrogatepass") for one in pair) for pair in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded_pairs)


def pairs_of(
    single: Mapping[str, str] | None, multiple: Mapping[str, list[str]] | None
) -> list[tuple[str, str]]:
    """Names and values of an event that has them once, several times, or both ways."""
    if multiple:
        return [(name, value) for name, values in multiple.items() for value in values or [""]]
    return [(name, value or "") for name, value in (single or {}).items()]


def headers_of(
    single: Mapping[str, str] | None, multiple: Mapping[str, list[str]] | None = None
) -> tuple[tuple[str, str], ...]:
    """Headers as a `Call` has them."""
    return tuple((name.lower(), value) for name, value in pairs_of(single, multiple))


def body_of(event: Mapping[str, Any]) -> bytes:
    """The request's body.

    Raises:
        InvalidRequest: it is said to be base64, and is not.
    """
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error) as fault:
        raise InvalidRequest("The request's body is not valid base64.") from fault


def call_of(event: Mapping[str, Any], query_of: Callable[[Iterable[tuple[str, str]]], str]) -> Call:
    """The request of an event that has parameters and headers once, several times, or both ways.

    Args:
        event: of payload 1.0, or of a load balancer.
        query_of: writes the query string of its parameters, as they are encoded there.
    """
    pairs = pairs_of(event.get("queryStringParameters"), event.get("multiValueQueryStringParameters"))
    return Call(
        method=event["httpMethod"],
        path=event["path"],
        query=query_of(pairs),
        headers=headers_of(event.get("headers"), event.get("multiValueHeaders")),
        body=body_of(event),
    )


def reply_with_lists(answer: Answer) -> dict[str, Any]:
    """The answer in the form that gives each header's name with all of its values."""
    return {"statusCode": answer.status, "multiValueHeaders": _listed(answer), **_body_fields(answer)}


def reply_once(answer: Answer) -> dict[str, Any]:
    """The answer in the form that gives each header once."""
    return {"statusCode": answer.status, "headers": _joined(answer), **_body_fields(answer)}


def _joined(answer: Answer) -> dict[str, str]:
    """The answer's headers, those of one name in one line (RFC 9110 §5.3)."""
    headers: dict[str, str] = {}
    for name, value in answer.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _listed(answer: Answer) -> dict[str, list[str]]:
    """The answer's headers, each name with all of its values."""
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name, []).append(value)
    return headers


def _body_fields(answer: Answer) -> dict[str, Any]:
    """The two fields that a body takes in every platform's answer."""
    return {"isBase64Encoded": True, "body": base64.b64encode(answer.body).decode("ascii")}
