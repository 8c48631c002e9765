"""The handlers for uploads, fed with the platforms' events, over a real S3 server and one like OSS."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.events.deliveries import Undone, deliver
from framefetch.events.uploaded import NotAnUpload
from framefetch.settings import BadSetting, Settings
from framefetch.uploads import Uploads
from tests.events import uploads as events
from tests.servers import runtime_api
from tests.serving import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.films.shelf import Shelf
    from tests.uploads.conftest import S3, Oss

KEY = "uploads/a film+1 中.mp4"
RULES = "uploads/*=video/snapshot,t_0,w_96=thumbs/{stem}-{etag}.{ext}"
WHOLE = "*=video/snapshot=s3://films/{key}-{etag}.{ext}?region=eu-west-1&anonymous=true"


class Function:
    """A function's process over a store, without the platform around it."""

    def __init__(self, store: S3 | Oss, rules: str = RULES) -> None:
        self.uploads = Uploads.of_deployment(Settings(source=store.source, on_upload=rules))

    def __call__(self, event: object) -> dict[str, Any] | None:
        return deliver(event, self.uploads.handle, max_receives=self.uploads.settings.max_receives)


@pytest.fixture
def function(s3: S3) -> Function:
    return Function(s3)


def pictures(store: S3 | Oss) -> list[str]:
    return [name for name in store.names() if name.startswith("thumbs/")]


@pytest.mark.parametrize(
    "shape",
    [
        events.s3,
        events.event_bridge,
        lambda *about: events.sns(events.s3(*about)),
        lambda *about: events.sns(events.event_bridge(*about)),
    ],
    ids=["s3", "event bridge", "sns", "event bridge by sns"],
)
def test_lambda(
    function: Function, s3: S3, film: bytes, shape: Callable[[str, str, str], dict[str, Any]]
) -> None:
    """However the event comes to Lambda, the picture is in the bucket; three deliveries are one object."""
    etag = s3.put(KEY, film)
    event = shape(s3.bucket, KEY, etag)
    assert function(event) is None
    written = s3.modified()
    assert pictures(s3) == [f"thumbs/a film+1 中-{etag}.jpg"]
    for _ in range(2):
        # In another process, say.
        Function(s3)(event)
    assert s3.modified() == written


def test_aws(s3: S3, film: bytes, tmp_path: Path) -> None:
    """Under AWS's own runtime client the handler does the same, with a log and metrics for each picture."""
    etag = s3.put(KEY, film)
    given = s3.server.environment | {"FRAMEFETCH_SOURCE": s3.source, "FRAMEFETCH_ON_UPLOAD": RULES}
    with runtime_api.running("framefetch.aws_uploads.handler", given, tmp_path) as runtime:
        done = runtime.invoke(events.s3(s3.bucket, KEY, etag))
        batch = runtime.invoke(events.sqs(events.s3("another-bucket", KEY, etag)))
        undone = runtime.invoke(events.s3("another-bucket", KEY, etag))
        wrong = runtime.invoke({"rawPath": "/"})
    assert (done.reply, done.failed) == (None, False)
    assert batch.reply == {"batchItemFailures": [{"itemIdentifier": "id-0"}]}
    assert [one.reply["errorType"] for one in (undone, wrong)] == ["Undone", "NotAnUpload"]
    assert pictures(s3) == [f"thumbs/a film+1 中-{etag}.jpg"]
    lines = [
        json.loads(line) for line in (tmp_path / "function.out").read_text().splitlines() if line[0] == "{"
    ]
    records = [line["message"] for line in lines if isinstance(line.get("message"), dict)]
    assert [one["outcome"] for one in records if "outcome" in one] == ["written", "failed", "failed"]
    counted = [(one["outcome"], one["Uploads"]) for one in lines if "_aws" in one]
    assert counted == [("written", [1.0]), ("failed", [1.0]), ("failed", [1.0])]


FC = """
import json, sys
from framefetch.fc_uploads import handler
for event in json.load(sys.stdin):
    print(handler(json.dumps(event).encode(), None))
"""


def test_function_compute(oss: Oss, film: bytes) -> None:
    """An OSS trigger of Function Compute leads to the picture; three deliveries are one object."""
    etag = oss.put(KEY, film)
    done = subprocess.run(
        [sys.executable, "-c", FC],
        input=json.dumps([events.oss(oss.bucket, KEY, etag)] * 3),
        env=environment({"FRAMEFETCH_SOURCE": oss.source, "FRAMEFETCH_ON_UPLOAD": RULES}),
        capture_output=True,
        check=True,
        text=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line[0] == "{"]
    assert [row["outcome"] for row in rows if "outcome" in row] == ["written", "present", "present"]
    assert done.stdout.splitlines().count("done") == 3
    assert len(pictures(oss)) == 1
    assert len([one for one in oss.server.asked if one.method == "PUT"]) == 1


def test_partial_batch(function: Function, s3: S3, film: bytes, films: Shelf) -> None:
    """Of a batch only what may succeed later comes again; a bad film and a test event are done."""
    etag = s3.put(KEY, film)
    bad = s3.put("uploads/bad.mp4", films.refused("garbage").read_bytes())
    answer = function(
        events.sqs(
            events.s3(s3.bucket, KEY, etag),
            events.s3("another-bucket", KEY, etag),
            events.s3(s3.bucket, "uploads/bad.mp4", bad),
            events.TEST_EVENT,
            "not json",
            events.sns_in_sqs(events.s3(s3.bucket, KEY, etag)),
            events.event_bridge(s3.bucket, "other/x.mp4", etag),
        )
    )
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-1"}, {"itemIdentifier": "id-4"}]}
    assert sorted(pictures(s3)) == [
        f"thumbs/a film+1 中-{etag}.jpg",
        f"thumbs/bad-{bad}.jpg.error.json",
    ]


