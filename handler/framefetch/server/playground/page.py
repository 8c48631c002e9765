"""The page as one answer: its text, style and script in one file, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from framefetch.http.call import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence


def page_answer(*, local: bool, buckets: Sequence[str], formats: Sequence[str]) -> Answer:
    """The page.

    Args:
        local: whether it may list and sign.
        buckets: names, of a local one.
        formats: that pictures can have.
    """
    parts = {kind: _read(f"page.{kind}") for kind in ("html", "css", "js")}
    given = {
        "/*css*/": parts["css"],
        "/*js*/": parts["js"],
        "%local%": "true" if local else "false",
        "%buckets%": escape(json.dumps(list(buckets))),
        "%formats%": escape(" ".join(formats)),
    }
    text = parts["html"]
    for mark, value in given.items():
        text = text.replace(mark, value)
    body = text.encode()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(parts['js'])}'",
            f"style-src '{_digest(parts['css'])}'",
            "img-src blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    )
    return Answer(200, headers, body)


def _read(name: str) -> str:
    return files("framefetch.server.playground").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
