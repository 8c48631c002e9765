"""S3 with the credentials of a container's agent, as Lambda gives them with SnapStart."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import obstore
import pytest
from obstore.exceptions import BaseError

from framefetch.errors import SourceError
from framefetch.settings import Settings
from framefetch.sources.cloud import S3Source
from framefetch.sources.cloud_errors import as_ours
from framefetch.sources.locate import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = {
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "its-secret",
    "Token": "its-session",
    "Expiration": "2099-01-01T00:00:00Z",
}


@dataclass
class Host:
    """An agent at /credentials, and a store with one object under every other path."""

    keys: bytes = json.dumps(KEYS).encode()
    port: int = 0
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def running(host: Host) -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answers both."""
            host.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            body = host.keys if self.path == "/credentials" else b"film"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"a"')
            self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host.port = server.server_port
        yield host
        server.shutdown()


def source(host: Host, monkeypatch: pytest.MonkeyPatch) -> S3Source:
    """The source of a function that was started from a snapshot."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{host.port}/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "for-the-agent")
    made = open_source(f"s3://films?region=eu-central-1&endpoint=http://127.0.0.1:{host.port}", Settings())
    assert isinstance(made, S3Source)
    return made


def test_the_agents_keys_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent is asked once, with its token, and what it gives signs every request."""
    with running(Host()) as host:
        made = source(host, monkeypatch)
        assert [bytes(obstore.get(made.store, "a.mp4").bytes()) for _ in range(2)] == [b"film", b"film"]
    (agent, *requests) = host.seen
    assert (agent[0], agent[1]["authorization"]) == ("/credentials", "for-the-agent")
    assert [path for path, _ in requests] == ["/films/a.mp4"] * 2
    for _, headers in requests:
        assert "Credential=ASIAEXAMPLE/" in headers["authorization"]
        assert headers["x-amz-security-token"] == "its-session"


@pytest.mark.parametrize("keys", [b"", b"[]", b'{"AccessKeyId": "ASIAEXAMPLE"}'])
def test_an_agent_without_keys(monkeypatch: pytest.MonkeyPatch, keys: bytes) -> None:
    """When the agent gives none, the store is not asked, the fault may pass, and no key is told."""
    with running(Host(keys)) as host:
        made = source(host, monkeypatch)
        with pytest.raises(BaseError) as caught:
            obstore.get(made.store, "a.mp4")
    assert {path for path, _ in host.seen} == {"/credentials"}
    assert "ASIAEXAMPLE" not in str(caught.value)
    assert isinstance(as_ours(caught.value), SourceError)