def test_whole_batch_fails(function: Function, s3: S3) -> None:
    """A batch of which nothing could be done is told message by message, too."""
    answer = function(events.sqs(*[events.s3("another-bucket", KEY, "e")] * 2))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-0"}, {"itemIdentifier": "id-1"}]}


def test_poison(function: Function, s3: S3, film: bytes) -> None:
    """A message that came three times is not decoded again; it goes back until the queue gives it up."""
    etag = s3.put(KEY, film)
    body = events.s3(s3.bucket, KEY, etag)
    for received in (3, 4, 5):
        answer = function(events.sqs(body, received=received))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "id-0"}]}
    assert pictures(s3) == []
    assert function(events.sqs(body, received=2)) == {"batchItemFailures": []}
    # Its answer was lost, say: now the picture is there.
    assert function(events.sqs(body, received=3)) == {"batchItemFailures": []}
    assert len(pictures(s3)) == 1


def test_queue_with_an_order(function: Function, s3: S3, film: bytes) -> None:
    """In a queue with an order, what comes after a failure of its group is not done before it."""
    etag = s3.put(KEY, film)
    good, bad = events.s3(s3.bucket, KEY, etag), events.s3("another-bucket", KEY, etag)
    answer = function(events.sqs(bad, good, fifo=True))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-0"}, {"itemIdentifier": "id-1"}]}
    assert pictures(s3) == []


@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_s3_batch(function: Function, s3: S3, film: bytes, films: Shelf, schema: str) -> None:
    """Each task of S3 Batch Operations has its own result, and what is not told counts as failed."""

    def result(bucket: str, key: str) -> tuple[str, str]:
        event = events.s3_batch(bucket, key, schema)
        answer = function(event)
        assert answer is not None
        assert answer["treatMissingKeysAs"] == "PermanentFailure"
        assert (answer["invocationId"], answer["invocationSchemaVersion"]) == (event["invocationId"], schema)
        (only,) = answer["results"]
        assert only["taskId"] == event["tasks"][0]["taskId"]
        return only["resultCode"], only["resultString"]

    etag = s3.put(KEY, film)
    s3.put("uploads/bad.mp4", films.refused("garbage").read_bytes())
    assert result(s3.bucket, KEY) == ("Succeeded", f"written thumbs/a film+1 中-{etag}.jpg")
    assert result(s3.bucket, KEY) == ("Succeeded", f"present thumbs/a film+1 中-{etag}.jpg")
    assert result(s3.bucket, "other/x.mp4") == ("Succeeded", "ignored no rule is for it")
    assert result(s3.bucket, "uploads/none.mp4")[0] == "PermanentFailure"
    code, why = result(s3.bucket, "uploads/bad.mp4")
    assert (code, "not supported format" in why) == ("PermanentFailure", True)
    assert result("another-bucket", KEY)[0] == "TemporaryFailure"


def test_what_failed_comes_again(function: Function, s3: S3) -> None:
    """Where no answer can say so, an exception makes the platform deliver the event again."""
    with pytest.raises(Undone, match="another-bucket"):
        function(events.s3("another-bucket", KEY, "e"))
    with pytest.raises(NotAnUpload):
        function({"rawPath": "/"})
    assert function(events.TEST_EVENT) is None


def test_own_output_sixteen_times(s3: S3, film: bytes) -> None:
    """A function whose trigger has no filter, fed with what it writes, writes once."""
    function = Function(s3, RULES.replace("uploads/", ""))
    etag = s3.put(KEY, film)
    function(events.s3(s3.bucket, KEY, etag))
    written = s3.modified()
    assert len(written) == 2
    for _ in range(16):
        for name in s3.names():
            function(events.s3(s3.bucket, name, s3.modified()[name][1].strip('"')))
        assert s3.modified() == written


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (Settings(on_upload=RULES), "has to name a bucket"),
        (Settings(on_upload=RULES, source="/srv/films"), "has to name a bucket"),
        (Settings(on_upload=WHOLE, source="s3://films"), "would make no picture"),
        (Settings(source="s3://films"), "FRAMEFETCH_ON_UPLOAD has to say"),
        (Settings(on_upload=RULES, buckets="x"), "FRAMEFETCH_BUCKETS is not valid"),
    ],
)
def test_bad_deployment(settings: Settings, complaint: str) -> None:
    """A function that was not told what to do does not start, and says what is missing."""
    with pytest.raises(BadSetting, match=complaint):
        Uploads.of_deployment(settings)


def test_buckets_of_the_map(s3: S3, film: bytes) -> None:
    """Uploads of every bucket of the map are handled, however it may be read by others."""
    mapped = f"=web=https://example.com/x\n=films={s3.source} access=signed"
    uploads = Uploads.of_deployment(Settings(buckets=mapped, on_upload=RULES))
    etag = s3.put(KEY, film)
    deliver(events.s3(s3.bucket, KEY, etag), uploads.handle, max_receives=3)
    assert len(pictures(s3)) == 1
