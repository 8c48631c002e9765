"""The door of AWS Lambda for uploads: ``framefetch.aws_uploads.handler`` makes their pictures.

It takes events of S3, directly or through SQS, SNS or EventBridge, and tasks of S3 Batch Operations. What
it needs is made while the container starts. The log has one record a picture, and CloudWatch a count of
what became of them.
"""

from __future__ import annotations

from framefetch import cold_start

cold_start.begin()

from collections import Counter
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from framefetch.events.deliveries import deliver
from framefetch.settings import Settings
from framefetch.uploads import Uploads

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from framefetch.rules import Upload
    from framefetch.uploads.outcome import Outcome

# Named like the logger that the records go to, so that they are written in its form.
LOGGER = Logger(service="framefetch", level="INFO")
SETTINGS = Settings.from_environment()
UPLOADS = Uploads.of_deployment(SETTINGS)

cold_start.end()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    """Makes the pictures that an event asks for.

    Raises:
        Undone: the event has to be delivered again.
        NotAnUpload: it is none that tells of uploads; Lambda reports the message.
    """
    LOGGER.append_keys(function_request_id=context.aws_request_id)
    return deliver(event, _handle, max_receives=SETTINGS.max_receives)


def _handle(upload: Upload, *, may_decode: bool = True) -> tuple[Outcome, ...]:
    outcomes = UPLOADS.handle(upload, may_decode=may_decode)
    for what, count in Counter(one.what for one in outcomes).items():
        with single_metric("Uploads", MetricUnit.Count, count, namespace="framefetch") as metric:
            metric.add_dimension("outcome", what.value)
    return outcomes
