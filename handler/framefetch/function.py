"""What a function's process has, on whichever platform: one service, made at its start, one event at a time.

Events come in, replies go out; the platform's deadline becomes the request's. Here as on every platform
nothing is public unless a setting says so: ``access=auto`` means signed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from framefetch.errors import FramefetchError, ResponseTooLarge
from framefetch.events.fronted import as_the_viewer_sent
from framefetch.http.call import Call
from framefetch.limits import limit_process
from framefetch.observe import Record
from framefetch.settings import Settings
from framefetch.snapshot import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framefetch.events.shapes import HttpShape

_MARGIN_S = 0.4
"""Our own answer has to leave before the platform ends the function; a decoder is not interrupted."""
_HEADERS_BYTES = 16 << 10
"""Room in the platform's limit for everything that is not the body."""


class UnknownEvent(Exception):  # noqa: N818 - the platform reports it by this name
    """The function was invoked with something that is no HTTP request; the message says what it takes."""


class Function:
    """Answers the HTTP events of one process.

    Args:
        settings: of the process; those of its environment by default.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or Settings.from_environment()
        limit_process(settings)
        if settings.access == "auto":
            settings = replace(settings, access="signed")
        self.service = Service(settings)
        self._is_cold = True

    def answer(
        self, shape: HttpShape, event: Mapping[str, Any], remaining_s: float
    ) -> tuple[dict[str, Any], Record]:
        """Answers one event.

        Args:
            shape: of the event.
            event: as the platform gave it.
            remaining_s: seconds until the platform ends the function.

        Returns:
            The reply in the shape's form, and what is known of the request.
        """
        record = Record(self.service.budget(max(0.1, remaining_s - _MARGIN_S)))
        record.facts |= {"door": shape.name, "cold": self._is_cold}
        self._is_cold = False
        try:
            call = shape.call(event)
        except FramefetchError as error:
            return shape.reply(self.service.refuse(Call("GET", "/"), error, record)), record
        if self.service.settings.trust_host_header:
            call = as_the_viewer_sent(call)
        # Base64 makes four bytes of three.
        call = replace(call, max_answer_bytes=(shape.max_reply_bytes - _HEADERS_BYTES) // 4 * 3)
        reply = shape.reply(self.service.answer(call, record))
        if len(json.dumps(reply)) > shape.max_reply_bytes:
            reply = shape.reply(self.service.refuse(call, ResponseTooLarge(), record))
        return reply, record
