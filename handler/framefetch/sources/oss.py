"""Films in Alibaba Cloud OSS, through oss2.

In: keys below one bucket's prefix. Out: ranges of exactly these objects, or of one of their versions.
oss2 names, signs and reads errors; the request itself goes through our own connections (`oss_session.py`).
Its messages, which may hold URLs, go no further.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import oss2
from oss2 import exceptions as oss2_errors

from framefetch.errors import InvalidObjectName, NoSuchKey, SourceError
from framefetch.sources import ObjectInfo
from framefetch.sources.dial import Dialler
from framefetch.sources.looking import MARK, Listed, Look
from framefetch.sources.oss_session import ERROR_BYTES, Session, beginning
from framefetch.sources.refusals import refusal
from framefetch.sources.replies import HEADERS, HttpReply, reply_of, retry_after_s
from framefetch.sources.retries import patiently
from framefetch.sources.urls import refuse_dots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import urllib3

    from framefetch.budget import Budget
    from framefetch.sources.addresses import AddressPolicy

# It logs whole requests, with what signs them, and the store's answers.
logging.getLogger("oss2").setLevel(logging.CRITICAL)

_PAGE_BYTES = 8 << 20
"""What is read of a listing: a thousand keys of 1023 bytes, each as percent-encoded, and more."""


class _AlreadyThere(Exception):  # noqa: N818 - a signal within this module
    """The store has an object of this key, and was told not to replace it."""


class OssSource:
    """The objects below one bucket's prefix.

    Args:
        bucket: its name.
        prefix: put before every key, with a ``/``; empty for none.
        endpoint: with its scheme.
        region: for signatures V4, without ``oss-``.
        auth: oss2's.
        policy: which addresses may be connected to.
        cname: the endpoint is bound to the bucket.
    """

    kind = "oss"
    suffix_ranges = True

    def __init__(
        self,
        bucket: str,
        prefix: str,
        *,
        endpoint: str,
        region: str,
        auth: Any,  # noqa: ANN401 - oss2 has no types
        policy: AddressPolicy,
        cname: bool = False,
    ) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.endpoint = endpoint
        self.region = region
        self.auth = auth
        self.cname = cname
        self.dialler = Dialler(policy)

    def open(self, key: str) -> OssObject:
        """The object of this key; sends nothing yet."""
        return self._open(key, None)

    def open_version(self, key: str, version: str) -> OssObject:
        """One version of it."""
        return self._open(key, version)

    def _open(self, key: str, version: str | None) -> OssObject:
        try:
            name = key.encode()
            refuse_dots(name)
        except ValueError as fault:
            hint = "Names are UTF-8." if isinstance(fault, UnicodeError) else str(fault)
            raise InvalidObjectName(hint=hint) from None
        if not key or key.startswith("/") or "\0" in key:
            raise InvalidObjectName
        return OssObject(self, f"{self.prefix}/{key}" if self.prefix else key, version)

    def look(self, key: str, budget: Budget) -> Look:
        """See `LookableSource.look`."""
        stored = self.open(key)

        def ask() -> Look:
            head = stored.ask(budget, lambda client: client.head_object(stored.path)).headers
            return Look(
                ObjectInfo(int(head.get("Content-Length") or 0), head.get("ETag") or None),
                f"x-oss-meta-{MARK}" in head,
            )

        return patiently(ask, budget)

    def listing(self, prefix: str, budget: Callable[[], Budget]) -> Iterator[Listed]:
        """See `LookableSource.listing`."""
        start = f"{self.prefix}/" if self.prefix else ""
        bucket, token, more = OssObject(self, "", None), "", True
        while more:
            page_budget = budget()

            def ask(token: str = token, page_budget: Budget = page_budget) -> Any:  # noqa: ANN401 - oss2 has no types
                return bucket.ask(
                    page_budget,
                    lambda client: client.list_objects_v2(
                        f"{start}{prefix}", continuation_token=token, max_keys=1000
                    ),
                    most_bytes=_PAGE_BYTES,
                )

            page = patiently(ask, page_budget)
            for found in page.object_list:
                yield Listed(found.key.removeprefix(start), found.size, found.etag)
            token, more = page.next_continuation_token, page.is_truncated

    def client(self, session: Session) -> Any:  # noqa: ANN401 - oss2 has no types
        """oss2's bucket for one request."""
        return oss2.Bucket(
            self.auth,
            self.endpoint,
            self.bucket,
            is_cname=self.cname,
            session=session,
            enable_crc=False,
            region=self.region,
            # By default it would refuse keys that V1 can name perfectly well.
            is_verify_object_strict=False,
        )


