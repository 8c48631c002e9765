"""The door of AWS Lambda: ``framefetch.aws.handler`` answers its Function URL, an API or a balancer.

The service is made while the container starts, before the first event. Powertools writes one structured
record and one set of metrics an event; its tracer and its event router are not imported.
"""

from __future__ import annotations

from framefetch import cold_start

cold_start.begin()

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

from framefetch.events.shapes import http_shape
from framefetch.function import Function, UnknownEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from framefetch.observe import Record

NAMESPACE = "framefetch"
# Named like the logger that the records go to, so that they are written in its form.
LOGGER = Logger(service="framefetch", level="INFO")
# Their dimension "service" is POWERTOOLS_SERVICE_NAME: of each deployment its own, as its alarms are.
METRICS = Metrics(namespace=NAMESPACE)
FUNCTION = Function()

cold_start.end()


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one HTTP event.

    Raises:
        UnknownEvent: it is none; Lambda reports the message to whoever invoked the function.
    """
    shape = http_shape(event)
    if shape is None:
        message = (
            "framefetch.aws.handler takes HTTP requests, as a Function URL, an HTTP API, a REST API or an "
            "Application Load Balancer sends them."
        )
        raise UnknownEvent(message)
    LOGGER.append_keys(function_request_id=context.aws_request_id)
    reply, record = FUNCTION.answer(shape, event, context.get_remaining_time_in_millis() / 1000)
    _measure(record)
    return reply


def _measure(record: Record) -> None:
    """One blob of metrics, in CloudWatch's embedded format, and one more for an error."""
    METRICS.add_metric("Latency", MetricUnit.Milliseconds, record.budget.elapsed_s * 1000)
    METRICS.add_metric("BytesRead", MetricUnit.Bytes, record.trace.received)
    METRICS.add_metric("SourceRequests", MetricUnit.Count, record.trace.requests)
    METRICS.add_metric("IndexKnown", MetricUnit.Count, record.facts.get("index") == "known")
    METRICS.add_metric("ColdStart", MetricUnit.Count, bool(record.facts["cold"]))
    METRICS.flush_metrics()
    if record.code != "OK":
        with single_metric("Errors", MetricUnit.Count, 1, namespace=NAMESPACE) as errors:
            errors.add_dimension("code", record.code)
