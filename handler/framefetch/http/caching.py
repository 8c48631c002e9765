"""Validators and conditional requests (RFC 9110 §8.8, §13). Pure.

The ETag of a picture names everything that decides its bytes: the object's version, the canonical
request, every setting that changes pixels, the versions of what decodes and encodes, and the machine's
architecture. A picture of an object without a strong ETag has no strong ETag either.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from framefetch.errors import PreconditionFailed
from framefetch.http.call import Answer, percent_decode
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framefetch.http.call import Call
    from framefetch.process import Request
    from framefetch.sources import ObjectInfo

_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    re.ASCII,
)
"""The three forms of RFC 9110 §5.6.7; the parser alone takes lists and mail's zones as well."""

_IN_KEYS = ("x-oss-process", "versionId")
"""Parameters that caches of a public bucket key on."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a cache may compare: either may be missing, where the store does not say."""

    etag: str | None
    last_modified: datetime | None

    @property
    def is_strong(self) -> bool:
        """Whether equal validators mean equal bytes."""
        return self.etag is not None and not self.etag.startswith("W/")

    def headers(self) -> tuple[tuple[str, str], ...]:
        """As headers of an answer."""
        pairs = []
        if self.etag:
            pairs.append(("ETag", self.etag))
        if self.last_modified:
            pairs.append(("Last-Modified", http_date(self.last_modified)))
        return tuple(pairs)


def validators(info: ObjectInfo, request: Request, renderer: Iterable[object]) -> Validators:
    """The validators of a picture.

    Args:
        info: the object that it is taken from.
        request: what was asked.
        renderer: whatever else decides the bytes: settings, versions, architecture.
    """
    if info.etag is None:
        return Validators(None, info.last_modified)
    weak = info.etag.startswith("W/")
    parts = (info.etag, info.version_id or "", request.canonical(), *map(str, renderer))
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32].upper()
    return Validators(f'{"W/" if weak else ""}"{digest}"', info.last_modified)


def is_conditional(call: Call) -> bool:
    """Whether an answer without a picture is possible."""
    names = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since")
    return any(_field(call, name) is not None for name in names)


def is_fresh(call: Call, current: Validators, renderer_since: datetime) -> bool:
    """Whether the caller already has this picture, so that 304 is the answer.

    Args:
        call: the request.
        current: of the picture that would be made.
        renderer_since: since when settings and versions cannot have changed. A picture that is older
            may look different today, which a date alone does not tell.

    Raises:
        PreconditionFailed: If-Match or If-Unmodified-Since does not hold.
    """
    if_match = _field(call, "if-match")
    if if_match is not None:
        if not _matches(if_match, current.etag, strong=True):
            raise PreconditionFailed(extras=(("Condition", "If-Match"),))
    elif (date := _date(_field(call, "if-unmodified-since"))) and _is_later(current.last_modified, date):
        raise PreconditionFailed(extras=(("Condition", "If-Unmodified-Since"),))
    if_none_match = _field(call, "if-none-match")
    if if_none_match is not None:
        return _matches(if_none_match, current.etag, strong=False)
    date = _date(_field(call, "if-modified-since"))
    if date is None or current.last_modified is None:
        return False
    return not _is_later(current.last_modified, date) and date >= renderer_since


def cache_control(current: Validators, max_age_s: int) -> str:
    """For how long a shared cache may keep a picture: only what can be told apart from its successor."""
    if current.etag is None or current.etag.startswith("W/"):
        return "no-store"
    return f"public, max-age={max_age_s}"


def of_signed(cache_control: str, left_s: int | None) -> str:
    """For how long an answer to a signed request may be kept.

    Args:
        cache_control: what the same answer to a public request says.
        left_s: seconds for which the URL's signature still holds; None where it is in a header, or is for
            requests with certain headers, which are not part of a cache's key.
    """
    if left_s is None:
        return "private, no-store"
    if "no-store" in cache_control:
        return cache_control
    seconds = min(left_s, *(int(one) for one in re.findall(r"max-age=(\d+)", cache_control)))
    # A cache that serves what is stale would serve it after the signature's end.
    return f"public, max-age={seconds}, must-revalidate"


def is_read_alike(call: Call) -> bool:
    """Whether a cache that keys on parameters by their names reads a request's query as we do.

    A name that is percent-encoded is another one to most caches, and of two values some take the first: what
    we answer then must not be kept under the key of another request.
    """
    names = [part.partition("=")[0] for part in call.query.split("&")]
    encoded = [percent_decode(name) for name in names if "%" in name]
    return all(name not in encoded and names.count(name) <= 1 for name in _IN_KEYS)


def with_headers(answer: Answer, headers: Iterable[tuple[str, str]]) -> Answer:
    """The answer with headers of these names replaced, or added."""
    added = tuple(headers)
    names = {name.lower() for name, _ in added}
    kept = tuple(header for header in answer.headers if header[0].lower() not in names)
    return Answer(answer.status, (*kept, *added), answer.body)


def varying(answer: Answer, header: str) -> Answer:
    """The answer, said to depend on a header of the request (RFC 9110 §12.5.5)."""
    return Answer(answer.status, (*answer.headers, ("Vary", header)), answer.body)


def http_date(moment: datetime) -> str:
    """An HTTP date (RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _field(call: Call, name: str) -> str | None:
    """A header's value; several lines of one name are one list (RFC 9110 §5.3)."""
    lines = [value for key, value in call.headers if key == name]
    return ", ".join(lines) if lines else None


def _date(text: str | None) -> datetime | None:
    """An HTTP date; a malformed one is as good as none (RFC 9110 §13.1.3)."""
    if text is None or not _HTTP_DATE.fullmatch(text.strip()):
        return None
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _is_later(moment: datetime | None, date: datetime) -> bool:
    # HTTP dates have no fractions of a second. Without a moment the condition is ignored (§13.1.4).
    return moment is not None and moment.replace(microsecond=0) > date


def _matches(field: str, etag: str | None, *, strong: bool) -> bool:
    if field.strip() == "*":
        return True
    if etag is None or (strong and etag.startswith("W/")):
        return False
    listed = [one.strip() for one in field.split(",")]
    if strong:
        return etag in listed
    return etag.removeprefix("W/") in [one.removeprefix("W/") for one in listed]
