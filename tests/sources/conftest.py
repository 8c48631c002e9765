"""One `store` fixture over every kind of store; a server starts when the first test of its kind runs."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers import azurite, gcs, moto_s3, oss_like, ranges, rgw
from tests.sources import stores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.servers import S3Server

KINDS = ("folder", "http", "s3-radosgw", "s3-moto", "azure", "gcs", "oss")


def _needs(server: ModuleType) -> None:
    if missing := server.missing():
        pytest.skip(f"needs {missing}")


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """The variables from which the clients take their credentials when they are made, and no others."""
    before = {
        name: value for name, value in os.environ.items() if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))
    }
    for name in before:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            os.environ.pop(name, None)
        os.environ.update(before)


@pytest.fixture(scope="session")
def folder_store(tmp_path_factory: pytest.TempPathFactory) -> stores.FolderStore:
    return stores.FolderStore(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def http_store() -> Iterator[stores.WebStore]:
    with ranges.running() as server:
        yield stores.WebStore(server)


@pytest.fixture(scope="session")
def gcs_store() -> Iterator[stores.GoogleStore]:
    with gcs.running() as server, _environment({}):
        store = stores.GoogleStore(server)
        store.put("first", b"")
        yield store


@pytest.fixture(scope="session")
def s3_radosgw_store() -> Iterator[stores.S3Store]:
    _needs(rgw)
    with rgw.running() as server:
        yield _s3(server, checks_signatures=True)


@pytest.fixture(scope="session")
def s3_moto_store() -> Iterator[stores.S3Store]:
    _needs(moto_s3)
    with moto_s3.running() as server:
        yield _s3(server, checks_signatures=False)


@pytest.fixture(scope="session")
def azure_store() -> Iterator[stores.AzureStore]:
    _needs(azurite)
    with azurite.running() as server:
        server.create(stores.BUCKET)
        with _environment({"AZURE_STORAGE_ACCOUNT_KEY": azurite.KEY}):
            store = stores.AzureStore(server)
        yield store


@pytest.fixture(scope="session")
def oss_store() -> Iterator[stores.OssStore]:
    # Credentials are looked up at each request: those of a function's role change while it runs.
    with oss_like.running() as server, _environment(server.environment):
        yield stores.OssStore(server)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> stores.Store:
    """A store of each kind, in turn."""
    made: stores.Store = request.getfixturevalue(f"{request.param.replace('-', '_')}_store")
    return made


@pytest.fixture
def opening() -> stores.Opening:
    return stores.Opening()


def _s3(server: S3Server, *, checks_signatures: bool) -> stores.S3Store:
    boto3: Any = pytest.importorskip("boto3", reason="needs boto3")
    with _environment(server.environment):
        # A session of its own: the default one keeps the credentials of whoever used it first.
        client = boto3.Session().client("s3", endpoint_url=server.endpoint)
        client.create_bucket(Bucket=stores.BUCKET)
        return stores.S3Store(server.endpoint, client, checks_signatures)
