"""What every source promises, whatever is behind it. Runs over the network where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framefetch.errors import AccessDenied, InvalidObjectName, NoSuchBucket, NoSuchKey, SourceError
from framefetch.sources import Changed
from tests.sources.stores import ramp

if TYPE_CHECKING:
    from tests.sources.stores import Opening, Store

KEYS = (
    "plain.mp4",
    "dir/sub/film.mp4",
    "a b.mp4",
    "a+b.mp4",
    "a%b.mp4",
    "a%20b.mp4",
    "a#b.mp4",
    "a?b.mp4",
    "a?versionId=1.mp4",
    "%41.mp4",
    "a%2Fb.mp4",
    "%2e%2e/x.mp4",
    "中文.mp4",
    "\u00e9.mp4",
    "e\u0301.mp4",
    "😀.mp4",
    "\u200bhidden.mp4",
    "dot.",
    "...",
    "a..b",
    ".hidden",
    "a*b.mp4",
    'a"b.mp4',
    "a'b.mp4",
    "a<b>.mp4",
    "a|b~`^{}[].mp4",
    "a&b=c;d,e:@!$().mp4",
    " lead.mp4",
    "trail ",
    "C:film.mp4",
)
DECOYS = ("A.mp4", "a b.mp4", "a/b.mp4", "a", "dot", "a.mp4", "x.mp4", "\u00e9.mp4", "lead.mp4", "trail")
NO_NAMES = ("", "/", "/plain.mp4", "..", "../plain.mp4", "dir/../plain.mp4", "./plain.mp4", "dir/.", "a\0b")
SIZE = 200_000


@pytest.mark.parametrize("key", KEYS)
def test_a_key_reaches_exactly_its_object(store: Store, opening: Opening, key: str) -> None:
    """A key with any characters reaches the object of that name and never one of a similar name."""
    for decoy in DECOYS:
        # On a folder "a" cannot be a file and a folder.
        if decoy != key and not (decoy in ("a", "a/b.mp4") and type(store).__name__ == "FolderStore"):
            store.put(decoy, b"decoy of " + decoy.encode())
    store.put(key, b"this is " + key.encode())
    with opening.pin(store.source, key) as pinned:
        assert pinned.open(0, 1000) == b"this is " + key.encode()


@pytest.mark.parametrize("key", NO_NAMES)
def test_a_key_that_names_nothing_is_refused(store: Store, opening: Opening, key: str) -> None:
    """A key that no client could name exactly is InvalidObjectName, before anything is sent."""
    store.put("plain.mp4", b"plain")
    with pytest.raises(InvalidObjectName):
        opening.pin(store.source, key)
    assert opening.trace.requests == 0


@pytest.mark.parametrize("key", ["dir//film.mp4", "film.mp4/"])
def test_an_empty_segment_is_no_other_object(store: Store, opening: Opening, key: str) -> None:
    """A key with an empty segment never reaches the object without it."""
    store.put("dir/film.mp4", b"another")
    store.put("film.mp4", b"another")
    with pytest.raises((InvalidObjectName, NoSuchKey)), opening.pin(store.source, key) as pinned:
        pinned.open(0, 100)


def test_ranges_are_exact(store: Store, opening: Opening) -> None:
    """Every range holds exactly its bytes, and the end of the object clips it."""
    content = ramp(SIZE)
    store.put("ramp.mp4", content)
    with opening.pin(store.source, "ramp.mp4") as pinned:
        assert pinned.open(0, 1000) == content[:1000]
        assert pinned.info.size == SIZE
        for start, stop in ((0, 1), (999, 1001), (65_536, 131_072), (SIZE - 1, SIZE), (SIZE - 10, SIZE + 10)):
            assert pinned.read(start, stop, "block") == content[start:stop]
        assert pinned.read(SIZE, SIZE + 10, "block") == b""
    assert opening.budget.spent_requests == opening.trace.requests == 6
    assert opening.trace.received == opening.budget.spent_bytes == 1000 + 1 + 2 + 65_536 + 1 + 10


def test_the_first_range_may_be_longer_than_the_object(store: Store, opening: Opening) -> None:
    """Opening with a longer range than the object is gives all of it, with one request."""
    store.put("short.mp4", ramp(100))
    with opening.pin(store.source, "short.mp4") as pinned:
        assert pinned.open(0, 1 << 20) == ramp(100)
        assert pinned.info.size == 100
    assert opening.trace.requests == 1


def test_one_byte(store: Store, opening: Opening) -> None:
    """An object of one byte is read as such."""
    store.put("one.mp4", b"x")
    with opening.pin(store.source, "one.mp4") as pinned:
        assert pinned.open(0, 1) == b"x"
        assert pinned.info.size == 1


def test_empty(store: Store, opening: Opening) -> None:
    """An empty object opens with no bytes and size 0; it is not an error of the store."""
    store.put("empty.mp4", b"")
    with opening.pin(store.source, "empty.mp4") as pinned:
        assert pinned.open(0, 65_536) == b""
        assert pinned.info.size == 0


def test_facts(store: Store, opening: Opening) -> None:
    """ETag and Last-Modified are the store's, in quotes and in UTC."""
    store.put("facts.mp4", ramp(10))
    with opening.pin(store.source, "facts.mp4") as pinned:
        pinned.open(0, 1)
        info = pinned.info
    assert info.etag is not None
    assert info.etag.startswith('"')
    assert info.etag.endswith('"')
    assert info.last_modified is not None
    assert info.last_modified.utcoffset() is not None
    assert info.last_modified.year > 2000


