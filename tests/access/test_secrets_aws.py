"""Keys that are kept by AWS: through the extension where it is attached, else through boto3."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from framefetch.access.grants import keyring_of
from framefetch.settings import BadSetting, Settings
from tests.servers import moto_s3

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:framefetch-Ab12Cd"
PARAMETER_ARN = "arn:aws:ssm:us-east-1:123456789012:parameter/framefetch/keys"
TOKEN = "session-token"
KEYS = "LTAIone:first-secret\nLTAItwo:second-secret prefix=mine/"


class _Extension(BaseHTTPRequestHandler):
    """The AWS Parameters and Secrets extension, as its documentation has it."""

    asked: list[str]
    status: int

    def do_GET(self) -> None:
        self.asked.append(self.path)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        said: object = "not ready to serve traffic, please wait"
        status = self.status
        if self.headers["X-Aws-Parameters-Secrets-Token"] != TOKEN:
            status = 401
        elif parts.path == "/secretsmanager/get" and query == {"secretId": SECRET_ARN}:
            said = {"ARN": SECRET_ARN, "SecretString": KEYS}
        elif query == {"name": PARAMETER_ARN, "withDecryption": "true"}:
            said = {"Parameter": {"Value": KEYS}}
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@contextmanager
def extension(monkeypatch: pytest.MonkeyPatch, status: int = 200) -> Iterator[list[str]]:
    asked: list[str] = []
    handler = type("Bound", (_Extension,), {"asked": asked, "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(server.server_address[1]))
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


def ids(arn: str) -> list[str]:
    return [pair.access_key_id for pair in keyring_of(Settings(keys=arn)).pairs]


@pytest.mark.parametrize("arn", [SECRET_ARN, PARAMETER_ARN])
def test_extension(monkeypatch: pytest.MonkeyPatch, arn: str) -> None:
    """An ARN is read through the extension, with one request and the function's own token."""
    with extension(monkeypatch) as asked:
        assert ids(arn) == ["LTAIone", "LTAItwo"]
    assert len(asked) == 1


@pytest.mark.parametrize("attached", [True, False])
def test_boto3(monkeypatch: pytest.MonkeyPatch, *, attached: bool) -> None:
    """Without the extension, or while it is not ready, boto3 reads the same."""
    if missing := moto_s3.missing():
        pytest.skip(f"needs {missing}")
    with moto_s3.running() as server, extension(monkeypatch, 400) as asked:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        if not attached:
            monkeypatch.delenv("AWS_SESSION_TOKEN")
        import boto3  # noqa: PLC0415 - slow, and only needed here

        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        made = secrets.create_secret(Name="framefetch", SecretString=KEYS)
        assert ids(made["ARN"]) == ["LTAIone", "LTAItwo"]
        parameters = boto3.client("ssm", region_name="us-east-1")
        parameters.put_parameter(Name="/framefetch/keys", Value=KEYS, Type="SecureString")
        assert ids(PARAMETER_ARN) == ["LTAIone", "LTAItwo"]
        assert len(asked) == (2 if attached else 0)
        with pytest.raises(BadSetting, match="ResourceNotFoundException") as caught:
            ids(SECRET_ARN.replace("framefetch", "another"))
    assert "secret:another" in str(caught.value)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::bucket/key",
        "arn:aws:ssm:us-east-1:1:document/x",
        "arn:aws:secretsmanager:us-east-1:1:parameter/x",
        "arn:",
    ],
)
def test_what_is_no_arn_of_a_secret(arn: str) -> None:
    """An ARN of anything else ends the start."""
    with pytest.raises(BadSetting, match="ARN"):
        ids(arn)
