"""Google Cloud Storage's XML API, as far as obstore uses it: reads, writes with a precondition, lists.

None of the emulators of PyPI and npm does preconditions and ETags on reads, so this is our own
`ranges` server with GCS's paths, headers and errors; signatures are not checked.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from tests.servers import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.ranges import Stored


PAGE = 3
"""Objects on one page of a listing."""


class Handler(ranges.Handler):
    """Answers one connection's requests."""

    body: bytes

    def do_PUT(self) -> None:  # noqa: N802 - the base class's name
        """Takes an object; all of it is read even where the answer is an error."""
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def answer(self, *, pinned: bool = False) -> None:
        """What GCS says."""
        path, _, query = self.path.partition("?")
        name, asked = unquote(path[1:]), parse_qs(query)
        if self.command == "PUT":
            if name in self.state.objects and self.headers.get("x-goog-if-generation-match") == "0":
                self.fail(412, "PreconditionFailed")
                return
            stored = self.state.put(name, self.body)
            stored.headers = {key.lower(): value for key, value in self.headers.items()}
            self.say(200, {"ETag": str(stored.etag), "x-goog-generation": "1"}, b"")
        elif asked.get("list-type") == ["2"]:
            after = asked.get("continuation-token") or asked.get("start-after") or [""]
            self._list(name + "/", asked.get("prefix", [""])[0], after[0])
        else:
            super().answer(pinned=pinned)

    def facts(self, found: Stored, start: int, stop: int, status: int = 206) -> dict[str, str]:
        """The headers of a good answer, those that the object was written with among them."""
        kept = ("content-type", "cache-control")
        put = {
            name: value
            for name, value in found.headers.items()
            if name in kept or name.startswith("x-goog-meta-")
        }
        facts = super().facts(found, start, stop, status)
        return {name: value for name, value in facts.items() if name.lower() not in put} | put

    def _list(self, bucket: str, prefix: str, after: str) -> None:
        names = [
            name
            for name in sorted(self.state.objects)
            if name.startswith(bucket + prefix) and name > bucket + after
        ]
        page = names[:PAGE]
        rows = [
            f"<Contents><Key>{escape(name.removeprefix(bucket))}</Key><ETag>{escape(str(stored.etag))}</ETag>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>{len(stored.content)}</Size></Contents>"
            for name in page
            for stored in (self.state.objects[name],)
        ]
        if page != names:
            token = escape(page[-1].removeprefix(bucket))
            rows.append(
                f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
            )
        body = f"<ListBucketResult>{''.join(rows)}</ListBucketResult>".encode()
        self.say(200, {"Content-Type": "application/xml"}, body)


def account(server: ranges.RangeServer) -> str:
    """What a service account's file says for this server: no token is asked for anywhere."""
    told = {"gcs_base_url": server.url, "disable_oauth": True, "client_email": "a"}
    return json.dumps(told | {"private_key": "", "private_key_id": ""})


@contextmanager
def running() -> Iterator[ranges.RangeServer]:
    """Starts it; objects are named ``bucket/key``."""
    with ranges.listening(Handler, lambda port: ranges.RangeServer(port, dialect="gs")) as server:
        yield server
