"""The health page: that the process answers and, to those who may know, what it is made of."""

from __future__ import annotations

import json
import platform

from framefetch.containers.sniff import RULES
from framefetch.ffmpeg.opening import built_in_decoders
from framefetch.http.answers import ALWAYS
from framefetch.http.call import Answer
from framefetch.process import Format
from framefetch.versions import machine, versions


def health_answer(*, detailed: bool) -> Answer:
    """What ``/healthz`` answers.

    Args:
        detailed: versions and what is built in; for a listener that only this machine reaches.
    """
    body = b"ok\n"
    content_type = "text/plain"
    if detailed:
        page = {
            "status": "ok",
            "versions": versions() | {"Python": platform.python_version()},
            "machine": machine(),
            "containers": [name for name, _ in RULES],
            "decoders": built_in_decoders(),
            "formats": [str(form) for form in Format if form is not Format.AUTO],
        }
        body = json.dumps(page, indent=2).encode() + b"\n"
        content_type = "application/json"
    headers = (
        ("Content-Type", content_type),
        ("Cache-Control", "no-store"),
        ("Content-Length", str(len(body))),
    )
    return Answer(200, (*ALWAYS, *headers), body)
