"""obstore's errors become ours through one table, and its messages go no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

import obstore
import pytest
from obstore.store import MemoryStore

from framefetch.errors import (
    AccessDenied,
    InvalidObjectName,
    InvalidObjectState,
    NoSuchBucket,
    NoSuchKey,
    SourceBusy,
    SourceError,
)
from framefetch.settings import Settings
from framefetch.sources import Changed, Transient
from framefetch.sources.cloud import refuse_unnameable
from framefetch.sources.cloud_errors import as_ours
from framefetch.sources.locate import open_source
from tests.servers import ranges

if TYPE_CHECKING:
    from tests.servers.ranges import Handler
    from tests.sources.stores import Opening

ANSWERS: list[tuple[int, str, type[Exception], type[Exception] | None]] = [
    (400, "ExpiredToken", AccessDenied, None),
    (400, "InvalidRequest", SourceError, None),
    (401, "NoAuthenticationInformation", AccessDenied, None),
    (403, "AccessDenied", AccessDenied, None),
    (403, "RequestTimeTooSkewed", AccessDenied, None),
    (403, "SignatureDoesNotMatch", AccessDenied, None),
    (403, "InvalidObjectState", InvalidObjectState, None),
    (404, "NoSuchKey", NoSuchKey, None),
    (404, "NoSuchBucket", NoSuchBucket, None),
    (404, "ContainerNotFound", NoSuchBucket, None),
    (408, "RequestTimeout", Transient, SourceError),
    (409, "BlobArchived", InvalidObjectState, None),
    (412, "PreconditionFailed", Changed, None),
    (416, "InvalidRange", Changed, None),
    (429, "TooManyRequests", Transient, SourceBusy),
    (500, "InternalError", Transient, SourceError),
    (501, "NotImplemented", SourceError, None),
    (502, "BadGateway", Transient, SourceError),
    (503, "SlowDown", Transient, SourceBusy),
    (503, "ServiceUnavailable", Transient, SourceBusy),
    (504, "GatewayTimeout", Transient, SourceError),
]


@pytest.mark.parametrize(("status", "code", "error", "inner"), ANSWERS)
def test_each_answer_has_its_error(
    status: int, code: str, error: type[Exception], inner: type[Exception] | None, opening: Opening
) -> None:
    """Each status and code of a store, through the real client, becomes its error of ours."""
    with ranges.running("gs") as server:
        server.faults.append(lambda handler: handler.fail(status, code))
        source = open_source(f"gs://films?anonymous=true&endpoint={server.url}", Settings())
        with pytest.raises(error) as caught:
            source.open("dir/very secret status: 503.mp4").get(5, 10, opening.budget)
    assert type(caught.value) is error
    shown = caught.value
    if inner is not None:
        assert isinstance(shown, Transient)
        assert type(shown.as_error) is inner
        shown = shown.as_error
    told = f"{shown} {getattr(shown, 'detail', '')}"
    assert "127.0.0.1" not in told
    assert "secret" not in told


def test_facts_that_are_absent(opening: Opening) -> None:
    """What an S3 server does not say of an object is None, never invented."""
    with ranges.running("gs") as server:
        source = open_source(f"s3://films?anonymous=true&endpoint={server.url}", Settings())
        server.put("films/a.mp4", b"0123456789", etag=False, last_modified=False)
        with opening.pin(source, "a.mp4") as pinned:
            assert pinned.open(0, 5) == b"01234"
            assert (pinned.info.etag, pinned.info.last_modified) == (None, None)
            assert pinned.read(5, 10, "block") == b"56789"


@pytest.mark.parametrize("absent", ["etag", "last_modified"])
def test_facts_that_the_client_cannot_do_without(opening: Opening, absent: str) -> None:
    """GCS always sends ETag and Last-Modified; obstore takes an answer without them for a fault: a 502."""
    with ranges.running("gs") as server:
        source = open_source(f"gs://films?anonymous=true&endpoint={server.url}", Settings())
        server.put("films/a.mp4", b"0123456789", **{absent: False})
        with pytest.raises(SourceError), opening.pin(source, "a.mp4") as pinned:
            pinned.open(0, 5)


def test_a_date_that_python_has_none_for(opening: Opening) -> None:
    """A Last-Modified beyond the year 9999 is the store's fault, not ours."""

    def far(handler: Handler) -> None:
        found = handler.find()
        assert found is not None
        facts = handler.facts(found, 0, 5) | {"Last-Modified": "Fri, 31 Dec 9999 23:59:59 -2300"}
        handler.say(206, facts, b"01234")

    with ranges.running("gs") as server:
        source = open_source(f"s3://films?anonymous=true&endpoint={server.url}", Settings())
        server.put("films/a.mp4", b"0123456789")
        server.faults += [far]
        with pytest.raises(SourceError):
            source.open("a.mp4").get(0, 5, opening.budget)


def test_credentials_that_are_nowhere_are_named() -> None:
    """A client that ends up at a metadata service had no credentials; the hint says how to do without."""
    fault = Exception("Error performing PUT http://169.254.169.254/latest/api/token in 2s")
    found = as_ours(fault)
    assert isinstance(found, SourceError)
    assert "anonymous" in found.hint


def test_a_key_that_the_client_would_change_is_refused() -> None:
    """For every character, the client reads exactly the key, or the key is refused before it is asked."""
    store = MemoryStore()
    for char in map(chr, range(0x300)):
        for key in (f"a{char}b", char, f"{char}b", f"a{char}", f"x/{char}/y"):
            try:
                refuse_unnameable(key)
            except InvalidObjectName:
                continue
            obstore.put(store, key, b"x")
            assert obstore.head(store, key)["path"] == key


@pytest.mark.parametrize("key", ["\ud800", "a\udcffb", "\uffff", "\U0010ffff", "\u2028", "\ufeff"])
def test_keys_at_the_edges_of_unicode(key: str) -> None:
    """What is not UTF-8 is refused; what is, however strange, is a name."""
    if any("\ud800" <= char <= "\udfff" for char in key):
        with pytest.raises(InvalidObjectName):
            refuse_unnameable(key)
    else:
        refuse_unnameable(key)
        store = MemoryStore()
        obstore.put(store, key, b"x")
        assert obstore.head(store, key)["path"] == key
