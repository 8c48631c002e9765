"""The program as its users start it: a process of its own, spoken to over loopback."""

from __future__ import annotations

import http.client
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMEFETCH = (sys.executable, "-m", "framefetch")
START_S = 60
"""How long a start may take on a machine that does other things as well."""


def environment(settings: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with just these settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRAMEFETCH_")}
    return inherited | (settings or {})


def run(
    *arguments: str, settings: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs one command to its end."""
    return subprocess.run(
        [*FRAMEFETCH, *arguments],
        env=environment(settings),
        cwd=cwd,
        capture_output=True,
        timeout=START_S,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What the server answered; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Server:
    """A running ``framefetch serve``."""

    process: subprocess.Popen[str]
    port: int = 0
    greeting: list[str] = field(default_factory=list)

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Said:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Said(response.status, found, response.read())
        finally:
            connection.close()

    def snapshot(self, name: str, parameters: str = "t_0") -> Said:
        """The picture of a film, or what is said instead."""
        return self.ask(f"/{name}?x-oss-process=video/snapshot,{parameters}")

    @property
    def peak_mb(self) -> float:
        """The most memory that the process ever held, in MB (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends the server, and tells its exit code."""
        self.process.send_signal(how)
        return self.process.wait(START_S)


@contextmanager
def serving(
    what: str | Path,
    *options: str,
    settings: dict[str, str] | None = None,
    cwd: Path | None = None,
    around: tuple[str, ...] = (),
    stderr: int | IO[bytes] = subprocess.DEVNULL,
) -> Iterator[Server]:
    """Starts a server on a free port, and ends it.

    Args:
        what: the source.
        options: further words of the command line.
        settings: by variable.
        cwd: where it starts.
        around: a command that runs the server, as strace.
        stderr: where its log goes.
    """
    command = [*around, *FRAMEFETCH, "serve", str(what), "--port", "0", *options]
    with subprocess.Popen(
        command,
        env=environment(settings),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as process:
        server = Server(process)
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_hand_on, args=(process, lines), daemon=True).start()
        try:
            while not server.port:
                line = lines.get(timeout=START_S)
                assert line, f"the server ended with {process.wait()}"
                server.greeting.append(line)
                if " at http://" in line:
                    server.port = int(line.rstrip("/\n").rpartition(":")[2])
            server.greeting.append(lines.get(timeout=START_S))
            yield server
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(START_S)
                except subprocess.TimeoutExpired:
                    process.kill()


def _hand_on(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Hands on each line, and an empty one at the end."""
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put("")
