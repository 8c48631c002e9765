"""Films on a web server, below one URL.

In: keys, put after a configured prefix. Out: ranges of them. Follows at most 3 redirects, each checked
like the first URL: below the prefix, and to an address that may be read. Takes no whole object for a
range and no encoded body, sends no credentials but the prefix's own query, and retries nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import urllib3
from urllib3 import exceptions as faults

from framefetch import __version__
from framefetch.budget import now_unix
from framefetch.errors import (
    AccessDenied,
    InvalidObjectName,
    NoSuchKey,
    RequestTimeout,
    SourceBusy,
    SourceError,
)
from framefetch.sources import Changed, ObjectInfo, Transient
from framefetch.sources.dial import Dialler
from framefetch.sources.urls import HttpUrl, encode_key, follow, refuse_dots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from framefetch.budget import Budget
    from framefetch.sources.addresses import AddressPolicy

MAX_HOPS = 3
PIECE_BYTES = 256 << 10
HEADERS = {
    "Accept-Encoding": "identity",
    "User-Agent": f"framefetch/{__version__}",
    # OSS answers a range that it does not like with 200 and the whole object, unless it is asked not to.
    "x-oss-range-behavior": "standard",
}
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.IGNORECASE)
_VERSIONS = ("x-amz-version-id", "x-oss-version-id", "x-goog-generation", "x-ms-version-id")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_PASSING = frozenset({408, 500, 502, 504})


class HttpSource:
    """The objects below one URL.

    Args:
        prefix: where keys are put; its query goes along with every request.
        policy: which addresses may be connected to.
        also: further URLs below which a redirect may lead.
    """

    kind = "http"
    suffix_ranges = True

    def __init__(self, prefix: HttpUrl, policy: AddressPolicy, also: tuple[HttpUrl, ...] = ()) -> None:
        self.prefix = replace(prefix, path=prefix.path.rstrip("/"))
        self.allowed = (prefix, *also)
        self.dialler = Dialler(policy)

    def open(self, key: str) -> StoredUrl:
        """The object of this key; sends nothing yet."""
        name = key.encode("utf-8", "surrogateescape")
        try:
            refuse_dots(name)
        except ValueError as fault:
            raise InvalidObjectName(hint=str(fault)) from fault
        if not key or key.startswith("/"):
            raise InvalidObjectName
        return StoredUrl(self, replace(self.prefix, path=f"{self.prefix.path}/{encode_key(key)}"))


@dataclass(slots=True)
class StoredUrl:
    """One object, while one request reads it."""

    source: HttpSource
    url: HttpUrl

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> HttpReply:
        """See `StoredObject.get`."""
        headers = dict(HEADERS)
        last = "" if stop is None else stop - 1
        headers["Range"] = f"bytes={start}" if start < 0 else f"bytes={start}-{last}"
        if if_match is not None:
            headers["If-Match"] = if_match
        response = self._send(headers, budget)
        try:
            return _reply(response, start, stop, budget, pinned=if_match is not None)
        except BaseException:
            # Not drained: an error's body is as long as the server likes.
            response.close()
            raise

    def close(self) -> None:
        """Nothing is held between two ranges but the pool's connections."""

    def _send(self, headers: dict[str, str], budget: Budget) -> urllib3.BaseHTTPResponse:
        """Sends the request, after redirects too."""
        url = self.url
        for hop in range(MAX_HOPS + 1):
            if hop:
                budget.ask()
            try:
                response = self.source.dialler.request(url.origin, url.target, headers, budget)
            except (faults.HTTPError, OSError) as fault:
                # Where one connection turned out dead, those that rested as long are dead too.
                self.source.dialler.forget()
                raise _as_ours(fault, budget) from fault
            if response.status not in _REDIRECTS:
                return response
            location = response.headers.get("Location")
            response.close()
            url = self._next(url, location)
        raise SourceError(detail=f"more than {MAX_HOPS} redirects")

    def _next(self, url: HttpUrl, location: str | None) -> HttpUrl:
        """Where a redirect leads, if it may lead there."""
        if not location:
            raise SourceError(detail="a redirect without Location")
        try:
            # Header values are read as Latin-1; what servers put there is UTF-8.
            target = follow(url, location.encode("latin-1", "ignore").decode("utf-8", "replace"))
        except ValueError as fault:
            raise SourceError(detail=f"a redirect that cannot be followed: {fault}") from fault
        if not any(one.contains(target) for one in self.source.allowed):
            raise AccessDenied(
                "The source redirects to a place that may not be read.",
                detail=f"redirect to {target.scheme}://{target.host}:{target.port}",
            )
        return target


