"""Films on a web server, below one URL.

In: keys, put after a configured prefix. Out: ranges of them. Follows at most 3 redirects, each checked
like the first URL: below the prefix, and to an address that may be read. Takes no whole object for a
range and no encoded body, sends no credentials but the prefix's own query, and retries nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from urllib3 import exceptions as faults

from framefetch.errors import AccessDenied, InvalidObjectName, SourceError
from framefetch.sources.dial import Dialler
from framefetch.sources.replies import HEADERS, as_ours, reply_of
from framefetch.sources.urls import HttpUrl, encode_key, follow, refuse_dots

if TYPE_CHECKING:
    import urllib3

    from framefetch.budget import Budget
    from framefetch.sources.addresses import AddressPolicy
    from framefetch.sources.replies import HttpReply

MAX_HOPS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


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
            return reply_of(response, start, stop, budget, pinned=if_match is not None)
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
                raise as_ours(fault, budget) from fault
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
