"""What a request did, in one place: one structured log record, one Server-Timing header.

A `Record` is made when a request arrives, is filled on its way, and is written once when it leaves.
It never holds credentials, tokens or paths of this machine.
"""

from __future__ import annotations

import json
import logging
import resource
import secrets
import sys
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from framefetch.trace import Trace
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.budget import Budget
    from framefetch.errors import FramefetchError
    from framefetch.http.call import Answer, Call

LOG = logging.getLogger("framefetch")
STAGES = ("open", "index", "read", "decode", "draw", "encode")


def to_stdout() -> None:
    """Records go to standard output as they are, one a line, whatever the platform's own log looks like."""
    # The runtimes of both platforms bring a handler that writes a prefix, and every record a second time.
    LOG.handlers = [logging.StreamHandler(sys.stdout)]
    LOG.propagate = False
    LOG.setLevel(logging.INFO)


def note(row: dict[str, object], *, is_error: bool) -> None:
    """Writes a record of what is no request."""
    LOG.log(logging.ERROR if is_error else logging.INFO, json.dumps(row))


@dataclass(slots=True)
class Record:
    """One request, from its arrival to its answer.

    Attributes:
        request_id: 24 upper-case hex digits, as OSS's.
        stages_ms: for how long each stage ran. Reading is counted apart from the stage that waited
            for it, so that the stages add up.
        facts: what else the log is to tell: the request's canonical form, the time taken, and so on.
        code: of the error that was answered, ``OK`` without one; known once the record is written.
        why: what is behind that error, for whoever runs this, and not for callers.
    """

    budget: Budget
    request_id: str = field(default_factory=lambda: secrets.token_hex(12).upper())
    trace: Trace = field(default_factory=Trace)
    stages_ms: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    code: str = "OK"
    why: str = ""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage, without the reads that happen inside it."""
        started, read = self.budget.elapsed_s, self._read_ms()
        try:
            yield
        finally:
            spent = (self.budget.elapsed_s - started) * 1000
            reading = self._read_ms() - read
            if name == "open":
                reading = 0.0
            self._add(name, spent - reading)
            self._add("read", reading)

    def _read_ms(self) -> float:
        return sum(read.ms for read in self.trace.reads)

    def _add(self, name: str, spent_ms: float) -> None:
        if spent_ms > 0:
            self.stages_ms[name] = self.stages_ms.get(name, 0.0) + spent_ms

    def server_timing(self) -> str:
        """The stages, as a browser's developer tools show them."""
        return ", ".join(
            f"{name};dur={self.stages_ms[name]:.1f}" for name in STAGES if name in self.stages_ms
        )

    def write(self, call: Call, answer: Answer, error: FramefetchError | None) -> None:
        """Writes the one log record of this request."""
        self.code, self.why = (error.code, error.detail) if error else ("OK", "")
        row: dict[str, object] = {
            "request_id": self.request_id,
            "method": call.method,
            "path": call.path,
            "status": answer.status,
            "code": self.code,
            "ms": round(self.budget.elapsed_s * 1000, 1),
            "stages_ms": {name: round(spent, 1) for name, spent in self.stages_ms.items()},
            "bytes": self.trace.received,
            "requests": self.trace.requests,
            "retries": self.budget.retries,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
            **self.facts,
        }
        if error:
            row["message"] = str(error)
            row["why"] = error.detail
        level = logging.ERROR if answer.status >= 500 else logging.INFO
        LOG.log(level, json.dumps(row, default=str))
