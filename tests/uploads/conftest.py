"""Stores that uploads arrive in, each with a way to put and to look behind the program's back."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from framefetch.settings import Settings
from tests.films.shelf import Shelf
from tests.servers import moto_s3, oss_like, rgw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import S3Server
    from tests.servers.oss_like import OssLikeServer

BUCKET = "uploads-bucket"


@dataclass
class Stored:
    """An object as its store has it."""

    body: bytes
    content_type: str = ""
    cache_control: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class S3:
    """A bucket on a real S3 server."""

    server: S3Server
    bucket: str

    def __post_init__(self) -> None:
        self.client: Any = boto3.Session().client(
            "s3",
            endpoint_url=self.server.endpoint,
            aws_access_key_id=self.server.access_key,
            aws_secret_access_key=self.server.secret_key,
            region_name=self.server.region,
        )
        self.client.create_bucket(Bucket=self.bucket)

    @property
    def source(self) -> str:
        return f"s3://{self.bucket}?endpoint={self.server.endpoint}&region={self.server.region}"

    def put(self, key: str, body: bytes) -> str:
        """Writes an object, and tells its ETag as events have it."""
        answer = self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        return str(answer["ETag"].strip('"'))

    def get(self, key: str) -> Stored:
        found = self.client.get_object(Bucket=self.bucket, Key=key)
        return Stored(
            found["Body"].read(), found["ContentType"], found.get("CacheControl", ""), found["Metadata"]
        )

    def names(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.bucket)
        return [one["Key"] for one in found.get("Contents", [])]

    def modified(self) -> dict[str, Any]:
        """When each object was last written: what is written twice differs."""
        found = self.client.list_objects_v2(Bucket=self.bucket)
        return {one["Key"]: (one["LastModified"], one["ETag"]) for one in found.get("Contents", [])}


@dataclass
class Oss:
    """A bucket on a server that behaves like OSS."""

    server: OssLikeServer
    bucket: str = BUCKET

    @property
    def source(self) -> str:
        return f"oss://{self.bucket}?endpoint={self.server.url}&region=cn-hangzhou"

    def put(self, key: str, body: bytes) -> str:
        return str(self.server.put(f"{self.bucket}/{key}", body).etag).strip('"')

    def get(self, key: str) -> Stored:
        name = f"{self.bucket}/{key}"
        head = self.server.written[name]
        meta = {
            one.removeprefix("x-oss-meta-"): value
            for one, value in head.items()
            if one.startswith("x-oss-meta-")
        }
        body = self.server.objects[name].content
        return Stored(body[:], head["content-type"], head.get("cache-control", ""), meta)

    def names(self) -> list[str]:
        return sorted(name.partition("/")[2] for name in self.server.objects)

    def modified(self) -> dict[str, Any]:
        return {key: self.server.objects[f"{self.bucket}/{key}"].etag for key in self.names()}


@dataclass
class Folder:
    """A folder of films."""

    root: Path
    bucket: str = ""

    @property
    def source(self) -> str:
        return str(self.root)

    def put(self, key: str, body: bytes) -> str:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        now = path.stat()
        return f"{now.st_mtime_ns:x}-{now.st_size:x}-{now.st_ino:x}"

    def get(self, key: str) -> Stored:
        return Stored((self.root / key).read_bytes())

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def modified(self) -> dict[str, Any]:
        return {key: (self.root / key).stat().st_mtime_ns for key in self.names()}


Store = S3 | Oss | Folder


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def film(films: Shelf) -> bytes:
    """A film of a few seconds."""
    return films["h264-mp4-end"].path.read_bytes()


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Server]:
    if missing := moto_s3.missing():
        pytest.skip(f"needs {missing}")
    with moto_s3.running() as server:
        yield server


@pytest.fixture(scope="session")
def radosgw() -> Iterator[S3Server]:
    if missing := rgw.missing():
        pytest.skip(f"needs {missing}")
    with rgw.running() as server:
        yield server


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return iter(range(1, 1000))


@pytest.fixture
def s3(moto: S3Server, numbers: Iterator[int]) -> Iterator[S3]:
    """A new bucket on moto."""
    with environment(moto.environment):
        yield S3(moto, f"{BUCKET}-{next(numbers)}")


@pytest.fixture
def oss() -> Iterator[Oss]:
    """A server that behaves like OSS, with nothing in it."""
    with oss_like.running() as server, environment(server.environment):
        yield Oss(server)


@pytest.fixture(params=["moto", "radosgw", "oss"])
def bucket(request: pytest.FixtureRequest, numbers: Iterator[int]) -> Iterator[S3 | Oss]:
    """An empty bucket of each kind, in turn, with what opens it in the environment."""
    if request.param == "oss":
        yield request.getfixturevalue("oss")
        return
    server = request.getfixturevalue(request.param)
    with environment(server.environment):
        yield S3(server, f"{BUCKET}-{next(numbers)}")


@pytest.fixture(params=["folder", "moto", "radosgw", "oss"])
def store(request: pytest.FixtureRequest, tmp_path: Path, numbers: Iterator[int]) -> Iterator[Store]:
    """The same, or an empty folder."""
    if request.param == "folder":
        yield Folder(tmp_path)
    elif request.param == "oss":
        yield request.getfixturevalue("oss")
    else:
        server = request.getfixturevalue(request.param)
        with environment(server.environment):
            yield S3(server, f"{BUCKET}-{next(numbers)}")


def settings(store: Store, on_upload: str, **more: Any) -> Settings:
    """Settings of a deployment over one store."""
    return Settings(source=store.source, on_upload=on_upload, index_cache="memory", **more)
