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

if TYPE_CHECKING:
    from collections.abc import Callable

    Meaning = Callable[[str, float | None], Exception]
    """Of a detail for the log, and the seconds that the store asks us to wait."""


def refusal(code: str, status: int, detail: str, retry_after_s: float | None = None) -> Exception:
    """The error that a refusal stands for; the store's own word counts more than the status.

    Args:
        code: the store's word, empty where there is none.
        status: of HTTP.
        detail: for the log.
        retry_after_s: what the store asks for; where a client hides it, our own second stands in.
    """
    meaning = CODES.get(code) or STATUSES.get(status)
    return SourceError(detail=detail) if meaning is None else meaning(detail, retry_after_s)


def _forbidden(detail: str, _: float | None) -> Exception:
    return AccessDenied(detail=detail)


def _archived(detail: str, _: float | None) -> Exception:
    return InvalidObjectState(hint="The object is archived: restore it first.", detail=detail)


def _no_key(detail: str, _: float | None) -> Exception:
    return NoSuchKey(detail=detail)


def _no_bucket(detail: str, _: float | None) -> Exception:
    return NoSuchBucket(detail=detail)


def _changed(_: str, __: float | None) -> Exception:
    return Changed()


def _busy(detail: str, retry_after_s: float | None) -> Exception:
    told_s = max(1, math.ceil(retry_after_s or 1))
    return Transient(SourceBusy(detail=detail, retry_after_s=told_s), retry_after_s)


def _passing(detail: str, _: float | None) -> Exception:
    return Transient(SourceError(detail=detail))


CODES: dict[str, Meaning] = {
    "AccessDenied": _forbidden,
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
    403: _forbidden,
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
