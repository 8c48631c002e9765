"""What a store's refusal means to us, the same for every store. Pure.

In: the word that the store has for it, the HTTP status, what Retry-After said. Out: the error to answer
with, or one of this package's two signals. What is in neither table is a `SourceError`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framefetch.errors import (
    AccessDenied,
    InvalidObjectState,
    NoSuchBucket,
    NoSuchKey,
    SourceBusy,
    SourceError,
)
from framefetch.sources import Changed, Transient
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    Meaning = Callable[["Refused"], Exception]


@dataclass(frozen=True, slots=True)
class Refused:
    """What is known of a refusal.

    Attributes:
        said: for the caller: nothing of hosts and paths, and of what the store says only the number.
        detail: for the log.
        retry_after_s: what the store asks for; where a client hides it, our own second stands in.
    """

    said: str
    detail: str
    retry_after_s: float | None


def refusal(
    code: str, status: int, detail: str, retry_after_s: float | None = None, *, has_answered: bool = True
) -> Exception:
    """The error that a refusal stands for; the store's own word counts more than the status.

    Args:
        code: the store's word, empty where there is none.
        status: of HTTP.
        detail: as of `Refused`.
        retry_after_s: likewise.
        has_answered: False: the status only stands for what a client says of a connection.
    """
    said = f"The object store answered {status}." if has_answered else ""
    meaning = CODES.get(code) or STATUSES.get(status, _unheard)
    return meaning(Refused(said, detail, retry_after_s))


def _unheard(it: Refused) -> Exception:
    return SourceError(it.said, detail=it.detail)


def _forbidden(it: Refused) -> Exception:
    return AccessDenied(detail=it.detail)


def _denied(it: Refused) -> Exception:
    # Every store hides what is not there from whoever may read an object and not list them.
    hint = "Or it is not there: a store tells that only to those who may list its objects (s3:ListBucket)."
    return AccessDenied(hint=hint, detail=it.detail)


def _archived(it: Refused) -> Exception:
    return InvalidObjectState(hint="The object is archived: restore it first.", detail=it.detail)


def _no_key(it: Refused) -> Exception:
    return NoSuchKey(detail=it.detail)


def _no_bucket(it: Refused) -> Exception:
    return NoSuchBucket(detail=it.detail)


def _changed(_: Refused) -> Exception:
    return Changed()


def _busy(it: Refused) -> Exception:
    told_s = max(1, math.ceil(it.retry_after_s or 1))
    return Transient(SourceBusy(detail=it.detail, retry_after_s=told_s), it.retry_after_s)


def _passing(it: Refused) -> Exception:
    return Transient(SourceError(it.said, detail=it.detail))


CODES: dict[str, Meaning] = {
    "AccessDenied": _denied,
    "BlobArchived": _archived,
    "ContainerNotFound": _no_bucket,
    "DownloadTrafficRateLimitExceeded": _busy,
    "ExpiredToken": _forbidden,
    "InternalError": _passing,
    "InvalidAccessKeyId": _forbidden,
    "InvalidObjectState": _archived,
    "InvalidRange": _changed,
    "InvalidSecurityToken": _forbidden,
    "NoSuchBucket": _no_bucket,
    "NoSuchKey": _no_key,
    "NoSuchVersion": _no_key,
    "PreconditionFailed": _changed,
    "RequestTimeTooSkewed": _forbidden,
    "RequestTimeout": _passing,
    "SecurityTokenExpired": _forbidden,
    "ServerBusy": _busy,
    "SignatureDoesNotMatch": _forbidden,
    "SlowDown": _busy,
    "TokenRefreshRequired": _forbidden,
}
"""The words of S3, OSS, GCS and Azure."""

STATUSES: dict[int, Meaning] = {
    401: _forbidden,
    403: _denied,
    404: _no_key,
    408: _passing,
    410: _no_key,
    412: _changed,
    416: _changed,
    429: _busy,
    500: _passing,
    502: _passing,
    503: _busy,
    504: _passing,
}
