"""How those who deliver uploads are answered: what is done, and what has to come again.

A queue is told message by message, S3 Batch Operations task by task, anybody else by an exception, which
makes the platform deliver the whole event again: what was written then is found to be there.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from framefetch.events.uploaded import NotAnUpload, uploads_in
from framefetch.observe import note
from framefetch.rules import Upload
from framefetch.uploads.outcome import What

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from framefetch.uploads.outcome import Outcome


class Handle(Protocol):
    """What makes the pictures of one upload: `Uploads.handle`, or what does more around it."""

    def __call__(self, upload: Upload, *, may_decode: bool = True) -> tuple[Outcome, ...]:
        """See `Uploads.handle`."""
        ...


_LONGEST = 1000
"""Characters of what S3 Batch Operations writes into its report for one task."""


class Undone(Exception):  # noqa: N818 - nothing is wrong with the event
    """Some of an event's pictures could not be made now, and may be later."""


def deliver(event: object, handle: Handle, *, max_receives: int) -> dict[str, Any] | None:
    """Handles an event, whoever delivers it.

    Args:
        event: as the platform hands it over: parsed, or the JSON text of it.
        handle: makes the pictures of one upload.
        max_receives: a queue's message that was received as often is not decoded any more: what ends the
            process gives no answer, and would end the next one. It goes back until its queue gives it up.

    Returns:
        What a queue or S3 Batch Operations expect; None to all others.

    Raises:
        Undone: the event has to be delivered again.
        NotAnUpload: it is none that tells of uploads.
    """
    match event:
        case dict({"Records": [{"eventSource": "aws:sqs"}, *_]}):
            return _answer_to_queue(event, handle, max_receives)
        case dict({"invocationSchemaVersion": str()}):
            return _answer_to_s3_batch(event, handle)
    _each(_told(event), handle)
    return None


def _answer_to_queue(event: dict[str, Any], handle: Handle, max_receives: int) -> dict[str, Any]:
    """The messages that have to come again (ReportBatchItemFailures)."""
    # Slow to import, and only needed on this path.
    from aws_lambda_powertools.utilities.batch import (  # noqa: PLC0415
        BatchProcessor,
        EventType,
        SqsFifoPartialProcessor,
        process_partial_response,
    )

    def one(record: SQSRecord) -> None:
        may_decode = int(record.attributes.approximate_receive_count) < max_receives
        _each(_told(record.body), partial(handle, may_decode=may_decode))

    # Of a queue with an order, nothing of a group that comes after a failure is done.
    is_fifo = event["Records"][0].get("eventSourceARN", "").endswith(".fifo")
    processor = (
        SqsFifoPartialProcessor(skip_group_on_error=True) if is_fifo else BatchProcessor(EventType.SQS)
    )
    # A batch that failed as a whole is told message by message, too: an exception would count as a fault of
    # this function, which a store that is down is not.
    processor.raise_on_entire_batch_failure = False
    return dict(process_partial_response(event=event, record_handler=one, processor=processor))


def _answer_to_s3_batch(event: dict[str, Any], handle: Handle) -> dict[str, Any]:
    """The result of a task: a film without a picture fails for good, so that the job's report names it."""
    # Slow to import, and only needed on this path.
    from aws_lambda_powertools.utilities.data_classes.s3_batch_operation_event import (  # noqa: PLC0415
        S3BatchOperationEvent,
        S3BatchOperationResponse,
    )

    given = S3BatchOperationEvent(event)
    task = given.task
    outcomes = handle(Upload(task.s3_bucket, task.s3_key, version=task.s3_version_id))
    what = {one.what for one in outcomes}
    code: Literal["Succeeded", "TemporaryFailure", "PermanentFailure"] = "Succeeded"
    if What.FAILED in what:
        code = "TemporaryFailure"
    elif what & {What.FAULTY, What.GONE}:
        code = "PermanentFailure"
    told = "; ".join(" ".join(filter(None, (one.what, one.key, one.why))) for one in outcomes)
    answer = S3BatchOperationResponse(
        given.invocation_schema_version,
        given.invocation_id,
        treat_missing_keys_as="PermanentFailure",
        results=[task.build_task_batch_response(code, told[:_LONGEST])],
    )
    return answer.asdict()


def _told(event: object) -> tuple[Upload, ...]:
    try:
        return uploads_in(event)
    except NotAnUpload as fault:
        note({"event": "not understood", "why": str(fault)}, is_error=True)
        raise


def _each(found: Iterable[Upload], handle: Callable[[Upload], tuple[Outcome, ...]]) -> None:
    """Handles every upload, also after one that failed."""
    failed = [one for upload in found for one in handle(upload) if one.what is What.FAILED]
    if failed:
        raise Undone("; ".join(f"{one.key} {one.why}".strip() for one in failed))