@dataclass(slots=True)
class HttpReply:
    """The answer to one ranged GET."""

    info: ObjectInfo
    start: int
    stop: int
    response: urllib3.BaseHTTPResponse = field(repr=False)
    budget: Budget = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces as they arrive."""
        left = self.stop - self.start
        while left > 0:
            self.budget.check()
            try:
                # One byte more than is due shows a body that is too long, and then it is not reused.
                piece = self.response.read1(min(left + 1, PIECE_BYTES))
            except (faults.HTTPError, OSError) as fault:
                raise _as_ours(fault, self.budget) from fault
            if not piece:
                return
            left -= len(piece)
            yield piece

    def close(self) -> None:
        """Drops the connection, unless the body was read to its end: then it is in the pool again."""
        self.response.close()


def _reply(
    response: urllib3.BaseHTTPResponse, start: int, stop: int | None, budget: Budget, *, pinned: bool
) -> HttpReply:
    """Reads status and headers.

    Raises:
        the errors of `StoredObject.get`.
    """
    headers = response.headers
    if response.status not in (200, 206):
        if response.status == 416 and start <= 0 and not pinned:
            # Only an empty object has no first byte; what it is like, an error's headers do not say.
            return HttpReply(ObjectInfo(size=0), 0, 0, response, budget)
        raise _status(response.status, headers)
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise SourceError(detail=f"Content-Encoding {encoding[:40]}")
    info = ObjectInfo(
        size=0,
        etag=headers.get("ETag") or None,
        last_modified=_date(headers.get("Last-Modified")),
        version_id=next((headers[name] for name in _VERSIONS if name in headers), None),
    )
    if response.status == 206:
        found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
        if found is None:
            raise SourceError(detail=f"Content-Range {headers.get('Content-Range', 'missing')[:80]!r}")
        first, last, size = (int(number) for number in found.groups())
        if not first <= last < size:
            raise SourceError(detail=f"Content-Range {found[0]!r}")
        return HttpReply(replace(info, size=size), first, last + 1, response, budget)
    # A server without ranges: the whole object will do where it is no longer than what was asked.
    length = headers.get("Content-Length", "")
    asked = -start if start < 0 else stop if start == 0 else -1
    if not re.fullmatch(r"\d{1,18}", length) or (asked is not None and int(length) > asked):
        raise SourceError(
            hint="The server does not answer ranges, without which videos cannot be read.",
            detail=f"200 for a range, Content-Length {length or 'missing'}",
        )
    size = int(length)
    return HttpReply(replace(info, size=size), 0, size, response, budget)


def _status(status: int, headers: Mapping[str, str]) -> Exception:
    """What a status says that brings no bytes."""
    detail = f"HTTP {status}"
    if status in (401, 403):
        return AccessDenied(detail=detail)
    if status in (404, 410):
        return NoSuchKey(detail=detail)
    if status in (412, 416):
        return Changed()
    if status in _BUSY:
        after_s = _retry_after(headers.get("Retry-After"))
        return Transient(SourceBusy(detail=detail, retry_after_s=max(1, round(after_s or 1))), after_s)
    if status in _PASSING:
        return Transient(SourceError(detail=detail))
    return SourceError(detail=detail)


def _as_ours(fault: Exception, budget: Budget) -> Exception:
    """The table of what urllib3 and the socket raise. The URL stays out: its query may be a secret."""
    name = type(fault).__name__
    budget.check()
    if isinstance(fault, faults.ReadTimeoutError):
        return RequestTimeout(detail="the source was silent until the deadline")
    if isinstance(fault, faults.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(fault):
        return SourceError(detail="the certificate of the source is not valid")
    if isinstance(fault, (faults.LocationValueError, faults.InvalidHeader)):
        return SourceError(detail=name)
    return Transient(SourceError(detail=f"{name}: {_reason(fault)}"))


def _reason(fault: Exception) -> str:
    """The error number's own words, where there is one beneath: they hold no URL and no path."""
    beneath: BaseException | None = fault
    while beneath is not None:
        if isinstance(beneath, OSError) and beneath.strerror:
            return beneath.strerror
        beneath = beneath.__cause__ or beneath.__context__
    return "connection failed"


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _retry_after(text: str | None) -> float | None:
    """Seconds from now; the header has seconds or a date (RFC 9110 §10.2.3)."""
    if text is None:
        return None
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    when = _date(text)
    return None if when is None else max(0.0, when.timestamp() - now_unix())
