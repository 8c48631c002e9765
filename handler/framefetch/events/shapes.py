"""Which shape an event has, told by its keys alone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.events import alb, function_compute, payload_2, rest
from framefetch.events.wire import reply_once, reply_with_lists
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framefetch.http.call import Answer, Call


@dataclass(frozen=True, slots=True)
class HttpShape:
    """An HTTP request inside an event.

    Attributes:
        name: for the log.
        call: the event's request.
        reply: what the platform wants back.
        max_reply_bytes: of that, as JSON; above it the platform answers with an error of its own.
    """

    name: str
    call: Callable[[Mapping[str, Any]], Call]
    reply: Callable[[Answer], dict[str, Any]]
    max_reply_bytes: int


_LAMBDA_BYTES = 6_291_556
"""The largest answer of a synchronous invocation of Lambda."""
_ALB_BYTES = 1 << 20
_FC_BYTES = 32 << 20

FUNCTION_URL = HttpShape("payload-2.0", payload_2.call, reply_once, _LAMBDA_BYTES)
REST = HttpShape("rest", rest.call, reply_with_lists, _LAMBDA_BYTES)
ALB = HttpShape("alb", alb.call, reply_once, _ALB_BYTES)
ALB_LISTS = HttpShape("alb-lists", alb.call, reply_with_lists, _ALB_BYTES)
FUNCTION_COMPUTE = HttpShape("function-compute", function_compute.call, reply_once, _FC_BYTES)


def http_shape(event: Mapping[str, Any]) -> HttpShape | None:
    """The shape of an HTTP event of Lambda; None where it is none that is known."""
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return None
    if "elb" in context and "httpMethod" in event:
        return ALB_LISTS if "multiValueHeaders" in event else ALB
    if "http" in context and "rawPath" in event:
        return FUNCTION_URL
    if "httpMethod" in event and "path" in event:
        return REST
    return None


def is_function_compute(event: Mapping[str, Any]) -> bool:
    """Whether an event is one of Function Compute's HTTP trigger."""
    context = event.get("requestContext")
    return isinstance(context, dict) and "http" in context and "rawPath" in event
