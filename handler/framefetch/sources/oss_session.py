"""What oss2 sends its requests through: our own connections.

In: a request that oss2 has named and signed. Out: the answer, as oss2 reads it and as we do. Ends with the
budget, follows no redirect, retries nothing, uses no proxy or .netrc of this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from urllib3 import exceptions as faults

from framefetch.errors import SourceError
from framefetch.sources.replies import as_ours

if TYPE_CHECKING:
    from collections.abc import Mapping

    import urllib3

    from framefetch.budget import Budget
    from framefetch.sources.dial import Dialler

ERROR_BYTES = 4096
"""What is read of an error's body."""


class Session:
    """What oss2 sends one request through.

    Args:
        dialler: of the source.
        budget: of the request.
        most_bytes: of a body that oss2 reads itself.
    """

    def __init__(self, dialler: Dialler, budget: Budget, most_bytes: int = ERROR_BYTES) -> None:
        self._dialler = dialler
        self._budget = budget
        self._most_bytes = most_bytes
        self._response: urllib3.BaseHTTPResponse | None = None

    def answered(self) -> urllib3.BaseHTTPResponse:
        """What came back."""
        if self._response is None:
            message = "oss2 raised before it sent anything"
            raise SourceError(detail=message)
        return self._response

    def close(self) -> None:
        """Drops what came back."""
        if self._response is not None:
            self._response.close()

    def do_request(self, request: Any, timeout: object) -> _Response:  # noqa: ANN401, ARG002 - as oss2 calls it
        """Sends a request that oss2 has signed.

        Raises:
            The errors of `as_ours`.
        """
        parts = urlsplit(request.url)
        origin = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        query = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in request.params.items()
        )
        headers = {name: value for name, value in request.headers.items() if value is not None}
        try:
            self._response = self._dialler.request(
                origin,
                f"{parts.path}?{query}" if query else parts.path,
                headers,
                self._budget,
                method=request.method,
                body=request.data or None,
            )
        except (faults.HTTPError, OSError) as fault:
            raise as_ours(fault, self._budget) from fault
        return _Response(self._response, self._most_bytes)


@dataclass(slots=True)
class _Response:
    """An answer as oss2 reads it."""

    raw: urllib3.BaseHTTPResponse = field(repr=False)
    most_bytes: int

    @property
    def status(self) -> int:
        return self.raw.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.raw.headers

    @property
    def request_id(self) -> str:
        return self.raw.headers.get("x-oss-request-id", "")

    def read(self, amt: int | None = None) -> bytes:
        """A part of the body; oss2 reads those of errors, which are short, and of listings."""
        if amt is None:
            amt = (
                0 if self.status == 206 or self.raw.headers.get("Content-Length") == "0" else self.most_bytes
            )
        return beginning(self.raw, amt)


def beginning(response: urllib3.BaseHTTPResponse, most_bytes: int) -> bytes:
    """The beginning of a body, then no more of it: the connection is not used again."""
    try:
        return response.read(most_bytes, decode_content=False) if most_bytes else b""
    except (faults.HTTPError, OSError):
        return b""
    finally:
        if most_bytes:
            response.close()
