"""What OSS answers instead of bytes, and what that means to us. In: code, status, headers; out: an error.

Nothing of the answer but its code and request id goes on, into the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.errors import (
    AccessDenied,
    InvalidObjectState,
    NoSuchBucket,
    NoSuchKey,
    SourceBusy,
    SourceError,
)
from framefetch.sources import Changed, Transient
from framefetch.sources.http import _retry_after as retry_after_s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _forbidden(detail: str, _: Mapping[str, str]) -> Exception:
    return AccessDenied(detail=detail)


def _archived(detail: str, _: Mapping[str, str]) -> Exception:
    return InvalidObjectState(
        hint="The object is archived: restore it, or turn on direct reading of archived objects.",
        detail=detail,
    )


def _changed(_: str, __: Mapping[str, str]) -> Exception:
    return Changed()


def _busy(detail: str, headers: Mapping[str, str]) -> Exception:
    after_s = retry_after_s(headers.get("Retry-After"))
    return Transient(SourceBusy(detail=detail, retry_after_s=max(1, round(after_s or 1))), after_s)


def _passing(detail: str, _: Mapping[str, str]) -> Exception:
    return Transient(SourceError(detail=detail))


def _no_key(detail: str, _: Mapping[str, str]) -> Exception:
    return NoSuchKey(detail=detail)


def _no_bucket(detail: str, _: Mapping[str, str]) -> Exception:
    return NoSuchBucket(detail=detail)


TABLE: dict[str, Callable[[str, Mapping[str, str]], Exception]] = {
    # OSS's own word, where it gave one.
    "InvalidObjectState": _archived,
    "NoSuchBucket": _no_bucket,
    "NoSuchKey": _no_key,
    "NoSuchVersion": _no_key,
    "AccessDenied": _forbidden,
    "InvalidAccessKeyId": _forbidden,
    "InvalidSecurityToken": _forbidden,
    "SecurityTokenExpired": _forbidden,
    "SignatureDoesNotMatch": _forbidden,
    "RequestTimeTooSkewed": _forbidden,
    "PreconditionFailed": _changed,
    "InvalidRange": _changed,
    "InternalError": _passing,
    "RequestTimeout": _passing,
    "DownloadTrafficRateLimitExceeded": _busy,
    # The status.
    "401": _forbidden,
    "403": _forbidden,
    "404": _no_key,
    "408": _passing,
    "412": _changed,
    "416": _changed,
    "429": _busy,
    "500": _passing,
    "502": _passing,
    "503": _busy,
    "504": _passing,
}
"""Every way in which OSS refuses that is not simply a `SourceError`; code before status."""


def from_oss2(fault: Any) -> Exception:  # noqa: ANN401 - oss2 has no types
    """What an error of oss2's means to us."""
    return by_code(fault.code, fault.status, fault.headers)


def by_code(code: str, status: int, headers: Mapping[str, str]) -> Exception:
    """What a code, or else a status, means to us."""
    request_id = headers.get("x-oss-request-id", "")
    detail = " ".join(word for word in (f"OSS {status}", code, request_id[:40]) if word)
    for word in (code, str(status)):
        if word in TABLE:
            return TABLE[word](detail, headers)
    return SourceError(detail=detail)
