"""What the conformance suite needs of each kind of store: to write to it, and to name its sources."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from framefetch.budget import Budget
from framefetch.settings import Settings
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.locate import open_source
from framefetch.sources.retries import Retries, RetryQuota
from framefetch.trace import Trace

if TYPE_CHECKING:
    from framefetch.sources import Source
    from tests.servers.azurite import AzuriteServer
    from tests.servers.oss_like import OssLikeServer
    from tests.servers.ranges import RangeServer

BUCKET = "films-bucket"
SETTINGS = Settings(timeout_s=10.0)


class Store(Protocol):
    """A store under test. `forbidden`, `no_bucket` and `unreachable` are None where there is none."""

    source: Source
    forbidden: Source | None
    no_bucket: Source | None
    unreachable: Source | None

    def put(self, key: str, content: bytes) -> None:
        """Writes or replaces an object."""
        ...


@dataclass
class FolderStore:
    root: Path
    no_bucket = unreachable = None
    written: int = 0

    def __post_init__(self) -> None:
        self.source = open_source(str(self.root), SETTINGS)
        # Root may read everything.
        self.forbidden = self.source if os.geteuid() else None

    def put(self, key: str, content: bytes) -> None:
        path = Path(f"{self.root}/{key}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        # The kernel's own clock for files ticks every few ms only.
        self.written += 1
        if key == "forbidden.mp4":
            path.chmod(0)
        os.utime(path, (1_700_000_000 + self.written, 1_700_000_000 + self.written))


@dataclass
class WebStore:
    server: RangeServer
    no_bucket: Source | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.source = open_source(f"{self.server.url}/{BUCKET}", SETTINGS)
        self.forbidden = self.source
        self.unreachable = open_source("http://127.0.0.1:1/", SETTINGS)

    def put(self, key: str, content: bytes) -> None:
        self.server.put(f"{BUCKET}/{key}", content).forbidden = key == "forbidden.mp4"


class GoogleStore(WebStore):
    def __post_init__(self) -> None:
        options = f"anonymous=true&endpoint={self.server.url}"
        self.source = open_source(f"gs://{BUCKET}?{options}", SETTINGS)
        self.forbidden = self.source
        self.no_bucket = open_source(f"gs://other-bucket?{options}", SETTINGS)
        self.unreachable = open_source(
            "gs://films-bucket?anonymous=true&endpoint=http://127.0.0.1:1", SETTINGS
        )


@dataclass
class S3Store:
    """Made while the credentials are in the environment."""

    endpoint: str
    client: Any
    checks_signatures: bool

    def __post_init__(self) -> None:
        at = f"?endpoint={self.endpoint}"
        self.source = open_source(f"s3://{BUCKET}{at}", SETTINGS)
        self.no_bucket = open_source(f"s3://other-bucket{at}", SETTINGS)
        self.unreachable = open_source(f"s3://{BUCKET}?endpoint=http://127.0.0.1:1", SETTINGS)
        self.forbidden = (
            open_source(f"s3://{BUCKET}{at}&anonymous=true", SETTINGS) if self.checks_signatures else None
        )

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content)


@dataclass
class AzureStore:
    """Made while the credentials are in the environment."""

    server: AzuriteServer

    def __post_init__(self) -> None:
        at = f"?account=devstoreaccount1&endpoint={self.server.endpoint}"
        self.source = open_source(f"az://{BUCKET}{at}", SETTINGS)
        self.no_bucket = open_source(f"az://other-container{at}", SETTINGS)
        self.forbidden = open_source(f"az://{BUCKET}{at}&anonymous=true", SETTINGS)
        self.unreachable = open_source(
            f"az://{BUCKET}?account=devstoreaccount1&endpoint=http://127.0.0.1:1/devstoreaccount1", SETTINGS
        )

    def put(self, key: str, content: bytes) -> None:
        self.server.put(BUCKET, key, content)


@dataclass
class OssStore:
    server: OssLikeServer

    def __post_init__(self) -> None:
        at = f"?region=cn-hangzhou&endpoint={self.server.url}"
        self.source = open_source(f"oss://{BUCKET}{at}", SETTINGS)
        self.no_bucket = open_source(f"oss://other-bucket{at}", SETTINGS)
        self.forbidden = open_source(f"oss://{BUCKET}{at}&anonymous=true", SETTINGS)
        self.unreachable = open_source(
            f"oss://{BUCKET}?region=cn-hangzhou&endpoint=http://127.0.0.1:1", SETTINGS
        )

    def put(self, key: str, content: bytes) -> None:
        self.server.put(f"{BUCKET}/{key}", content)


@dataclass
class Opening:
    """One request's view of a source: its allowance, what it read, and no waiting between retries."""

    budget: Budget = field(default_factory=lambda: Budget(10.0, 1 << 30, 1000))
    trace: Trace = field(default_factory=Trace)
    slept: list[float] = field(default_factory=list)

    def pin(self, source: Source, key: str) -> PinnedObject:
        """The object of this key, not yet asked for."""
        retries = Retries(self.budget, RetryQuota(), sleep=self.slept.append)
        return PinnedObject(source.open(key), self.budget, self.trace, retries)


def ramp(size: int, version: int = 0) -> bytes:
    """Bytes that say where they are and of which version."""
    return bytes((at * 31 + (at >> 8) * 7 + (at >> 16) + version * 101) & 0xFF for at in range(size))


def url_path(key: str) -> str:
    """A key as it is written in a URL."""
    return quote(key, safe="/")
