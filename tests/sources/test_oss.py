"""OSS as a source: what is its own, beyond what every source promises."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from framefetch.errors import AccessDenied, InvalidObjectState, NoSuchKey, SourceError
from framefetch.settings import BadSetting, Settings
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.locate import open_source
from framefetch.sources.versions import open_version
from tests.servers import oss_like
from tests.sources.stores import BUCKET, ramp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.sources import Source
    from tests.servers.oss_like import OssLikeServer
    from tests.servers.ranges import Handler
    from tests.sources.stores import Opening

FILM = ramp(200_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OssLikeServer]:
    for name in ("ALIBABA_CLOUD", "OSS"):
        for part in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN", "SESSION_TOKEN"):
            monkeypatch.delenv(f"{name}_{part}", raising=False)
    with oss_like.running() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        made.put(f"{BUCKET}/films/a b.mp4", FILM)
        yield made


def source(server: OssLikeServer, more: str = "", prefix: str = "films") -> Source:
    options = f"?region=cn-hangzhou&endpoint={server.url}{more}"
    return open_source(f"oss://{BUCKET}/{prefix}{options}", Settings())


@pytest.mark.parametrize("signature", ["v4", "v1"])
def test_requests(server: OssLikeServer, opening: Opening, signature: str) -> None:
    """Each range is signed with the session's token, pinned, and asks for standard behaviour."""
    with opening.pin(source(server, f"&signature={signature}"), "a b.mp4") as pinned:
        assert pinned.open(0, 1000) == FILM[:1000]
        assert pinned.read(5000, 6000, "block") == FILM[5000:6000]
    first, second = server.asked
    for asked in (first, second):
        assert asked.method == "GET"
        assert asked.headers["x-oss-range-behavior"] == "standard"
        assert asked.headers["x-oss-security-token"] == oss_like.TOKEN
        assert asked.headers["accept-encoding"] == "identity"
        assert asked.headers["authorization"].startswith("OSS4-" if signature == "v4" else "OSS ")
    assert "if-match" not in first.headers
    assert second.headers["if-match"] == server.objects[f"{BUCKET}/films/a b.mp4"].etag


def test_a_range_above_the_object(server: OssLikeServer, opening: Opening) -> None:
    """A range that ends after the object, which OSS by itself answers with all of it, is clipped."""
    server.put(f"{BUCKET}/films/short.mp4", FILM[:100])
    with opening.pin(source(server), "short.mp4") as pinned:
        assert pinned.open(0, 1 << 20) == FILM[:100]
    assert opening.trace.requests == 1


def test_a_whole_object_is_refused_at_once(server: OssLikeServer, opening: Opening) -> None:
    """A 200 for a range is closed before its body is read, however small the object."""
    server.ranges = False
    with pytest.raises(SourceError), opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 1 << 20)
    assert opening.budget.spent_bytes == 0
    assert len(server.asked) == 1


def test_an_error_with_the_wrong_status(server: OssLikeServer, opening: Opening) -> None:
    """A 200 whose body is OSS's XML of an error is that error."""
    server.faults.append(lambda handler: handler.fail(200, "AccessDenied"))
    with pytest.raises(AccessDenied), opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 1000)


def test_archived(server: OssLikeServer, opening: Opening) -> None:
    """An object that has to be restored is InvalidObjectState, and says so."""
    server.archived.add(f"{BUCKET}/films/a b.mp4")
    with pytest.raises(InvalidObjectState) as caught, opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 1000)
    assert "restore" in str(caught.value)
    assert caught.value.status == 403


def test_versions(server: OssLikeServer, opening: Opening) -> None:
    """A version that is named is read, pinned, and told; one that is not there is NoSuchKey."""
    name = f"{BUCKET}/films/v.mp4"
    old = server.put_version(name, ramp(1000, 1))
    new = server.put_version(name, ramp(1000, 2))
    for version, number in ((old, 1), (new, 2)):
        stored = open_version(source(server), "v.mp4", version)
        with PinnedObject(stored, opening.budget, opening.trace) as pinned:
            assert pinned.open(0, 10) == ramp(1000, number)[:10]
            assert pinned.info.version_id == version
            assert pinned.read(10, 20, "block") == ramp(1000, number)[10:20]
    stored = open_version(source(server), "v.mp4", "CAEQnone")
    with pytest.raises(NoSuchKey), PinnedObject(stored, opening.budget, opening.trace) as pinned:
        pinned.open(0, 10)


