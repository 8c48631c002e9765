"""Stores that uploads arrive in, each with a way to put and to look behind the program's back."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import obstore
import pytest
from obstore.store import AzureStore

from framefetch.settings import Settings
from tests.films.shelf import Shelf
from tests.servers import azurite, gcs, moto_s3, oss_like, ranges, rgw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import S3Server
    from tests.servers.azurite import AzuriteServer
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
        return _stored(self.server.objects[name], "x-oss-meta-")

    def names(self) -> list[str]:
        return sorted(name.partition("/")[2] for name in self.server.objects)

    def modified(self) -> dict[str, Any]:
        return {key: self.server.objects[f"{self.bucket}/{key}"].etag for key in self.names()}


@dataclass
class Gcs(Oss):
    """The same on one that behaves like Google's."""

    server: ranges.RangeServer  # type: ignore[assignment]  # what both have is enough

    @property
    def source(self) -> str:
        return f"gs://{self.bucket}?endpoint={self.server.url}"

    def get(self, key: str) -> Stored:
        return _stored(self.server.objects[f"{self.bucket}/{key}"], "x-goog-meta-")


def _stored(found: ranges.Stored, meta: str) -> Stored:
    head = found.headers
    facts = {name.removeprefix(meta): value for name, value in head.items() if name.startswith(meta)}
    return Stored(found.content[:], head.get("content-type", ""), head.get("cache-control", ""), facts)


@dataclass
class Azure:
    """A container on azurite, seen through obstore: there is no other client of it among our packages."""

    server: AzuriteServer
    bucket: str

    def __post_init__(self) -> None:
        self.server.create(self.bucket)
        self._store = AzureStore(
            self.bucket,
            account_name=azurite.ACCOUNT,
            account_key=azurite.KEY,
            endpoint=self.server.endpoint,
            client_options={"allow_http": True},
        )

    @property
    def source(self) -> str:
        return f"az://{self.bucket}?account={azurite.ACCOUNT}&endpoint={self.server.endpoint}"

    def put(self, key: str, body: bytes) -> str:
        self.server.put(self.bucket, key, body)
        return str(obstore.head(self._store, key)["e_tag"]).strip('"')

    def get(self, key: str) -> Stored:
        found = obstore.get(self._store, key)
        facts = dict(found.attributes)
        content_type, cache = facts.pop("Content-Type"), facts.pop("Cache-Control", "")
        meta = {str(name).replace("_", "-"): value for name, value in facts.items()}
        return Stored(bytes(found.bytes()), content_type, cache, meta)

    def names(self) -> list[str]:
        return sorted(self.modified())

    def modified(self) -> dict[str, Any]:
        return {
            one["path"]: (one["last_modified"], one["e_tag"])
            for page in obstore.list(self._store)
            for one in page
        }


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


Bucket = S3 | Oss | Azure
Store = Bucket | Folder


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


@pytest.fixture
def gcs_bucket(tmp_path: Path) -> Iterator[Gcs]:
    """A server that behaves like Google's, with nothing in it."""
    with gcs.running() as server:
        file = tmp_path / "account.json"
        file.write_text(gcs.account(server))
        with environment({"GOOGLE_SERVICE_ACCOUNT": str(file)}):
            # Without an object in it, there would be no bucket.
            yield Gcs(server)


@pytest.fixture(scope="session")
def azure() -> Iterator[AzuriteServer]:
    if missing := azurite.missing():
        pytest.skip(f"needs {missing}")
    with azurite.running() as server:
        yield server


def _opened(request: pytest.FixtureRequest, numbers: Iterator[int]) -> Iterator[Bucket]:
    name = f"{BUCKET}-{next(numbers)}"
    if request.param in ("oss", "gcs_bucket"):
        yield request.getfixturevalue(request.param)
        return
    server = request.getfixturevalue(request.param)
    given = {"AZURE_STORAGE_ACCOUNT_KEY": azurite.KEY} if request.param == "azure" else server.environment
    with environment(given):
        yield Azure(server, name) if request.param == "azure" else S3(server, name)


@pytest.fixture(params=["moto", "radosgw", "oss", "gcs_bucket", "azure"])
def bucket(request: pytest.FixtureRequest, numbers: Iterator[int]) -> Iterator[Bucket]:
    """An empty bucket of each kind, in turn, with what opens it in the environment."""
    yield from _opened(request, numbers)


@pytest.fixture(params=["folder", "moto", "radosgw", "oss", "gcs_bucket", "azure"])
def store(request: pytest.FixtureRequest, tmp_path: Path, numbers: Iterator[int]) -> Iterator[Store]:
    """The same, or an empty folder."""
    if request.param == "folder":
        yield Folder(tmp_path)
    else:
        yield from _opened(request, numbers)


def settings(store: Store, on_upload: str, **more: Any) -> Settings:
    """Settings of a deployment over one store."""
    return Settings(source=store.source, on_upload=on_upload, index_cache="memory", **more)
