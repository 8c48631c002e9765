"""The door of Alibaba Cloud Function Compute: ``framefetch.fc.handler`` answers its HTTP trigger.

The service is made while the instance starts. One JSON record a request goes to standard output, which
Function Compute keeps in its log store.
"""

from __future__ import annotations

from framefetch import cold_start

cold_start.begin()

import json
from typing import Any

from framefetch.events.shapes import FUNCTION_COMPUTE, is_function_compute
from framefetch.function import Function, UnknownEvent
from framefetch.observe import to_stdout

to_stdout()
FUNCTION = Function()

cold_start.end()


def handler(event: bytes | str, context: Any) -> dict[str, Any]:  # noqa: ANN401 - the platform's own type
    """Answers one HTTP event.

    Args:
        event: JSON.
        context: has the function's time limit in seconds, ``context.function.timeout``.

    Raises:
        UnknownEvent: it is no HTTP request; Function Compute reports the message.
    """
    try:
        given = json.loads(event)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not is_function_compute(given):
        message = "framefetch.fc.handler takes the events of an HTTP trigger, version v1."
        raise UnknownEvent(message)
    # The platform does not tell how much of it is left; it counts from here, as we do.
    reply, _ = FUNCTION.answer(FUNCTION_COMPUTE, given, float(context.function.timeout))
    return reply