def test_wrong_credentials(server: OssLikeServer, opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that the store refuses are AccessDenied, tried once; none at all are a SourceError."""
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong")
    with pytest.raises(AccessDenied) as caught, opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 10)
    assert "SignatureDoesNotMatch" in caught.value.detail
    assert opening.trace.requests == 1
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID")
    with pytest.raises(SourceError, match="No credentials"), opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 10)
    assert len(server.asked) == 1


def test_credentials_of_oss2s_users(
    server: OssLikeServer, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables that oss2's own documentation names work as well."""
    for name, value in server.environment.items():
        monkeypatch.delenv(name)
        mine = name.replace("ALIBABA_CLOUD_", "OSS_").replace("SECURITY_TOKEN", "SESSION_TOKEN")
        monkeypatch.setenv(mine, value)
    with opening.pin(source(server), "a b.mp4") as pinned:
        assert pinned.open(0, 10) == FILM[:10]


def test_a_role_of_the_machine(
    server: OssLikeServer, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ?role= the credentials come from the metadata service of ECS, once for many requests."""
    import json  # noqa: PLC0415

    def metadata(handler: Handler) -> None:
        key_id, secret, token = server.environment.values()
        said = {
            "Code": "Success", "AccessKeyId": key_id, "AccessKeySecret": secret, "SecurityToken": token,
            "Expiration": "2100-01-01T00:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        handler.say(200, {"Content-Type": "application/json"}, json.dumps(said).encode())

    monkeypatch.setattr("framefetch.sources.oss_credentials.ROLE_URL", f"{server.url}/latest/")
    server.faults += [metadata]
    with opening.pin(source(server, "&role=reader"), "a b.mp4") as pinned:
        for name in server.environment:
            monkeypatch.delenv(name)
        assert pinned.open(0, 10) == FILM[:10]
        assert pinned.read(10, 20, "block") == FILM[10:20]
    assert server.asked[0].target == "/latest/reader"
    assert len(server.asked) == 3


def test_a_redirect_is_not_followed(server: OssLikeServer, opening: Opening) -> None:
    """A redirect, wherever to, is a SourceError: our signature goes to nobody else."""
    target = f"{server.url}/elsewhere"
    server.faults.append(lambda handler: handler.say(307, {"Location": target}, b""))
    with pytest.raises(SourceError), opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 10)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "headers", [{"Content-Range": "nonsense"}, {"Last-Modified": "x"}, {"Content-Length": "x"}]
)
def test_headers_that_oss2_stumbles_over(
    server: OssLikeServer, opening: Opening, headers: dict[str, str]
) -> None:
    """A header that oss2 cannot take apart is the store's fault, not ours."""

    def fault(handler: Handler) -> None:
        found = handler.find()
        assert found is not None
        good = handler.facts(found, 0, 1000) | headers
        handler.say(206, good, FILM[:1000], -1 if "Content-Length" in headers else None)
        handler.hang_up()

    server.faults += [fault]
    with pytest.raises(SourceError) as caught, opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 1000)
    assert caught.value.status == 502


@pytest.mark.parametrize(
    ("options", "host", "region"),
    [
        ("region=cn-hangzhou", "oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        ("region=oss-cn-hangzhou", "oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        ("region=cn-beijing&internal=true", "oss-cn-beijing-internal.aliyuncs.com", "cn-beijing"),
        (
            "endpoint=oss-cn-beijing-internal.aliyuncs.com",
            "oss-cn-beijing-internal.aliyuncs.com",
            "cn-beijing",
        ),
        ("endpoint=https://oss-us-west-1.aliyuncs.com/", "oss-us-west-1.aliyuncs.com", "us-west-1"),
        ("endpoint=m.example.com&cname=true&region=cn-hangzhou", "m.example.com", "cn-hangzhou"),
    ],
)
def test_options(options: str, host: str, region: str) -> None:
    """Endpoint and region follow from each other where they can."""
    from framefetch.sources.oss import OssSource  # noqa: PLC0415

    made = open_source(f"oss://examplebucket/films?{options}", Settings())
    assert isinstance(made, OssSource)
    assert (made.endpoint, made.region, made.prefix) == (f"https://{host}", region, "films")


@pytest.mark.parametrize(
    "options",
    [
        "",
        "?endpoint=https://media.example.com",
        "?endpoint=ftp://x&region=cn-hangzhou",
        "?endpoint=https://x/y&region=cn-hangzhou",
        "?region=cn-hangzhou&signature=v2",
        "?region=cn-hangzhou&anonymous=yes",
        "?region=cn-hangzhou&role=a/b",
        "?region=cn-hangzhou&endpoint=https://a.example&internal=true",
        "?region=cn-hangzhou&zone=1",
    ],
)
def test_bad_options(options: str) -> None:
    """An option that is missing, unknown or wrong ends the start."""
    with pytest.raises(BadSetting):
        open_source(f"oss://examplebucket{options}", Settings())


PROGRAM = """
import sys
import framefetch.asgi, framefetch.snapshot, framefetch.__main__
from framefetch.settings import Settings
from framefetch.snapshot import Service
lines = ["=one-bucket=.", "=two-bucket=https://example.com/x", "=six-bucket=s3://films?region=us-east-1"]
Service(Settings(buckets="\\n".join(lines), access="public"))
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"oss2", "requests", "boto3", "crcmod"}))
"""


def test_oss2_is_not_imported_without_need() -> None:
    """A deployment without an OSS source imports neither oss2 nor what it brings."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_secrets_stay_out_of_the_log(
    server: OssLikeServer, opening: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative level neither secret, token nor signature is logged by oss2."""
    caplog.set_level("DEBUG")
    with opening.pin(source(server), "a b.mp4") as pinned:
        pinned.open(0, 10)
    with pytest.raises(NoSuchKey), opening.pin(source(server), "none.mp4") as pinned:
        pinned.open(0, 10)
    for secret in (oss_like.SECRET, oss_like.TOKEN, "Signature="):
        assert secret not in caplog.text
