"""A server that behaves like OSS where a reader can tell the difference, and remembers what it was asked.

It checks signatures V4 and V1 of headers by its own few lines, written after OSS's documentation and not
with the program's; obeys Range as OSS does (a range that it does not like is answered 200 with the whole
object, unless ``x-oss-range-behavior: standard`` asks for 416); keeps versions; takes objects, also with
``x-oss-forbid-overwrite``; lists them (version 2, in pages); and answers XML errors with EC. Objects,
faults and manners are those of `ranges.RangeServer`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import responses
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from tests.servers import ranges
from tests.servers.range_header import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.ranges import Stored

ACCESS_KEY_ID, SECRET, TOKEN = "LTAI5tServerSideKey0000", "ServerSideSecret000000000000000", "CAIStoken+/=="
REGION = "cn-hangzhou"
CODES = {403: "0003-00000001", 404: "0026-00000001"}


@dataclass(slots=True)
class OssLikeServer(ranges.RangeServer):
    """The server's state.

    Attributes:
        anonymous: whether unsigned requests are let in, as to a public bucket.
        old: earlier versions of objects, by name and version id.
        archived: names of objects that have to be restored first.
        page: how many keys one page of a listing has at most.
    """

    anonymous: bool = False
    old: dict[tuple[str, str], Stored] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    page: int = 1000

    @property
    def environment(self) -> dict[str, str]:
        """What Function Compute would give a function that may read here."""
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
            "ALIBABA_CLOUD_SECURITY_TOKEN": TOKEN,
        }

    def put_version(self, name: str, content: bytes) -> str:
        """Stores a new version, and tells its id."""
        stored = self.put(name, content)
        version = f"CAEQ{self.versions:04}"
        self.old[name, version] = stored
        return version


class Handler(ranges.Handler):
    """Answers one connection's requests."""

    state: OssLikeServer
    body: bytes

    def answer(self, *, pinned: bool = True) -> None:
        """What OSS says."""
        refusal = self._refusal()
        if refusal is not None:
            self.fail(403, refusal)
            return
        if self.command == "PUT":
            self._write()
            return
        if self._query().get("list-type") == "2":
            self._list()
            return
        wanted = self.headers.get("Range")
        found = self.find()
        if found is None:
            return
        if wanted is not None and self.headers.get("x-oss-range-behavior") != "standard":
            its = cut(wanted, len(found.content))
            last = wanted.removeprefix("bytes=").partition("-")[2]
            if its is None or (last and int(last) >= len(found.content)):
                self.say(200, self.facts(found, 0, 0, 200), found.content[:])
                return
        super().answer(pinned=pinned)

    def do_PUT(self) -> None:  # noqa: N802 - the base class's name
        """Takes an object; all of it is read even where the answer is an error."""
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _write(self) -> None:
        name, body = self._name(), self.body
        if name in self.state.objects and self.headers.get("x-oss-forbid-overwrite") == "true":
            self.fail(409, "FileAlreadyExists")
            return
        stored = self.state.put(name, body)
        stored.headers = {key.lower(): value for key, value in self.headers.items()}
        self.say(200, {"ETag": str(stored.etag), "x-oss-request-id": "5C3D9175B6FC201293AD4890"}, b"")

    def _list(self) -> None:
        bucket, query = self._name(), self._query()
        start, after = bucket + query.get("prefix", ""), bucket + query.get("continuation-token", "")
        names = [name for name in sorted(self.state.objects) if name.startswith(start) and name > after]
        page = names[: min(self.state.page, int(query["max-keys"]))]
        rows = [f"<IsTruncated>{str(len(page) < len(names)).lower()}</IsTruncated>"]
        if len(page) < len(names):
            rows.append(f"<NextContinuationToken>{page[-1].removeprefix(bucket)}</NextContinuationToken>")
        if query.get("encoding-type") == "url":
            rows.append("<EncodingType>url</EncodingType>")
        for name in page:
            stored = self.state.objects[name]
            rows.append(
                f"<Contents><Key>{quote(name.removeprefix(bucket))}</Key><ETag>{stored.etag}</ETag>"
                f"<LastModified>2026-01-01T00:00:00.000Z</LastModified><Type>Normal</Type>"
                f"<Size>{len(stored.content)}</Size><StorageClass>Standard</StorageClass></Contents>"
            )
        body = f"<ListBucketResult>{''.join(rows)}</ListBucketResult>".encode()
        self.say(200, {"Content-Type": "application/xml"}, body)

    def find(self) -> Stored | None:
        """The object, or the version of it, that was asked for."""
        name, query = self._name(), self._query()
        if name in self.state.archived:
            self.fail(403, "InvalidObjectState")
            return None
        if "versionId" in query:
            found = self.state.old.get((name, query["versionId"]))
            if found is None:
                self.fail(404, "NoSuchVersion")
            return found
        return super().find()

    def facts(self, found: Stored, start: int, stop: int, status: int = 206) -> dict[str, str]:
        """The headers of a good answer."""
        more = {"x-oss-request-id": "5C3D9175B6FC201293AD4890", "x-oss-hash-crc64ecma": "1"}
        for (_, version), stored in self.state.old.items():
            if stored is found:
                more["x-oss-version-id"] = version
        put = found.headers
        kept = ("content-type", "cache-control")
        more |= {name: put[name] for name in put if name in kept or name.startswith("x-oss-meta-")}
        facts = super().facts(found, start, stop, status)
        return {name: value for name, value in facts.items() if name.lower() not in more} | more

    def fail(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        """An error as OSS writes it."""
        ec = CODES.get(status, "")
        body = (
            f"<?xml version='1.0' encoding='UTF-8'?>\n<Error>\n  <Code>{code}</Code>\n"
            f"  <Message>{responses.get(status, '')}</Message>\n"
            f"  <RequestId>5C3D9175B6FC201293AD4890</RequestId>\n"
            f"  <HostId>{self.headers.get('Host')}</HostId>\n  <EC>{ec}</EC>\n</Error>\n"
        ).encode()
        more = {"Content-Type": "application/xml", "x-oss-request-id": "5C3D9175B6FC201293AD4890"}
        self.say(status, more | (headers or {}), body)

    def _name(self) -> str:
        return unquote(self.path.partition("?")[0][1:])

    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(self.path.partition("?")[2], keep_blank_values=True))

    def _refusal(self) -> str | None:
        """The code with which a request is turned away, None where it may come in."""
        given = self.headers.get("Authorization")
        if given is None:
            return None if self.state.anonymous else "AccessDenied"
        if self.headers.get("x-oss-security-token") != TOKEN:
            return "InvalidSecurityToken"
        right = self._v4(given) if given.startswith("OSS4-HMAC-SHA256 ") else self._v1()
        return None if hmac.compare_digest(given, right) else "SignatureDoesNotMatch"

    def _v4(self, given: str) -> str:
        date = self.headers["x-oss-date"]
        scope = f"{date[:8]}/{REGION}/oss/aliyun_v4_request"
        query = "&".join(
            sorted(
                quote(name, safe="-_.~") + (f"={quote(value, safe='-_.~')}" if value else "")
                for name, value in self._query().items()
            )
        )
        signed = "".join(
            f"{name.lower()}:{value.strip()}\n"
            for name, value in sorted((n.lower(), v) for n, v in self.headers.items())
            if name.startswith("x-oss-") or name in ("content-type", "content-md5")
        )
        path = quote("/" + self._name(), safe="/-_.~")
        canonical = f"{self.command}\n{path}\n{query}\n{signed}\n\nUNSIGNED-PAYLOAD"
        text = f"OSS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = b"aliyun_v4" + SECRET.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"{ACCESS_KEY_ID}/{scope}"
        assert "AdditionalHeaders" not in given
        return f"OSS4-HMAC-SHA256 Credential={credential}, Signature={signature}"

    def _v1(self) -> str:
        signed = "".join(
            f"{name}:{value.strip()}\n"
            for name, value in sorted((n.lower(), v) for n, v in self.headers.items())
            if name.startswith("x-oss-")
        )
        query = self._query()
        resource = "/" + self._name() + (f"?versionId={query['versionId']}" if "versionId" in query else "")
        content_type, date = self.headers.get("content-type", ""), self.headers["date"]
        text = f"{self.command}\n\n{content_type}\n{date}\n{signed}{resource}"
        signature = base64.b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha1")).decode()
        return f"OSS {ACCESS_KEY_ID}:{signature}"


@contextmanager
def running() -> Iterator[OssLikeServer]:
    """Starts the server, and ends it."""
    with ranges.listening(Handler, lambda port: OssLikeServer(port, dialect="oss")) as state:
        yield state
