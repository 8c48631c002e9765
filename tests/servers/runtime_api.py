"""Lambda's Runtime API on loopback, and a function behind it, started by AWS's own runtime client.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_WAIT_S = 60
_PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True, slots=True)
class Invoked:
    """What came of one event: what the handler returned or, where it raised, what it raised."""

    reply: Any
    failed: bool


@dataclass(slots=True)
class Runtime:
    """A running function."""

    process: subprocess.Popen[bytes]
    events: queue.Queue[tuple[bytes, float]] = field(default_factory=queue.Queue)
    answers: queue.Queue[Invoked] = field(default_factory=queue.Queue)

    def invoke(self, event: object, timeout_s: float = 10.0) -> Invoked:
        """Hands an event to the function, and waits for what it makes of it."""
        self.events.put((json.dumps(event).encode(), timeout_s))
        return self.answers.get(timeout=_WAIT_S)


def _handler(runtime: list[Runtime]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """The next event; waited for."""
            event, timeout_s = runtime[0].events.get()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + timeout_s) * 1000)))
            arn = "arn:aws:lambda:eu-central-1:123456789012:function:framefetch"
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(event)))
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            """What became of it."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            failed = self.path.removeprefix(_PREFIX).endswith("error")
            runtime[0].answers.put(Invoked(json.loads(body), failed))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    return Handler


@contextmanager
def running(
    handler: str,
    environment: Mapping[str, str],
    folder: Path,
    command: tuple[str, ...] = (sys.executable, "-m", "awslambdaric"),
) -> Iterator[Runtime]:
    """Starts a function, and ends it.

    Args:
        handler: as in the function's configuration.
        environment: of the function, and nothing else.
        folder: where ``function.out`` gets what the function writes.
        command: the runtime client.
    """
    held: list[Runtime] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(held)) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        given = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "framefetch",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
            "LAMBDA_TASK_ROOT": str(folder),
            "PATH": "/usr/bin:/bin",
        }
        with (
            (folder / "function.out").open("wb") as log,
            subprocess.Popen(
                [*command, handler], env=given | dict(environment), cwd=folder, stdout=log, stderr=log
            ) as process,
        ):
            held.append(Runtime(process))
            try:
                yield held[0]
            finally:
                process.kill()
                server.shutdown()
