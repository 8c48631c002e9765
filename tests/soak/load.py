"""Many clients at once on one server: each asks again and again, and holds every answer against the film."""

from __future__ import annotations

import http.client
import io
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image

from framefetch.server.sample import read_frame_number

if TYPE_CHECKING:
    from tests.films import Film
    from tests.serving import Server

STEP_MS = 40


@dataclass
class Load:
    """What so many clients saw.

    Attributes:
        statuses: how often each was answered.
        waits_s: of the pictures.
        wrong: answers that are not what they should be.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _known: dict[int, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def percentile_s(self, share: float) -> float:
        """So much of the waits is no longer than this."""
        waits = sorted(self.waits_s)
        return waits[min(len(waits) - 1, int(share * len(waits)))]

    def note(self, film: Film, at_ms: int, response: http.client.HTTPResponse, wait_s: float) -> None:
        """Takes an answer in; a picture is right when it carries the film's number for this time."""
        body = response.read()
        with self._lock:
            self.statuses[response.status] += 1
            if response.status == 200:
                self.waits_s.append(wait_s)
            known = self._known.get(at_ms)
        if response.status in (429, 503):
            if not response.getheader("Retry-After") or response.getheader("Cache-Control") != "no-store":
                self.wrong.append(f"{response.status} without Retry-After, or kept")
        elif response.status == 200 and body != known:
            number = read_frame_number(Image.open(io.BytesIO(body)))
            if number != film.exact(at_ms).number or known is not None:
                self.wrong.append(f"picture {number} at {at_ms} ms")
            with self._lock:
                self._known[at_ms] = body


def press(server: Server, film: Film, clients: int, seconds: float) -> Load:
    """Lets so many clients ask for so long, each on its own connection, at times of its own."""
    load = Load()
    until_s = time.monotonic() + seconds
    gate = threading.Barrier(clients)
    span_ms = len(film.pictures) * STEP_MS

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        gate.wait()
        turn = 0
        while time.monotonic() < until_s:
            at_ms = (number * 7 + turn * 13) * STEP_MS % span_ms
            turn += 1
            asked_s = time.monotonic()
            try:
                connection.request("GET", f"/{film.path.name}?x-oss-process=video/snapshot,t_{at_ms},w_320")
                load.note(film, at_ms, connection.getresponse(), time.monotonic() - asked_s)
            except (OSError, http.client.HTTPException) as fault:
                load.wrong.append(repr(fault))
                connection.close()
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return load
