"""What both signature versions are made of: bytes of texts, encoded names, headers in order, dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

Pairs = tuple[tuple[str, str], ...]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Patterns are compiled when they are first used: at import each would cost a millisecond.
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_BASIC = r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z"
_HTTP = r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT"


def raw(text: str) -> bytes:
    """The bytes that a decoded text stood for on the wire."""
    return text.encode("utf-8", "surrogateescape")


def encode(text: str, keep: str = "") -> str:
    """Percent-encodes all but ``A-Za-z0-9-_.~`` and `keep`; a space is ``%20``, never ``+``."""
    return quote(raw(text), safe=keep)


def trim(value: str) -> str:
    """A header's value without the spaces around it."""
    return value.strip(" \t")


def shown(text: bytes | str) -> str:
    """What of a request may be shown in an XML answer: valid text, without the control characters."""
    data = raw(text) if isinstance(text, str) else text
    return re.sub(_NOT_XML, "\N{REPLACEMENT CHARACTER}", data.decode("utf-8", "replace"))


def first(pairs: Pairs, name: str) -> str | None:
    """The first value of a name. OSS lets the first count where a name comes twice."""
    return next((value for key, value in pairs if key == name), None)


def lines(headers: Iterable[tuple[str, str]]) -> str:
    """Headers as ``name:value`` lines, sorted by name, values trimmed.

    A name that comes twice gives two lines, in order: a header that somebody adds to a signed request
    is never folded into one that was signed.
    """
    chosen = sorted(headers, key=lambda header: header[0])
    return "".join(f"{name}:{trim(value)}\n" for name, value in chosen)


def seconds(date: str) -> int | None:
    """Seconds since 1970 of ``20260115T080000Z`` or ``Thu, 15 Jan 2026 08:00:00 GMT``; None if neither."""
    if found := re.fullmatch(_BASIC, date, re.ASCII):
        year, month, day, hour, minute, second = map(int, found.groups())
    elif (found := re.fullmatch(_HTTP, date, re.ASCII)) and found[2] in _MONTHS:
        month = _MONTHS.index(found[2]) + 1
        day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    else:
        return None
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None


def basic(unix: int) -> str:
    """``20260115T080000Z``."""
    return _utc(unix).strftime("%Y%m%dT%H%M%SZ")


def http_date(unix: int) -> str:
    """``Thu, 15 Jan 2026 08:00:00 GMT``, whatever the locale."""
    at = _utc(unix)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"


def iso(unix: int) -> str:
    """``2026-01-15T08:00:00.000Z``, as OSS writes times in its errors."""
    return _utc(unix).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _utc(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
