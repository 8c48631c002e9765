"""How answers look on the wire: OSS's headers, OSS's XML errors. Pure.

The order of the elements of an error is the documented one (OSS, "Error responses"): Code, Message,
RequestId, HostId, what the code adds, EC, RecommendDoc. An error of a HEAD request travels in
``x-oss-err``, as a HEAD has no body.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from framefetch.http.call import Answer

if TYPE_CHECKING:
    from framefetch.errors import FramefetchError
    from framefetch.http.call import Call

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
)
"""On every answer: nothing that a browser would run."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""As xml.sax.saxutils.escape, which imports urllib.request: 26 ms of every cold start."""
_TROUBLESHOOT = "https://api.aliyun.com/troubleshoot?q="
_LONGEST, _LONGEST_IN_HEADER = 4000, 500
"""Characters of one element of an error. What a caller sent in length does not come back in length, and
of a HEAD it has to fit into a header, which proxies let grow to 4 or 8 KiB."""


def picture_answer(
    status: int, headers: tuple[tuple[str, str], ...], body: bytes, *, with_length: bool
) -> Answer:
    """An answer of the service itself."""
    length = (("Content-Length", str(len(body))),) if with_length else ()
    return Answer(status, (*ALWAYS, *headers, *length), body)


def error_answer(error: FramefetchError, call: Call, request_id: str) -> Answer:
    """The answer that tells a caller what went wrong, and what to change."""
    longest = _LONGEST_IN_HEADER if call.method == "HEAD" else _LONGEST
    body = error_xml(error, call.header("host") or "", request_id, longest)
    keep = f"max-age={error.max_age_s}" if error.max_age_s else "no-store"
    headers = [*ALWAYS, ("Cache-Control", keep)]
    if error.ec:
        headers.append(("x-oss-ec", error.ec))
    if error.retry_after_s is not None:
        headers.append(("Retry-After", str(error.retry_after_s)))
    if call.method == "HEAD":
        headers.append(("x-oss-err", base64.b64encode(body).decode()))
        return Answer(error.status, tuple(headers), b"")
    headers += [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    return Answer(error.status, tuple(headers), body)


def error_xml(error: FramefetchError, host: str, request_id: str, longest: int = _LONGEST) -> bytes:
    """OSS's XML for an error, each of its texts cut to so many characters."""
    rows = [
        ("Code", error.code),
        ("Message", str(error)),
        ("RequestId", request_id),
        ("HostId", host),
        *error.extras,
    ]
    if error.ec:
        rows += [("EC", error.ec), ("RecommendDoc", _TROUBLESHOOT + error.ec)]
    lines = [f"  <{name}>{_text(value, longest)}</{name}>" for name, value in rows]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<Error>", *lines, "</Error>", ""]).encode()


def _text(value: str, longest: int) -> str:
    """Text that is valid in XML 1.0, whatever a caller sent."""
    value = value if len(value) <= longest else value[:longest] + "…"
    clean = value.encode("utf-8", "backslashreplace").decode()
    shown = "".join(c if c.isprintable() or c == " " else f"\\x{ord(c):02x}" for c in clean)
    return shown.translate(_ESCAPES)
