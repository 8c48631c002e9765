"""An Application Load Balancer. Path and query parameters arrive percent-encoded, as they were sent.

A target group gives headers and parameters once or, where that is switched on, with all their values;
the answer has to be in the same form. Source: Elastic Load Balancing, "Lambda functions as targets".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.call import Call
from framefetch.events.wire import body_fields, body_of, headers_of, joined, listed, pairs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framefetch.call import Answer


def call(event: Mapping[str, Any]) -> Call:
    """The request of an event."""
    pairs = pairs_of(event.get("queryStringParameters"), event.get("multiValueQueryStringParameters"))
    return Call(
        method=event["httpMethod"],
        path=event["path"],
        query="&".join(f"{name}={value}" for name, value in pairs),
        headers=headers_of(event.get("headers"), event.get("multiValueHeaders")),
        body=body_of(event),
    )


def reply(answer: Answer) -> dict[str, Any]:
    """The answer in the form for a target group that gives each header once."""
    return {"statusCode": answer.status, "headers": joined(answer), **body_fields(answer)}


def reply_with_lists(answer: Answer) -> dict[str, Any]:
    """The answer in the form for a target group that gives all values."""
    return {"statusCode": answer.status, "multiValueHeaders": listed(answer), **body_fields(answer)}
