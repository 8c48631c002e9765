"""Events that tell of uploads, as the platforms' documents have them, about an object of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

SIZE = 12345


def s3(bucket: str, key: str, etag: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    """S3's notification (User Guide, "Event message structure"): the key is form-encoded."""
    return {
        "Records": [
            {
                "eventVersion": "2.2",
                "eventSource": "aws:s3",
                "awsRegion": "eu-central-1",
                "eventTime": "2026-11-22T12:00:00.000Z",
                "eventName": name,
                "userIdentity": {"principalId": "AWS:EXAMPLE"},
                "requestParameters": {"sourceIPAddress": "192.0.2.1"},
                "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "uploads",
                    "bucket": {
                        "name": bucket,
                        "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                        "arn": f"arn:aws:s3:::{bucket}",
                    },
                    "object": {
                        "key": quote_plus(key, safe="/"),
                        "size": SIZE,
                        "eTag": etag,
                        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
        ]
    }


TEST_EVENT = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2026-11-22T12:00:00.000Z",
    "Bucket": "films",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}


def event_bridge(bucket: str, key: str, etag: str, kind: str = "Object Created") -> dict[str, Any]:
    """The same through EventBridge (User Guide, "EventBridge event structure"): the key is as it is."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-11-22T12:00:00Z",
        "region": "eu-central-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": SIZE,
                "etag": etag,
                "version-id": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "111122223333",
            "source-ip-address": "192.0.2.1",
            "reason": "PutObject",
        },
    }


def sns(message: object) -> dict[str, Any]:
    """SNS to a function (Lambda, "Using Lambda with Amazon SNS")."""
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": "arn:aws:sns:eu-central-1:111122223333:uploads:21be56ed",
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": "2026-11-22T12:00:00.000Z",
                    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                    "Message": json.dumps(message),
                    "Type": "Notification",
                    "TopicArn": "arn:aws:sns:eu-central-1:111122223333:uploads",
                    "Subject": "Amazon S3 Notification",
                },
            }
        ]
    }


def sns_in_sqs(message: object) -> dict[str, Any]:
    """What SNS puts into a queue's message (SNS, "Fanout to Amazon SQS queues")."""
    return {
        "Type": "Notification",
        "MessageId": "dc1e94d9-56c5-5e96-808d-cc7f68faa162",
        "TopicArn": "arn:aws:sns:eu-central-1:111122223333:uploads",
        "Subject": "Amazon S3 Notification",
        "Message": json.dumps(message),
        "Timestamp": "2026-11-22T12:00:00.000Z",
        "SignatureVersion": "1",
    }


def sqs(*bodies: object, received: int = 1, fifo: bool = False, group: str = "g") -> dict[str, Any]:
    """A batch of a queue (Lambda, "Using Lambda with Amazon SQS"); ids are ``id-0`` and so on."""
    return {
        "Records": [
            {
                "messageId": f"id-{at}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": str(received),
                    "SentTimestamp": "1545082649183",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1545082649185",
                    **({"MessageGroupId": group, "SequenceNumber": "1"} if fifo else {}),
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-central-1:111122223333:uploads{'.fifo' if fifo else ''}",
                "awsRegion": "eu-central-1",
            }
            for at, body in enumerate(bodies)
        ]
    }


def oss(bucket: str, key: str, etag: str, name: str = "ObjectCreated:PutObject") -> dict[str, Any]:
    """An OSS trigger of Function Compute ("OSS trigger", event format)."""
    return {
        "events": [
            {
                "eventName": name,
                "eventSource": "acs:oss",
                "eventTime": "2026-11-22T12:00:00.000Z",
                "eventVersion": "1.0",
                "oss": {
                    "bucket": {
                        "arn": f"acs:oss:cn-hangzhou:123456789:{bucket}",
                        "name": bucket,
                        "ownerIdentity": "164901546557****",
                        "virtualBucket": "",
                    },
                    "object": {"deltaSize": SIZE, "eTag": etag.upper(), "key": key, "size": SIZE},
                    "ossSchemaVersion": "1.0",
                    "ruleId": "9adac8e253828f4f7c0466d941fa3db81161****",
                },
                "region": "cn-hangzhou",
                "requestParameters": {"sourceIPAddress": "192.0.2.1"},
                "responseElements": {"requestId": "58F9FD2D3DF792092E12044C"},
                "userIdentity": {"principalId": "262561392693583141"},
            }
        ]
    }


def s3_batch(bucket: str, key: str, schema: str = "1.0") -> dict[str, Any]:
    """A task of S3 Batch Operations (User Guide, "Invoke AWS Lambda function")."""
    where = {"s3BucketArn": f"arn:aws:s3:::{bucket}"} if schema == "1.0" else {"s3Bucket": bucket}
    return {
        "invocationSchemaVersion": schema,
        "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
        "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"},
        "tasks": [
            {
                "taskId": "dGFza2lkZ29lc2hlcmUK",
                "s3Key": quote_plus(key, safe="/"),
                "s3VersionId": None,
                **where,
            }
        ],
    }
