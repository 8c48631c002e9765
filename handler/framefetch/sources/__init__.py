"""Where bytes come from: one small protocol, one module a kind of store.

A `Source` opens a key without asking the store anything; the `StoredObject` that it returns sends
ranged GETs, and the answer to the first of them carries what is known of the object. A module here
translates its client's errors into ours, and does no more: retries, pinning and checking of what
came back are the same for every store and live in `fetch.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from framefetch.budget import Budget


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store says of an object. What it does not say is None, never invented.

    Attributes:
        size: bytes.
        etag: as on the wire, quotes and a weak mark (``W/``) included.
        last_modified: in UTC.
        version_id: of a versioned object.
    """

    size: int
    etag: str | None = None
    last_modified: datetime | None = None
    version_id: str | None = None


class Reply(Protocol):
    """The answer to one ranged GET; the body is still to be read.

    `start` and `stop` (half-open) are the range that the store says it sends, not what was asked.
    An empty object answers the first GET with ``start == stop == 0`` and no chunks.
    """

    info: ObjectInfo
    start: int
    stop: int

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces as they arrive. Raises the errors of this package's table."""
        ...

    def close(self) -> None:
        """Gives the connection back, or drops it when the body was not read to its end."""
        ...


class StoredObject(Protocol):
    """One object while one request reads it."""

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> Reply:
        """Sends one GET for the bytes ``start..stop`` (half-open).

        Args:
            start: first byte; negative (with `stop` None) asks for that many last bytes, where the
                source has `suffix_ranges`.
            stop: one past the last byte; above the object's size it is clipped by the store.
            budget: waits end with it.
            if_match: the ETag that the object must still have.

        Raises:
            NoSuchKey: no such object.
            NoSuchBucket: no such bucket.
            AccessDenied: we may not read it.
            InvalidObjectState: it is archived.
            Changed: `if_match` does not hold any more, or the object became shorter than `start`.
            Transient: trying again may help.
            SourceError: the store answered something that it should not.
            RequestTimeout: the budget's time is over.
        """
        ...

    def close(self) -> None:
        """Lets go of what the object holds; safe to call twice."""
        ...


class Source(Protocol):
    """A store, with its bucket and prefix. Shared by all requests and threads."""

    kind: str
    """For logs: ``folder``, ``http``, ``s3``, ``gs``, ``az``, ``oss``."""
    suffix_ranges: bool
    """Whether ``bytes=-N`` works there."""

    def open(self, key: str) -> StoredObject:
        """Opens a key (decoded, no leading ``/`` of the URL). Sends nothing yet.

        Raises:
            InvalidObjectName: the store's client cannot name this key.
            NoSuchKey: a folder knows at once that there is no such file.
        """
        ...


class Transient(Exception):  # noqa: N818 - a signal between this package's modules, never answered
    """Trying again may help. `fetch.py` tries, and raises `as_error` when it gives up."""

    def __init__(self, as_error: Exception, retry_after_s: float | None = None) -> None:
        self.as_error = as_error
        self.retry_after_s = retry_after_s
        super().__init__(str(as_error))


class Changed(Exception):  # noqa: N818 - a signal between this package's modules, never answered
    """The object is not the one that was opened any more. The request starts over, once."""
