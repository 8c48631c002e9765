"""Films in S3 and everything that speaks it, in Google Cloud Storage and in Azure Blob, through obstore.

In: keys below one bucket's prefix. Out: ranges of exactly these objects: a key that obstore would turn
into another name is refused. Its retries are off, because they resume a body without If-Match.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from framefetch.errors import InvalidObjectName, NoSuchKey, SourceError
from framefetch.sources import Changed, ObjectInfo
from framefetch.sources.cloud_errors import as_ours
from framefetch.sources.cloud_transfer import Transfer
from framefetch.sources.looking import MARK, Listed, Look
from framefetch.sources.retries import patiently
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from obstore import GetOptions, GetResult, ObjectMeta
    from obstore.store import ObjectStore

    from framefetch.budget import Budget

_NO_TIME = datetime.fromtimestamp(0, UTC)
"""What obstore says when there was no Last-Modified."""

_PAGE_KEYS = 1000
"""Of a listing: what the stores give in one answer."""


class CloudSource:
    """The objects below one bucket's prefix.

    Args:
        kind: ``s3``, ``gs`` or ``az``.
        store: obstore's, without a prefix of its own.
        prefix: put before every key, with a ``/``; empty for none.
    """

    def __init__(self, kind: str, store: ObjectStore, prefix: str) -> None:
        self.kind = kind
        self.suffix_ranges = kind != "az"
        self.store = store
        self.prefix = prefix.strip("/")

    def open(self, key: str) -> CloudObject:
        """The object of this key; sends nothing yet."""
        refuse_unnameable(key)
        return CloudObject(self.store, f"{self.prefix}/{key}" if self.prefix else key)

    def look(self, key: str, budget: Budget) -> Look:
        """See `LookableSource.look`."""
        path = self.open(key).path

        def ask() -> GetResult:
            import obstore  # noqa: PLC0415 - heavy, and only needed here

            return obstore.get(self.store, path, options={"head": True})

        result: GetResult = patiently(lambda: Transfer(ask).next(budget), budget)
        return Look(_info_of(result), MARK in result.attributes)

    def listing(self, prefix: str, budget: Callable[[], Budget]) -> Iterator[Listed]:
        """See `LookableSource.listing`."""
        start = f"{self.prefix}/" if self.prefix else ""
        # obstore lists whole folders only.
        pages = _Pages(self.store, f"{start}{prefix}".rpartition("/")[0] or None)
        while page := patiently(pages.next, budget()):
            for meta in page:
                key = meta["path"].removeprefix(start)
                if key.startswith(prefix):
                    yield Listed(key, meta["size"], meta["e_tag"] or None)


class S3Source(CloudSource):
    """S3 and what speaks it, where versions of an object have names."""

    def open_version(self, key: str, version: str) -> CloudObject:
        """One version of an object; sends nothing yet."""
        return replace(self.open(key), version=version)


def refuse_unnameable(key: str) -> None:
    """Raises for a key whose object obstore cannot ask for.

    Its ``Path::parse`` drops a ``/`` at either end without a word, and refuses empty, ``.`` and ``..``
    segments and control characters; both are the same to the caller.
    """
    named = all(segment not in ("", ".", "..") for segment in key.split("/"))
    plain = not any(char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in key)
    if not (named and plain):
        raise InvalidObjectName(
            hint="Keys with empty, . or .. segments, control characters or bytes that are not UTF-8 "
            "cannot be read from this store."
        )


@dataclass(slots=True)
class _Pages:
    """The pages of one listing. A stream that failed is at its end for obstore: a new one goes on."""

    store: ObjectStore
    folder: str | None
    last: str | None = None
    stream: Iterator[Sequence[ObjectMeta]] | None = None

    def next(self) -> Sequence[ObjectMeta]:
        """The next page; empty after the last."""
        import obstore  # noqa: PLC0415 - heavy, and only needed here

        try:
            if self.stream is None:
                self.stream = iter(
                    obstore.list(self.store, self.folder, offset=self.last, chunk_size=_PAGE_KEYS)
                )
            page = next(self.stream, ())
        except Exception as fault:
            self.stream = None
            raise as_ours(fault) from fault
        if page:
            self.last = page[-1]["path"]
        return page


@dataclass(slots=True)
class CloudObject:
    """One object, while one request reads it."""

    store: ObjectStore
    path: str
    version: str | None = None

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> CloudReply:
        """See `StoredObject.get`."""
        budget.check()
        options: GetOptions = {"if_match": if_match} if if_match is not None else {}
        if self.version is not None:
            options["version"] = self.version
        if start < 0:
            options["range"] = {"suffix": -start}
        elif stop is None:
            options["range"] = {"offset": start}
        else:
            options["range"] = (start, stop)

        def ask() -> GetResult:
            import obstore  # noqa: PLC0415 - heavy, and only needed here

            return obstore.get(self.store, self.path, options=options)

        transfer = Transfer(ask)
        try:
            result: GetResult = transfer.next(budget)
        except Changed:
            # 416 to the first byte can mean an object without one.
            if start <= 0 and if_match is None:
                return self._empty(transfer, budget)
            raise
        except SourceError as fault:
            if self.version is not None and "400" in fault.detail.split():
                # What cannot be a version's id is no version.
                raise NoSuchKey(detail=fault.detail) from fault
            raise
        try:
            _refuse_encoded(result)
            info = _info_of(result)
        except SourceError:
            transfer.drop()
            raise
        first, last = result.range
        return CloudReply(
            replace(info, version_id=info.version_id or self.version), first, last, transfer, budget
        )

    def close(self) -> None:
        """Nothing is held between two ranges but the client's connections."""

    def _empty(self, transfer: Transfer, budget: Budget) -> CloudReply:
        """The answer of an empty object, after a look whether it is one."""
        if self.version is not None:
            # A version cannot be looked at without a range; nor does one change.
            return CloudReply(ObjectInfo(size=0, version_id=self.version), 0, 0, transfer, budget)

        def ask() -> Any:  # noqa: ANN401 - obstore's ObjectMeta, a dict
            import obstore  # noqa: PLC0415

            return obstore.head(self.store, self.path)

        budget.ask()
        look = Transfer(ask)
        info = _info(look.next(budget))
        if info.size:
            raise SourceError(detail="416 for the first byte of an object that is not empty")
        return CloudReply(info, 0, 0, look, budget)


