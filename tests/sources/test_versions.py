"""Versions of an object in S3: a named one is read, whatever became of the object since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framefetch.errors import NoSuchKey, NotImplementedHere
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.versions import open_version
from tests.sources.stores import BUCKET, ramp

if TYPE_CHECKING:
    from tests.sources.stores import Opening, S3Store, Store


@pytest.fixture(params=["s3_moto_store", "s3_radosgw_store"])
def s3(request: pytest.FixtureRequest) -> S3Store:
    store: S3Store = request.getfixturevalue(request.param)
    store.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return store


def test_versions(s3: S3Store, opening: Opening) -> None:
    """A version that is named is read and told; after a deletion too, when the object itself is gone."""
    ids = [
        s3.client.put_object(Bucket=BUCKET, Key="v.mp4", Body=ramp(1000, number))["VersionId"]
        for number in (1, 2)
    ]
    s3.client.delete_object(Bucket=BUCKET, Key="v.mp4")
    for number, version in enumerate(ids, 1):
        stored = open_version(s3.source, "v.mp4", version)
        with PinnedObject(stored, opening.budget, opening.trace) as pinned:
            assert pinned.open(0, 10) == ramp(1000, number)[:10]
            assert pinned.info.version_id == version
            assert pinned.read(10, 20, "block") == ramp(1000, number)[10:20]
    with pytest.raises(NoSuchKey), opening.pin(s3.source, "v.mp4") as pinned:
        pinned.open(0, 10)


def test_no_such_version(s3: S3Store, opening: Opening) -> None:
    """A version that is not there, or cannot be one, is NoSuchKey, asked for once."""
    s3.client.put_object(Bucket=BUCKET, Key="w.mp4", Body=b"w")
    for version in ("3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", "none"):
        before = opening.trace.requests
        stored = open_version(s3.source, "w.mp4", version)
        with pytest.raises(NoSuchKey), PinnedObject(stored, opening.budget, opening.trace) as pinned:
            pinned.open(0, 10)
        assert opening.trace.requests == before + 1


def test_stores_without_versions(store: Store) -> None:
    """A store whose versions we cannot name says so, before anything is asked."""
    if store.source.kind in ("s3", "oss"):
        assert open_version(store.source, "a.mp4", "1") is not None
        return
    with pytest.raises(NotImplementedHere):
        open_version(store.source, "a.mp4", "1")
