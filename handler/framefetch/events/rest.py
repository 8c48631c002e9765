"""API Gateway's REST API, payload 1.0. The path arrives percent-encoded, query parameters decoded.

Source: API Gateway Developer Guide, "Input format of a Lambda function for proxy integration".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.call import Call
from framefetch.events.wire import body_fields, body_of, headers_of, listed, pairs_of, query_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framefetch.call import Answer


def call(event: Mapping[str, Any]) -> Call:
    """The request of an event."""
    pairs = pairs_of(event.get("queryStringParameters"), event.get("multiValueQueryStringParameters"))
    return Call(
        method=event["httpMethod"],
        path=event["path"],
        query=query_of(pairs),
        headers=headers_of(event.get("headers"), event.get("multiValueHeaders")),
        body=body_of(event),
    )


def reply(answer: Answer) -> dict[str, Any]:
    """The answer in the platform's form."""
    return {"statusCode": answer.status, "multiValueHeaders": listed(answer), **body_fields(answer)}
