"""A CDN between the viewer and us, which signs its own requests: what the viewer sent is put back. Pure.

CloudFront's origin access control writes AWS's signature into ``Authorization`` and its own host name
into ``Host``. A CloudFront Function of ours tells the viewer's host in ``x-framefetch-host``. Whoever
reaches us past the CDN could write that header too, so it counts only where a setting says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framefetch.http.call import Call

VIEWER_HOST = "x-framefetch-host"
_OF_THE_CDN = "AWS4-HMAC-SHA256"


def as_the_viewer_sent(call: Call) -> Call:
    """The call with the viewer's host, and without the CDN's signature."""
    host = call.header(VIEWER_HOST)
    kept = tuple(
        (name, value)
        for name, value in call.headers
        if not (name == "authorization" and value.startswith(_OF_THE_CDN))
        and not (name == "host" and host is not None)
    )
    return replace(call, headers=kept if host is None else (*kept, ("host", host)))
