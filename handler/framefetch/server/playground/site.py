"""What the playground's addresses answer: ``/`` the page, ``/-/…`` what it needs beside pictures, as JSON."""

from __future__ import annotations

import ipaddress
import json
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from framefetch.admission import COMPANY
from framefetch.errors import AccessDenied, FramefetchError, InvalidRequest, NoSuchBucket
from framefetch.http.answers import ALWAYS, error_answer
from framefetch.http.call import Answer
from framefetch.links import snapshot_url
from framefetch.plan import keyframe_times_s
from framefetch.process import PARAMETER, Format
from framefetch.server.playground.page import page_answer
from framefetch.signing.presign import without_port
from framefetch.snapshot import once_more
from framefetch.sources.looking import LookableSource

if TYPE_CHECKING:
    from framefetch.access.buckets import Bucket
    from framefetch.http.call import Call
    from framefetch.observe import Record
    from framefetch.snapshot import Service

_MOST_FILMS = 1000
_MOST_KEYS = 2000
"""Marks on the slider; more could not be told apart."""
_MOST_RANGES = 60
FILM_ENDINGS = tuple(
    ".mp4 .m4v .mov .qt .3gp .f4v .mkv .webm .ts .m2ts .mts .mpg .mpeg .vob .flv .avi .ogv .ogg .wmv .asf "
    ".ivf .dv .h264 .264 .h265 .265 .hevc .obu .cmfv .m4s".split()
)
"""Of the names of files that may be films, in lower case."""

_OF_PROXIES = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
"""Headers that a proxy adds: whoever is before it is not this machine, whatever host it names to us."""


class Playground:
    """Answers the playground's own addresses.

    Args:
        service: whose films they are.
        local: whether only this machine can reach the listener.
        is_open: whether the page is there at all.
    """

    def __init__(self, service: Service, *, local: bool, is_open: bool) -> None:
        self._service = service
        self._local = local
        self._is_open = is_open
        self._buckets = {one.name: one for one in service.access.buckets.buckets}

    def takes(self, call: Call) -> bool:
        """Whether a request is for the playground, and not for a picture."""
        is_its = call.path == "/" or (self._local and call.path in ("/-/films", "/-/film", "/-/url"))
        return self._is_open and is_its and call.method in ("GET", "HEAD") and PARAMETER not in call.query

    def answer(self, call: Call, record: Record) -> Answer:
        """Answers a request that `takes` is for."""
        if call.path == "/":
            names = list(self._buckets) if self._local else []
            return page_answer(local=self._local, buckets=names, formats=[str(one) for one in Format])
        try:
            _refuse_other_pages(call)
            asked = dict(call.parameters)
            bucket = self._buckets.get(asked.get("bucket", ""))
            if bucket is None:
                raise NoSuchBucket
            found = self._found(call, bucket, asked, record)
        except FramefetchError as fault:
            return error_answer(fault, call, record.request_id)
        body = json.dumps(found).encode()
        headers = (
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        )
        return Answer(200, (*ALWAYS, *headers), body)

    def _found(self, call: Call, bucket: Bucket, asked: dict[str, str], record: Record) -> dict[str, object]:
        if call.path == "/-/films":
            return self._films(bucket)
        key = asked.get("key", "")
        if call.path == "/-/film":
            return once_more(partial(self._film, bucket, key, record))
        return {"url": self._url(bucket, key, asked.get("process", ""))}

    def _films(self, bucket: Bucket) -> dict[str, object]:
        """The first films of a bucket: what has the name of one, or no ending at all."""
        source = self._service.source_of(bucket)
        if not isinstance(source, LookableSource):
            raise InvalidRequest("A web server does not list its files.", hint="Type a key.")
        films = (
            {"key": one.key, "size": one.size}
            for one in source.listing("", self._service.budget)
            if one.key.lower().endswith(FILM_ENDINGS) or "." not in one.key.rpartition("/")[2]
        )
        found = list(islice(films, _MOST_FILMS + 1))
        return {"films": found[:_MOST_FILMS], "more": len(found) > _MOST_FILMS}

    def _film(self, bucket: Bucket, key: str, record: Record) -> dict[str, object]:
        """Length and keyframes, as far as an index tells them, and what was read to know them.

        A picture that is asked for afterwards finds the index known, so what it reads is not all.
        """
        company = COMPANY.joined()
        with company as mine, mine.judging(), self._service.opened(bucket, key, None, record) as opened:
            index = self._service.studio.index(opened, record)
            length_ms = float(self._service.studio.length_ms(opened, record))
            times_s = keyframe_times_s(index, _MOST_KEYS) if index is not None else []
            keyframes_ms = [round(float(one) * 1000, 3) for one in times_s]
            told = {"size": opened.info.size, "duration_ms": length_ms, "keyframes_ms": keyframes_ms}
            reads = record.trace.reads[:_MOST_RANGES]
            ranges = [f"{one.purpose} {one.start}-{one.start + one.received}" for one in reads]
            read = {"bytes": record.trace.received, "requests": record.trace.requests, "ranges": ranges}
            # That the film is still the same is not part of what it took to know it.
            opened.confirm()
        return {**told, "has_index": index is not None, "read": read}

    def _url(self, bucket: Bucket, key: str, process: str) -> str:
        """The path and query of a picture, signed where requests have to be."""
        access = self._service.access
        if not access.signed.get(bucket.name):
            path = quote(key if access.whole_path else f"{bucket.name}/{key}", errors="surrogateescape")
            return f"/{path}?{PARAMETER}={quote(process, safe='/,')}"
        pair = next(
            (one for one in access.keyring.pairs if not one.security_token and key.startswith(one.prefix)),
            None,
        )
        if pair is None:
            raise AccessDenied("No key pair of FRAMEFETCH_KEYS may sign for this key.")
        url = snapshot_url(
            bucket.name, key, process, pair, endpoint="http://127.0.0.1", region=bucket.region or "local"
        )
        return url.removeprefix("http://127.0.0.1")


def _refuse_other_pages(call: Call) -> None:
    """Lets only pages of this machine ask, by the host that is named and by what browsers and proxies tell.

    Raises:
        AccessDenied: it may be a page of somebody else's.
    """
    host = without_port(call.header("host") or "").strip("[]")
    try:
        is_ours = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_ours = False
    is_forwarded = any(name in _OF_PROXIES for name, _ in call.headers)
    if not is_ours or is_forwarded or call.header("sec-fetch-site") not in (None, "same-origin", "none"):
        raise AccessDenied("Only pages of this machine may ask that.", hint="Open the page on 127.0.0.1.")
