"""What template.yaml promises, seen in every way to deploy it."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.rules.reading import parse as parse_rules
from framefetch.settings import Settings
from framefetch.texts import buckets_of, places_of
from tests.conftest import REPOSITORY
from tests.template.stack import KEYS_ARN, KMS_KEY_ARN, STACKS, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
FUNCTIONS = ("PictureFunction", "UploadFunction")
_FOR_UPLOADS = ("notifications", "eventbridge")


@EVERY
def test_parameters_are_taken(stack: Stack) -> None:
    """Each way to deploy passes the template's own rules."""
    assert stack.refusals() == []


REFUSED = {
    "no source": {"KeysArn": KEYS_ARN},
    "two sources": {**STACKS["oss"].given, "VideoBucket": "films"},
    "signed without keys": {"VideoBucket": "films"},
    "public without a cache": {"VideoBucket": "films", "Access": "public", "FrontDoor": "url"},
    "SnapStart and provisioned": {**STACKS["snap-start"].given, "ProvisionedConcurrency": "1"},
    "uploads without rules": {**STACKS["notifications"].given, "OnUpload": ""},
    "a name without certificate": {**STACKS["cdn"].given, "DomainName": "media.example.com"},
    "OSS without credentials": {**STACKS["oss"].given, "OssCredentialsArn": ""},
    "saving through the CDN": {**STACKS["cdn"].given, "SaveByRequest": "true"},
    "saving beside OSS": {**STACKS["oss"].given, "FrontDoor": "url", "SaveByRequest": "true"},
    "OSS with uploads": {**STACKS["oss"].given, "Uploads": "notifications", "OnUpload": "x"},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_parameters_are_refused(given: dict[str, str]) -> None:
    """What does not go together is refused before anything is made, by one sentence."""
    assert len(Stack(given).refusals()) == 1


def statements(stack: Stack) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of the roles, with its role's name."""
    for name, role in stack.of_type("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role
        for policy in role["Policies"]:
            for one in policy["PolicyDocument"]["Statement"]:
                yield name, one


def listed(value: Any) -> list[Any]:
    """A value, or the values of a list."""
    return value if isinstance(value, list) else [value]


@EVERY
def test_roles_are_narrow(stack: Stack) -> None:
    """No statement has a wildcard for its action or for all of its resource; there are no other roles."""
    for _, one in statements(stack):
        assert one["Effect"] == "Allow"
        assert [action for action in listed(one["Action"]) if "*" in action] == []
        assert [what for what in listed(one["Resource"]) if what == "*" or str(what).endswith(":::*")] == []
    for function in stack.of_type("AWS::Serverless::Function").values():
        assert "Policies" not in function
        assert function["Role"] in [{"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in ("Picture", "Upload")]


def allowed(stack: Stack, role: str) -> dict[str, Any]:
    """Each action of a role, with its resources."""
    return {
        action: one["Resource"]
        for name, one in statements(stack)
        if name == role
        for action in listed(one["Action"])
    }


def test_videos_are_read_under_their_prefix() -> None:
    """The role reads the videos' prefix and the keys' secret, and writes its log; that is all."""
    found = allowed(STACKS["cdn"], "PictureRole")
    videos = "arn:aws:s3:::films/clips/*"
    assert found == {
        "logs:CreateLogStream": {"Fn::GetAtt": ["PictureLog", "Arn"]},
        "logs:PutLogEvents": {"Fn::GetAtt": ["PictureLog", "Arn"]},
        "s3:GetObject": videos,
        "s3:GetObjectVersion": videos,
        "s3:ListBucket": "arn:aws:s3:::films",
        "secretsmanager:GetSecretValue": KEYS_ARN,
        "ssm:GetParameter": KEYS_ARN,
    }
    assert not {"s3:GetObject", "s3:ListBucket"} & allowed(STACKS["oss"], "PictureRole").keys()


def test_listing_is_bound_to_the_prefix() -> None:
    """ListBucket, which tells a missing video from a forbidden one, is bound to the prefix, and optional."""
    (found,) = (one for _, one in statements(STACKS["cdn"]) if one["Action"] == "s3:ListBucket")
    assert found["Condition"] == {"StringLike": {"s3:prefix": "clips/*"}}
    assert "s3:ListBucket" not in allowed(STACKS["whole-bucket"], "PictureRole")


def test_pictures_are_written_under_theirs() -> None:
    """Uploads write under the output prefix, in either bucket; requests only where they save."""
    assert allowed(STACKS["notifications"], "UploadRole")["s3:PutObject"] == "arn:aws:s3:::films/thumbs/*"
    assert allowed(STACKS["eventbridge"], "UploadRole")["s3:PutObject"] == "arn:aws:s3:::pictures/thumbs/*"
    for name, stack in STACKS.items():
        found = allowed(stack, "PictureRole").get("s3:PutObject")
        assert found == ("arn:aws:s3:::films/thumbs/*" if name == "saving" else None)


def test_pictures_are_encrypted_as_the_videos() -> None:
    """Who writes into a bucket with a KMS key may use it for that, and nobody else may."""
    key = {"VideoKmsKeyArn": KMS_KEY_ARN}
    same = Stack({**STACKS["notifications"].given, **key})
    other = Stack({**STACKS["eventbridge"].given, **key})
    assert allowed(same, "UploadRole")["kms:GenerateDataKey"] == KMS_KEY_ARN
    assert allowed(STACKS["saving"], "PictureRole")["kms:GenerateDataKey"] == KMS_KEY_ARN
    for stack, role in ((same, "PictureRole"), (other, "UploadRole")):
        assert allowed(stack, role)["kms:Decrypt"] == KMS_KEY_ARN
        assert "kms:GenerateDataKey" not in allowed(stack, role)


@pytest.mark.parametrize(
    ("bucket", "name"), [("films", ""), ("films.example.com", "films-example"), ("films", "f-1")]
)
def test_requests_save_where_the_role_may(bucket: str, name: str) -> None:
    """The function starts with what it is told, and knows the bucket by the name that signatures have."""
    given = {**STACKS["saving"].given, "VideoBucket": bucket, "BucketName": name}
    function = Stack(given).function("PictureFunction")
    variables = {key: str(one) for key, one in function["Environment"]["Variables"].items()}
    settings = Settings.from_environment({**variables, "FRAMEFETCH_KEYS": "id:secret"})
    (served,) = buckets_of(settings).buckets
    assert served.name == (name or bucket)
    assert places_of(settings, [served.name]) == [(served.name, "thumbs/")]


@EVERY
def test_environment_is_understood(stack: Stack) -> None:
    """Every function gets settings that framefetch takes, and a handler that is there."""
    for name in stack.of_type("AWS::Serverless::Function"):
        function = stack.function(name)
        variables = {key: str(one) for key, one in function["Environment"]["Variables"].items()}
        settings = Settings.from_environment(variables)
        assert settings.source == stack.given.get("OssSource", "s3://films?region=eu-central-1")
        assert settings.concurrency == 1
        assert settings.memory_mb < int(function["MemorySize"])
        module, _, handler = function["Handler"].rpartition(".")
        tree = ast.parse((REPOSITORY / "handler" / (module.replace(".", "/") + ".py")).read_text())
        assert handler in [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]
        if name == "UploadFunction":
            parse_rules(settings.on_upload, {}, max_side=settings.max_side)


@EVERY
def test_answer_is_ours_before_time_is_over(stack: Stack) -> None:
    """The function's time is longer than a request's, shorter than what CloudFront or the API waits."""
    timeout_s = int(stack.function("PictureFunction")["Timeout"])
    assert Settings().timeout_s < timeout_s < 30
    for cdn in stack.of_type("AWS::CloudFront::Distribution").values():
        (origin,) = cdn["DistributionConfig"]["Origins"]
        assert timeout_s < origin["CustomOriginConfig"]["OriginReadTimeout"]


@EVERY
def test_layer_of_oss_only_for_oss(stack: Stack) -> None:
    """oss2's layer is made and attached only for videos in OSS."""
    is_oss = "OssSource" in stack.given
    layers = [{"Ref": "FfmpegLayer"}, *([{"Ref": "OssLayer"}] if is_oss else [])]
    assert stack.function("PictureFunction")["Layers"] == layers
    assert ("OssLayer" in stack.resources) == is_oss


@EVERY
def test_one_door(stack: Stack) -> None:
    """There is the one door that was asked for; x-framefetch-host is trusted only behind CloudFront."""
    door = stack.parameters["FrontDoor"]
    kinds = {row["Type"] for row in stack.resources.values()}
    assert ("AWS::CloudFront::Distribution" in kinds) == (door == "cdn")
    assert ("AWS::ApiGatewayV2::Api" in kinds) == (door == "http-api")
    auth = [one["AuthType"] for one in stack.of_type("AWS::Lambda::Url").values()]
    assert auth == {"cdn": ["AWS_IAM"], "url": ["NONE"], "http-api": []}[door]
    callers = {
        (one["Principal"], one["Action"]): one.get("SourceArn", "")
        for one in stack.of_type("AWS::Lambda::Permission").values()
    }
    principal = {"cdn": "cloudfront.amazonaws.com", "url": "*", "http-api": "apigateway.amazonaws.com"}[door]
    assert {who for who, _ in callers} == {principal}
    if door == "cdn":
        assert {what for _, what in callers} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
        assert all(arn.endswith(":distribution/${Cdn}") for arn in callers.values())
    variables = stack.function("PictureFunction")["Environment"]["Variables"]
    assert variables["FRAMEFETCH_TRUST_HOST_HEADER"] == ("true" if door == "cdn" else "false")


def cache_key(stack: Stack) -> dict[str, Any]:
    """What CloudFront tells requests apart by, beside the path."""
    (policy,) = stack.of_type("AWS::CloudFront::CachePolicy").values()
    (cdn,) = stack.of_type("AWS::CloudFront::Distribution").values()
    assert cdn["DistributionConfig"]["DefaultCacheBehavior"]["CachePolicyId"] == {"Ref": "CdnCachePolicy"}
    assert policy["CachePolicyConfig"]["DefaultTTL"] == policy["CachePolicyConfig"]["MinTTL"] == 0
    found: dict[str, Any] = policy["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
    return found


def test_cache_keys() -> None:
    """Signed requests are kept apart by their whole query, public ones by the canonical request alone."""
    signed, public = cache_key(STACKS["cdn"]), cache_key(STACKS["cdn-public"])
    assert signed["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert public["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert signed["HeadersConfig"]["Headers"] == ["x-framefetch-key"]
    # With CORS the answer also depends on the page's origin.
    assert public["HeadersConfig"]["Headers"] == ["x-framefetch-key", "Origin"]
    assert signed["CookiesConfig"] == public["CookiesConfig"] == {"CookieBehavior": "none"}


def test_whole_query_reaches_the_function() -> None:
    """The function gets the whole query, and the headers that the CloudFront Function wrote."""
    (policy,) = STACKS["cdn-public"].of_type("AWS::CloudFront::OriginRequestPolicy").values()
    config = policy["OriginRequestPolicyConfig"]
    assert config["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert {"x-framefetch-host", "Accept", "Origin"} <= set(config["HeadersConfig"]["Headers"])
    assert len(config["HeadersConfig"]["Headers"]) <= 10


@pytest.mark.parametrize("name", ["cdn", "cdn-public"])
def test_errors_are_not_kept_by_themselves(name: str) -> None:
    """For every status that CloudFront would keep for 10 s, Cache-Control of the answer decides instead."""
    (cdn,) = STACKS[name].of_type("AWS::CloudFront::Distribution").values()
    found = {one["ErrorCode"]: one for one in cdn["DistributionConfig"]["CustomErrorResponses"]}
    assert sorted(found) == [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]
    assert all(one == {"ErrorCode": code, "ErrorCachingMinTTL": 0} for code, one in found.items())


def test_origin_shield_by_parameter() -> None:
    """Origin shield is off, or in the region that was said."""
    shields = [
        stack.of_type("AWS::CloudFront::Distribution")["Cdn"]["DistributionConfig"]["Origins"][0][
            "OriginShield"
        ]
        for stack in (STACKS["cdn"], Stack({**STACKS["cdn"].given, "OriginShieldRegion": "eu-central-1"}))
    ]
    assert shields == [{"Enabled": False}, {"Enabled": True, "OriginShieldRegion": "eu-central-1"}]


@pytest.mark.parametrize("name", _FOR_UPLOADS)
@pytest.mark.parametrize("timeout_s", ["60", "120", "300"])
@pytest.mark.parametrize("receives", ["3", "4", "5"])
def test_upload_fails_into_the_dead_letters(name: str, timeout_s: str, receives: str) -> None:
    """A message is hidden for 6 x the function's time, comes 3 to 5 times, and ends in a queue of its own."""
    stack = Stack({**STACKS[name].given, "UploadTimeoutS": timeout_s, "MaxReceives": receives})
    queue = stack.resources["UploadQueue"]["Properties"]
    function = stack.function("UploadFunction")
    assert function["Timeout"] == timeout_s
    assert queue["VisibilityTimeout"] >= 6 * int(timeout_s)
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["UploadDeadLetters", "Arn"]},
        "maxReceiveCount": receives,
    }
    assert function["Environment"]["Variables"]["FRAMEFETCH_MAX_RECEIVES"] == receives
    dead = stack.resources["UploadDeadLetters"]["Properties"]
    assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
    (event,) = function["Events"].values()
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event["Properties"]["BatchSize"] == 1


@pytest.mark.parametrize(("name", "sender"), [("notifications", "s3"), ("eventbridge", "events")])
def test_only_the_bucket_sends(name: str, sender: str) -> None:
    """Only S3 for this bucket, or the one rule of EventBridge, may write into the queue."""
    (policy,) = STACKS[name].of_type("AWS::SQS::QueuePolicy").values()
    (one,) = policy["PolicyDocument"]["Statement"]
    assert one["Principal"] == {"Service": f"{sender}.amazonaws.com"}
    assert one["Action"] == "sqs:SendMessage"
    expected = {"s3": "arn:aws:s3:::films", "events": {"Fn::GetAtt": ["UploadRule", "Arn"]}}[sender]
    assert one["Condition"]["ArnEquals"] == {"aws:SourceArn": expected}
    assert ("UploadRule" in STACKS[name].resources) == (sender == "events")


@EVERY
def test_uploads_only_where_asked(stack: Stack) -> None:
    """Without uploads there is no queue, no second function and no role that writes."""
    has_uploads = stack.parameters["Uploads"] != "none"
    assert ("UploadFunction" in stack.resources) == ("UploadRole" in stack.resources) == has_uploads
    assert bool(stack.of_type("AWS::SQS::Queue")) == has_uploads


@EVERY
def test_alarms_and_dashboard_by_parameter(stack: Stack) -> None:
    """Errors, throttles and dead letters ring; the dashboard is JSON with metrics that framefetch writes."""
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    expected = {"PictureErrors", "PictureThrottles", "PictureFaults"} | (
        {"UploadFailed", "UploadLate"} if "UploadQueue" in stack.resources else set()
    )
    assert set(alarms) == (expected if stack.parameters["Alarms"] == "true" else set())
    written = set(re.findall(r'"(\w+)"', (REPOSITORY / "handler" / "framefetch" / "aws.py").read_text()))
    for board in stack.of_type("AWS::CloudWatch::Dashboard").values():
        rows = [
            row
            for one in json.loads(board["DashboardBody"])["widgets"]
            for row in one["properties"]["metrics"]
        ]
        own = {row[1] for row in rows if row[0] == "framefetch"}
        assert own
        assert own <= written
    assert bool(stack.of_type("AWS::CloudWatch::Dashboard")) == (stack.parameters["Dashboard"] == "true")


@EVERY
def test_metrics_are_of_the_stack(stack: Stack) -> None:
    """Own metrics carry the stack's name, and its alarm and dashboard look for no other's."""
    for name in stack.of_type("AWS::Serverless::Function"):
        variables = stack.function(name)["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == "films"
    for alarm in stack.of_type("AWS::CloudWatch::Alarm").values():
        if alarm["Namespace"] == "framefetch":
            found = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
            assert found == {"service": "films", "code": "InternalError"}
    for board in stack.of_type("AWS::CloudWatch::Dashboard").values():
        assert '"service", "framefetch"' not in board["DashboardBody"]


@EVERY
def test_concurrency_by_parameter(stack: Stack) -> None:
    """Reserved and provisioned concurrency and SnapStart are there only where they were asked for."""
    function = stack.function("PictureFunction")
    assert function.get("ReservedConcurrentExecutions", "0") == stack.parameters["ReservedConcurrency"]
    assert function["SnapStart"] == {
        "ApplyOn": "PublishedVersions" if stack.parameters["SnapStart"] == "true" else "None"
    }
    assert ("ProvisionedConcurrencyConfig" in function) == (stack.parameters["ProvisionedConcurrency"] != "0")
