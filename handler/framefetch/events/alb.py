"""An Application Load Balancer. Path and query parameters arrive percent-encoded, as they were sent.

A target group gives headers and parameters once or, where that is switched on, with all their values;
the answer has to be in the same form. Source: Elastic Load Balancing, "Lambda functions as targets".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.events.wire import call_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from framefetch.http.call import Call


def call(event: Mapping[str, Any]) -> Call:
    """The request of an event."""
    return call_of(event, _query_of)


def _query_of(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)
