"""The HTTP trigger of Function Compute 3.0, version v1. The path arrives percent-encoded, parameters decoded.

There is no raw query string, and of a parameter that came twice only one is left.
Source: Function Compute documentation, "HTTP triggers", "Built-in runtimes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.events.wire import body_of, headers_of, pairs_of, query_of
from framefetch.http.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping


def call(event: Mapping[str, Any]) -> Call:
    """The request of an event."""
    return Call(
        method=event["requestContext"]["http"]["method"],
        path=event["rawPath"],
        query=query_of(pairs_of(event.get("queryParameters"), None)),
        headers=headers_of(event.get("headers")),
        body=body_of(event),
    )
