"""API Gateway's REST API, payload 1.0. The path arrives percent-encoded, query parameters decoded.

Source: API Gateway Developer Guide, "Input format of a Lambda function for proxy integration".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.events.wire import call_of, query_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framefetch.http.call import Call


def call(event: Mapping[str, Any]) -> Call:
    """The request of an event."""
    return call_of(event, query_of)
