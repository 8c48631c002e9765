"""Runs the ways of a case in turn, round after round, and notes what each run cost."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Any

from tests.bench.likeness import likeness
from tests.bench.ways import CALLS, FFMPEG_START, Ask, absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
_LONGEST_S = 120
_TIME_TOLERANCE_MS = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """One picture of one film, got in several ways."""

    name: str
    film: str
    at_ms: int
    ways: tuple[str, ...]
    latencies_ms: tuple[int, ...] = (15,)
    runs: int = 9
    fast: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What one run cost. `growth_mb` is a whole process's memory where the way is a process."""

    wall_ms: float
    cpu_ms: float
    growth_mb: float
    bytes: int
    requests: int
    rounds: int


@dataclass(slots=True)
class Row:
    """All runs of one way at one latency.

    Attributes:
        fault: why there are no more runs.
        unlike: mean difference of the picture from framefetch's, in levels of 255.
    """

    case: str
    way: str
    latency_ms: int
    runs: list[Run] = field(default_factory=list)
    fault: str | None = None
    unlike: float | None = None


class Server:
    """The range server's process."""

    def __init__(self, folder: Path) -> None:
        self._process = start("tests.bench.server", str(folder))
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def url(self, latency_ms: int, film: str) -> str:
        return f"http://127.0.0.1:{self.port}/{latency_ms}/{film}"

    def take(self) -> list[dict[str, Any]]:
        """The requests since this was last asked."""
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/_take")
        rows: list[dict[str, Any]] = json.loads(connection.getresponse().read())
        connection.close()
        return rows

    def close(self) -> None:
        # The end of its input is what ends it; this closes both pipes too.
        self._process.communicate()


def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A Python process of this repository's."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment() | {"PYTHONPATH": str(REPOSITORY)},
        cwd=REPOSITORY,
    )


def environment() -> dict[str, str]:
    """That of the ways: without the settings of whoever runs the bench."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FRAMEFETCH_")}


def rounds(log: Sequence[dict[str, Any]]) -> int:
    """The longest chain of requests of which each came when the one before had been answered.

    An answer that was cut off counts as answered with its first byte: whoever hung up had seen enough.
    """
    ended = -1.0
    longest = 0
    spans = [(row["ended_s"] if row["whole"] else row["answered_s"], row["came_s"]) for row in log]
    for end_s, came_s in sorted(spans):
        if came_s >= ended:
            longest, ended = longest + 1, end_s
    return longest


class Worker:
    """A way, in a process of its own (`tests.bench.worker`)."""

    def __init__(self, name: str) -> None:
        self._process = start("tests.bench.worker", name)
        self._selector = DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, EVENT_READ)

    def prepare(self, ask: Ask) -> None:
        self._step("prepare", ask)

    def run(self, ask: Ask) -> dict[str, Any]:
        answer = self._step("run", ask)
        answer["growth_mb"] = (answer["peak_kib"] - answer["idle_kib"]) * 1024 / 1e6
        answer["picture"] = base64.b64decode(answer["picture"])
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _step(self, what: str, ask: Ask) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, "ask": asdict(ask)}).encode() + b"\n")
        self._process.stdin.flush()
        if not self._selector.select(_LONGEST_S):
            message = f"no answer in {_LONGEST_S} s"
            raise Failed(message)
        line = self._process.stdout.readline()
        if not line:
            message = f"ended with {self._process.wait()}"
            raise Failed(message)
        answer: dict[str, Any] = json.loads(line)
        if "fault" in answer:
            raise Failed(answer["fault"])
        return answer


class Failed(Exception):  # noqa: N818 - a signal between these functions
    """A way gave no picture."""


@contextmanager
def opened(names: Sequence[str]) -> Iterator[dict[str, Worker]]:
    """The ways by name, ended afterwards."""
    with ExitStack() as stack:
        made: dict[str, Worker] = {}
        for name in names:
            made[name] = Worker(name)
            stack.callback(made[name].close)
        yield made


def measure(case: Case, server: Server, time_ms: float) -> list[Row]:
    """Runs a case: all ways and latencies in turn, `case.runs` times, after one run that does not count.

    Args:
        case: what to run; ways that are not here are left out.
        server: serves the film, which is made.
        time_ms: of the right picture, which a way that tells the time must have got.
    """
    names = [name for name in case.ways if absent(name) is None]
    rows = {(name, ms): Row(case.name, name, ms) for name in names for ms in case.latencies_ms}
    pictures: dict[str, bytes] = {}
    with opened(names) as ways:
        for turn in range(-1, case.runs):
            for (name, ms), row in rows.items():
                # What a process does once (imports, tables of codecs) is done in a turn that does not count.
                if row.fault or (turn < 0 and (ms != case.latencies_ms[0] or name not in CALLS)):
                    continue
                ask = Ask(server.url(ms, case.film), case.at_ms, case.fast)
                try:
                    done, pictures[name] = _once(ways[name], ask, server, time_ms)
                except Failed as fault:
                    row.fault = str(fault)
                    continue
                if turn >= 0:
                    row.runs.append(done)
    reference = next(iter(pictures.values()), b"")
    for (name, _), row in rows.items():
        if name in pictures and name != FFMPEG_START:
            row.unlike = likeness(reference, pictures[name])
    return list(rows.values())


def _once(way: Worker, ask: Ask, server: Server, time_ms: float) -> tuple[Run, bytes]:
    way.prepare(ask)
    server.take()
    done = way.run(ask)
    log = server.take()
    told = done.get("time_ms")
    if told is not None and abs(told - time_ms) > _TIME_TOLERANCE_MS:
        message = f"the picture at {told} ms instead of {time_ms:.3f}"
        raise Failed(message)
    sent = sum(row["sent"] for row in log)
    run = Run(done["wall_ms"], done["cpu_ms"], done["growth_mb"], sent, len(log), rounds(log))
    return run, done["picture"]