@dataclass(slots=True)
class CloudReply:
    """The answer to one ranged GET."""

    info: ObjectInfo
    start: int
    stop: int
    transfer: Transfer = field(repr=False)
    budget: Budget = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces as they arrive."""
        while (piece := self.transfer.next(self.budget)) is not None:
            self.budget.check()
            yield piece

    def close(self) -> None:
        """Ends the transfer; its connection is used again only when the body was read to its end."""
        self.transfer.drop()


def _refuse_encoded(result: GetResult) -> None:
    encoding = str(result.attributes.get("Content-Encoding", "identity")).lower()
    if encoding not in ("", "identity"):
        raise SourceError(detail=f"Content-Encoding {encoding[:40]}")


def _info_of(result: GetResult) -> ObjectInfo:
    """What an answer says of its object.

    Raises:
        SourceError: it has a date that Python has none for.
    """
    try:
        return _info(result.meta)
    except ValueError as fault:
        raise SourceError(detail="a Last-Modified that is no date") from fault


def _info(meta: Any) -> ObjectInfo:  # noqa: ANN401 - obstore's ObjectMeta
    modified = meta["last_modified"]
    return ObjectInfo(
        size=meta["size"],
        etag=meta["e_tag"] or None,
        last_modified=None if modified == _NO_TIME else modified,
        version_id=meta["version"] or None,
    )
