"""Payload 2.0: a Lambda Function URL, and API Gateway's HTTP API.

The Function URL's path arrives percent-encoded. The HTTP API's arrives decoded, and cut at a decoded
``?``: a key with a question mark cannot be asked for through it. Query strings arrive as they were sent.
Source: AWS Lambda Developer Guide, "Function URL payloads"; API Gateway, "AWS Lambda proxy integrations".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.events.wire import body_of, encoded, headers_of
from framefetch.http.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

_FUNCTION_URL = ".lambda-url."


def call(event: Mapping[str, Any]) -> Call:
    """The request of an event."""
    context = event["requestContext"]
    path = event["rawPath"]
    if _FUNCTION_URL not in context.get("domainName", ""):
        path = encoded(_without_stage(path, context))
    return Call(
        method=context["http"]["method"],
        path=path,
        query=event.get("rawQueryString") or "",
        headers=headers_of(event.get("headers")),
        body=body_of(event),
    )


def _without_stage(path: str, context: Mapping[str, Any]) -> str:
    """On its own host name a stage is the first part of the path; on a custom domain it is not there."""
    prefix = f"/{context.get('stage', '$default')}/"
    is_own_host = ".execute-api." in context.get("domainName", "")
    return path.removeprefix(prefix[:-1]) if is_own_host and path.startswith(prefix) else path
