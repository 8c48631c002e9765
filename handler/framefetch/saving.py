"""Saving pictures by request: OSS's ``POST /KEY?x-oss-process`` with ``…|sys/saveas,o_…,b_…`` in its body.

Only for requests that are signed, and only to places that a setting allows. OSS's signatures do not cover
a body: whoever can use a signed POST can have another picture of that video made, and saved at another of
these places. A Content-MD5 is part of every signature, and is checked: with it, the body is the signer's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from framefetch.errors import (
    AccessDenied,
    FileAlreadyExists,
    InvalidArgument,
    InvalidDigest,
    InvalidRequest,
    NotImplementedHere,
)
from framefetch.http.answers import picture_answer
from framefetch.http.call import percent_decode
from framefetch.process import MALFORMED, PARAMETER, SheetRequest, parse, process_of
from framefetch.signing.keys import within
from framefetch.sinks import NewObject
from framefetch.sinks.beside import sink_of
from framefetch.sources.locate import open_source
from framefetch.texts import places_of
from framefetch.values import dataclass

if TYPE_CHECKING:
    from framefetch.access.grants import Access, Grant
    from framefetch.http.call import Answer, Call
    from framefetch.observe import Record
    from framefetch.settings import Settings
    from framefetch.sinks import Sink

MOST_BYTES = 8 << 10
"""Of a body: a process string, a key and a bucket's name, with room."""
_SAVE = "sys/saveas"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the body of a request asks for.

    Attributes:
        process: of the picture.
        bucket: to save it to; empty for the video's own.
        key: to save it under.
    """

    process: str
    bucket: str
    key: str

    @classmethod
    def of(cls, call: Call) -> Self:
        """Reads a POST request.

        Raises:
            NotImplementedHere: it is another of OSS's operations, or takes OSS's variables.
            InvalidRequest, InvalidDigest, InvalidArgument: as their names say.
        """
        if process_of(call) != "":
            raise NotImplementedHere(hint=f"Of POST framefetch serves /KEY?{PARAMETER} with {_SAVE} only.")
        if len(call.body) > MOST_BYTES:
            raise InvalidRequest(f"The request's body is longer than {MOST_BYTES} bytes.")
        given = call.header("content-md5")
        found = base64.b64encode(hashlib.md5(call.body, usedforsecurity=False).digest()).decode()
        if given is not None and not hmac.compare_digest(given.strip().encode(), found.encode()):
            raise InvalidDigest
        name, _, value = percent_decode(call.body.decode("utf-8", "surrogateescape").strip()).partition("=")
        process, bar, save = value.partition("|")
        action, *parts = save.split(",")
        if name != PARAMETER or not bar or action != _SAVE:
            raise _bad(value, f"The body has to be {PARAMETER}=PROCESS|{_SAVE},o_KEY,b_BUCKET.")
        texts: dict[str, str] = {}
        for part in parts:
            letter, underline, text = part.partition("_")
            if letter not in ("o", "b") or not underline:
                raise _bad(value, f"The part {part!r} of {_SAVE} cannot be read: it takes o_ and b_.")
            texts[letter] = _decoded(text, value)
        if not texts.get("o"):
            raise _bad(value, f"{_SAVE} needs o_, the key in URL-safe Base64.")
        if "{" in texts["o"]:
            raise NotImplementedHere(hint="framefetch replaces no {variables} in the key of sys/saveas.")
        return cls(process, texts.get("b", ""), texts["o"])


class Saving:
    """Where pictures may be saved to, and how; shared by all requests.

    Args:
        settings: all of them.
        access: of the same deployment.

    Raises:
        BadSetting: a place is none of a bucket that is served, or nothing can be written there.
    """

    def __init__(self, settings: Settings, access: Access) -> None:
        buckets = {bucket.name: bucket for bucket in access.buckets.buckets if bucket.name}
        self._places = places_of(settings, buckets)
        self._max_side = settings.max_side
        self._sinks: dict[str, Sink] = {
            name: sink_of(open_source(buckets[name].source, settings)) for name in dict(self._places)
        }

    def admit(self, call: Call, access: Access, now: float) -> tuple[Wanted, Grant]:
        """Lets a POST request in, or does not.

        Raises:
            NotImplementedHere: it asks for something else.
            AccessDenied: it is not signed, or may not save there.
            InvalidRequest: it is for a track, or would replace its own video.
            FramefetchError: as of `Wanted.of` and `Access.admit`.
        """
        wanted = Wanted.of(call)
        grant = access.admit(call, now, wanted.process)
        if grant.signed is None:
            raise AccessDenied("Anonymous user has no right to save objects.")
        wanted = replace(wanted, bucket=wanted.bucket or grant.bucket.name)
        allowed = any(
            bucket == wanted.bucket and within(wanted.key, prefix) for bucket, prefix in self._places
        )
        if not (allowed and grant.signed.pair.opens(wanted.key)):
            raise AccessDenied("You have no right to save an object there.")
        if (wanted.bucket, wanted.key) == (grant.bucket.name, grant.key):
            raise InvalidRequest("A picture cannot be saved over its own video.")
        asked = parse(grant.process, max_side=self._max_side)
        if isinstance(asked, SheetRequest) and asked.is_track:
            raise InvalidRequest(
                "A track cannot be saved: its links are relative to the video's own address.",
                hint="GET it there, and save the sheet (f_jpg).",
            )
        # What a header of an answer says has no meaning for an object.
        return wanted, replace(grant, overrides=())

    def save(self, call: Call, wanted: Wanted, picture: Answer, record: Record) -> Answer:
        """Writes the picture, and answers as OSS does.

        Args:
            call: the POST request.
            wanted: by it.
            picture: the answer to `Call.as_get`.
            record: of the request; knows the video's ETag.

        Raises:
            FileAlreadyExists: there is an object, which the request forbids to replace.
            FramefetchError: the store does not take it.
        """
        etag = str(record.facts.get("etag") or "").strip('"')
        facts = {"etag": quote(etag), "time": picture.header("x-framefetch-time") or ""}
        new = NewObject(picture.body, picture.header("content-type") or "", facts=facts)
        keep = (call.header("x-oss-forbid-overwrite") or "").strip().lower() == "true"
        if not self._sinks[wanted.bucket].put(wanted.key, new, record.budget, replace=not keep):
            raise FileAlreadyExists(extras=(("Key", wanted.key),))
        record.facts["saved"] = f"{wanted.bucket}/{wanted.key}"
        told = {
            "bucket": wanted.bucket,
            "fileSize": len(picture.body),
            "object": wanted.key,
            "status": "OK",
        }
        headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
        return picture_answer(200, headers, json.dumps(told).encode(), with_length=True)


def _decoded(text: str, value: str) -> str:
    """URL-safe Base64 of UTF-8, with padding or without."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return raw.decode()
    except (ValueError, binascii.Error):
        raise _bad(value, f"{text!r} is not URL-safe Base64 of UTF-8.") from None


def _bad(value: str, message: str) -> InvalidArgument:
    extras = (("ArgumentName", PARAMETER), ("ArgumentValue", value))
    return InvalidArgument(message, ec=MALFORMED, extras=extras)
