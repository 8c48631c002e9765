"""One picture of an upload, asked of the service as by a request: what comes of it, and what is written."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

from framefetch.errors import SourceError
from framefetch.http.call import Call
from framefetch.observe import Record
from framefetch.process import PARAMETER
from framefetch.sinks import NewObject

if TYPE_CHECKING:
    from framefetch.http.call import Answer
    from framefetch.rules import Output
    from framefetch.snapshot import Service
    from framefetch.sources.looking import Look

CACHE_CONTROL = "public, max-age=31536000, immutable"
"""Of what is written: under this key there will never be anything else."""


def ask(service: Service, key: str, process: str) -> tuple[Answer, Record]:
    """The answer to a GET of a picture, and what is known of that request."""
    record = Record(service.budget())
    return service.answer(Call("GET", "/" + quote(key), f"{PARAMETER}={quote(process)}"), record), record


def to_write(answer: Answer, etag: str, output: Output) -> NewObject:
    """The picture as an object."""
    facts = {
        "etag": quote(etag),
        "process": output.process,
        "time": answer.header("x-framefetch-time") or "",
    }
    return NewObject(answer.body, answer.header("content-type") or "", CACHE_CONTROL, facts)


def said(answer: Answer) -> dict[str, str]:
    """Code and message of an error."""
    error = ET.fromstring(answer.body)  # noqa: S314 - our own answer
    found = {
        name: error.findtext(tag) for name, tag in (("code", "Code"), ("ec", "EC"), ("message", "Message"))
    }
    return {"status": str(answer.status), **{name: text for name, text in found.items() if text}}


def etag_of(look: Look) -> str:
    """The ETag without its quotes.

    Raises:
        SourceError: there is none, or a weak one: two versions of a film could not be told apart.
    """
    etag = look.info.etag or ""
    if not etag or etag.startswith("W/"):
        raise SourceError("The store gives the film no strong ETag.")
    return etag.strip('"')