def test_a_replaced_object_is_seen(store: Store, opening: Opening) -> None:
    """An object that was replaced by one of the same size raises Changed; no byte of it is read."""
    store.put("pinned.mp4", ramp(SIZE, 1))
    with opening.pin(store.source, "pinned.mp4") as pinned:
        assert pinned.open(0, 10) == ramp(10, 1)
        store.put("pinned.mp4", ramp(SIZE, 2))
        with pytest.raises(Changed):
            pinned.read(10, 20, "block")


def test_a_shorter_object_is_seen(store: Store, opening: Opening) -> None:
    """An object that became shorter than the wanted range raises Changed."""
    store.put("shrunk.mp4", ramp(SIZE, 1))
    with opening.pin(store.source, "shrunk.mp4") as pinned:
        pinned.open(0, 10)
        store.put("shrunk.mp4", ramp(100, 2))
        with pytest.raises(Changed):
            pinned.read(1000, 2000, "block")


def test_suffix_ranges(store: Store, opening: Opening) -> None:
    """Where a source has suffix ranges, one of them opens an object from its end."""
    if not store.source.suffix_ranges:
        assert store.source.kind == "az"
        return
    store.put("tail.mp4", ramp(1000))
    for count in (1, 100, 1000, 5000):
        with opening.pin(store.source, "tail.mp4") as pinned:
            assert pinned.open(-count, None) == ramp(1000)[-count:]
            assert pinned.info.size == 1000
            assert pinned.read(0, 5, "block") == ramp(5)


def test_missing(store: Store, opening: Opening) -> None:
    """An object that is not there is NoSuchKey, asked for once."""
    with pytest.raises(NoSuchKey), opening.pin(store.source, "missing.mp4") as pinned:
        pinned.open(0, 10)
    assert opening.trace.requests <= 1


def test_missing_bucket(store: Store, opening: Opening) -> None:
    """A bucket that is not there is NoSuchBucket, where there are buckets."""
    if store.no_bucket is None:
        assert store.source.kind in ("folder", "http")
        return
    with pytest.raises(NoSuchBucket), opening.pin(store.no_bucket, "film.mp4") as pinned:
        pinned.open(0, 10)


def test_forbidden(store: Store, opening: Opening) -> None:
    """An object that we may not read is AccessDenied, asked for once, and says nothing of the store."""
    if store.forbidden is None:
        pytest.skip(f"not here: {type(store).__name__} lets this user read everything")
    store.put("forbidden.mp4", b"secret")
    with pytest.raises(AccessDenied) as caught, opening.pin(store.forbidden, "forbidden.mp4") as pinned:
        pinned.open(0, 10)
    assert opening.trace.requests <= 1
    assert "127.0.0.1" not in str(caught.value) + caught.value.detail


def test_unreachable(store: Store, opening: Opening) -> None:
    """A store that refuses connections is a SourceError after 3 tries."""
    if store.unreachable is None:
        assert store.source.kind == "folder"
        return
    with pytest.raises(SourceError) as caught, opening.pin(store.unreachable, "film.mp4") as pinned:
        pinned.open(0, 10)
    assert caught.value.status == 502
    assert opening.trace.requests == 3
    assert opening.budget.retries == 2
    assert all(0 <= pause <= 0.5 for pause in opening.slept)
