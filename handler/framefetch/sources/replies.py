"""Answers over HTTP, as urllib3 brings them: what their headers say, their bodies, their faults.

In: a response whose body is still to be read. Out: an `HttpReply`, or the error that it stands for. An
encoded body, or a whole object longer than the range that was asked for, is refused before it is read.
No URL enters a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from urllib3 import exceptions as faults

from framefetch import __version__
from framefetch.budget import now_unix
from framefetch.errors import RequestTimeout, SourceError
from framefetch.sources import ObjectInfo, Transient
from framefetch.sources.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import urllib3

    from framefetch.budget import Budget

PIECE_BYTES = 256 << 10
HEADERS = {
    "Accept-Encoding": "identity",
    "User-Agent": f"framefetch/{__version__}",
    # OSS answers a range that it does not like with 200 and the whole object, unless it is asked not to.
    "x-oss-range-behavior": "standard",
}
"""What goes along with every request for a range."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.IGNORECASE)
_VERSIONS = ("x-amz-version-id", "x-oss-version-id", "x-goog-generation", "x-ms-version-id")


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
                raise as_ours(fault, self.budget) from fault
            if not piece:
                return
            left -= len(piece)
            yield piece

    def close(self) -> None:
        """Drops the connection, unless the body was read to its end: then it is in the pool again."""
        self.response.close()


def reply_of(
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
        raise refusal("", response.status, f"HTTP {response.status}", retry_after_s(headers))
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


def as_ours(fault: Exception, budget: Budget) -> Exception:
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
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long Retry-After asks to wait, in seconds or until a date (RFC 9110 §10.2.3)."""
    text = headers.get("Retry-After")
    if text is None:
        return None
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    when = _date(text)
    return None if when is None else max(0.0, when.timestamp() - now_unix())
