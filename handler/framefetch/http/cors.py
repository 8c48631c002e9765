"""Which pages of other origins may read answers (the Fetch standard, "CORS protocol"). Pure.

In: the origins of the settings, a call. Out: headers for its answer, and the answer to a preflight
request. Nothing here looks at an object; the headers are the same on pictures and on errors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framefetch.errors import AccessForbidden
from framefetch.values import dataclass

if TYPE_CHECKING:
    from framefetch.http.call import Call

EXPOSED = (
    "ETag",
    "Server-Timing",
    "x-framefetch-ranges",
    "x-framefetch-read",
    "x-framefetch-shrunk",
    "x-framefetch-tiles",
    "x-framefetch-time",
    "x-oss-ec",
    "x-oss-err",
    "x-oss-request-id",
    "x-oss-server-time",
)
"""What scripts may read beyond what browsers always show them."""
METHODS = ("GET", "HEAD")
_PREFLIGHT_S = 600
_ORIGIN = r"\*|https?://(\*\.)?[A-Za-z0-9._-]+(:[0-9]+)?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]+)?"
_HEADER_NAMES = r"[A-Za-z0-9!#$%&'*+.^_`|~, \t-]{1,2000}"


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins that are allowed: ``https://app.example.com``, ``https://*.example.com``, ``*``.

    Raises:
        ValueError: one of them is none.
    """

    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what could never be an origin."""
        for origin in self.origins:
            if not re.fullmatch(_ORIGIN, origin):
                message = f"{origin!r} is not an origin, such as https://app.example.com"
                raise ValueError(message)

    def headers(self, call: Call) -> tuple[tuple[str, str], ...]:
        """What CORS adds to the answer to a call, whatever the answer is."""
        if not self.origins:
            return ()
        # Said on every answer: a cache must not hand one origin's answer to another, nor one without
        # these headers to a page that needs them.
        vary = (("Vary", "Origin"),)
        origin = call.header("origin")
        if origin is None or not self._allows(origin):
            return vary
        return (
            *vary,
            ("Access-Control-Allow-Origin", "*" if "*" in self.origins else origin),
            ("Access-Control-Expose-Headers", ", ".join(EXPOSED)),
        )

    def preflight(self, call: Call) -> tuple[tuple[str, str], ...]:
        """What an OPTIONS request is answered with, beside what CORS adds to every answer.

        Raises:
            AccessForbidden: the origin, the method or the headers are not allowed.
        """
        origin, method = call.header("origin"), call.header("access-control-request-method")
        wanted = call.header("access-control-request-headers") or ""
        if not self.origins:
            raise AccessForbidden(hint="FRAMEFETCH_CORS names the origins that may read.")
        if origin is None or not self._allows(origin):
            raise AccessForbidden(hint="The origin is not among those that may read.")
        if method not in METHODS:
            raise AccessForbidden(hint="Pages of other origins may GET and HEAD only.")
        if wanted and not re.fullmatch(_HEADER_NAMES, wanted):
            raise AccessForbidden(hint="Access-Control-Request-Headers cannot be read.")
        headers = [
            ("Access-Control-Allow-Methods", ", ".join(METHODS)),
            ("Access-Control-Max-Age", str(_PREFLIGHT_S)),
        ]
        if wanted:
            # A header can only make a request fail here: it opens nothing that its signature does not.
            headers.append(("Access-Control-Allow-Headers", wanted))
        return tuple(headers)

    def _allows(self, origin: str) -> bool:
        return any(_matches(origin.lower(), one.lower()) for one in self.origins)


def _matches(origin: str, allowed: str) -> bool:
    if allowed == "*":
        return True
    before, star, after = allowed.partition("*")
    if not star:
        return origin == allowed
    label = origin[len(before) : len(origin) - len(after)]
    fits = origin.startswith(before) and origin.endswith(after) and len(origin) > len(before) + len(after)
    return fits and re.fullmatch(r"[a-z0-9._-]+", label) is not None