@dataclass(slots=True)
class OssObject:
    """One object, or one version of it, while one request reads it."""

    source: OssSource
    path: str
    version: str | None

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> HttpReply:
        """See `StoredObject.get`."""
        headers = dict(HEADERS)
        if if_match is not None:
            headers["If-Match"] = if_match
        last = None if stop is None else stop - 1
        byte_range = (None, -start) if start < 0 else (start, last)
        parameters = {} if self.version is None else {"versionId": self.version}
        session = Session(self.source.dialler, budget)
        try:
            self.source.client(session).get_object(
                self.path, byte_range=byte_range, headers=headers, params=parameters
            )
            return self._reply(session.answered(), start, stop, budget)
        except oss2_errors.OssError as fault:
            if fault.status == 416 and start <= 0 and if_match is None:
                # Only an empty object has no first byte.
                return HttpReply(ObjectInfo(size=0), 0, 0, session.answered(), budget)
            if fault.status == 400 and self.version is not None:
                # What cannot be a version's id is no version.
                raise NoSuchKey(detail=f"OSS 400 {fault.code}") from fault
            raise _refused(fault.code, fault.status, fault.headers) from fault
        except (ValueError, TypeError, LookupError, AttributeError, OSError) as fault:
            # oss2 takes headers apart that it does not expect to be wrong.
            session.close()
            raise SourceError(detail=f"oss2: {type(fault).__name__}") from fault
        except BaseException:
            # Not drained: a whole object may be coming.
            session.close()
            raise

    def put(self, body: bytes, headers: dict[str, str], budget: Budget) -> bool:
        """Writes the object, once.

        Returns:
            Whether it was written; False: there is one, and the headers forbid to replace it.

        Raises:
            Transient: trying again may help.
            FramefetchError: it was not written.
        """
        try:
            self.ask(budget, lambda client: client.put_object(self.path, body, headers=headers))
        except _AlreadyThere:
            return False
        return True

    def ask(self, budget: Budget, send: Callable[[Any], Any], *, most_bytes: int = ERROR_BYTES) -> Any:  # noqa: ANN401
        """One request that is not for a range.

        Args:
            budget: of the request.
            send: calls a method of oss2's bucket.
            most_bytes: of the answer's body.

        Raises:
            Transient: trying again may help.
            FramefetchError: what the store says otherwise.
        """
        session = Session(self.source.dialler, budget, most_bytes)
        try:
            return send(self.source.client(session))
        except oss2_errors.OssError as fault:
            if fault.code == "FileAlreadyExists":
                raise _AlreadyThere from fault
            raise _refused(fault.code, fault.status, fault.headers) from fault
        except (ValueError, TypeError, LookupError, AttributeError, OSError) as fault:
            raise SourceError(detail=f"oss2: {type(fault).__name__}") from fault
        finally:
            session.close()

    def close(self) -> None:
        """Nothing is held between two ranges but the pool's connections."""

    def _reply(
        self, response: urllib3.BaseHTTPResponse, start: int, stop: int | None, budget: Budget
    ) -> HttpReply:
        is_empty = response.headers.get("Content-Length") == "0" and start <= 0
        if response.status != 206 and not is_empty:
            raise _whole(response)
        reply = reply_of(response, start, stop, budget, pinned=False)
        if reply.info.version_id is None and self.version is not None:
            reply.info = replace(reply.info, version_id=self.version)
        return reply


def _whole(response: urllib3.BaseHTTPResponse) -> Exception:
    """What a 200 for a range means: an error with the wrong status, or a store without ranges."""
    if "xml" in response.headers.get("Content-Type", ""):
        found = re.search(rb"<Code>(\w{1,64})</Code>", beginning(response, ERROR_BYTES))
        if found is not None:
            return _refused(found[1].decode(), response.status, response.headers)
    return SourceError(
        hint="The server does not answer ranges, without which videos cannot be read.",
        detail=f"{response.status} for a range, Content-Length {response.headers.get('Content-Length')}",
    )


def _refused(code: str, status: int, headers: Mapping[str, str]) -> Exception:
    """What OSS's refusal means to us; of its answer only the code and the request's id go into the log."""
    request_id = headers.get("x-oss-request-id", "")
    detail = " ".join(word for word in (f"OSS {status}", code, request_id[:40]) if word)
    return refusal(code, status, detail, retry_after_s(headers))
