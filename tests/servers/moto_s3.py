"""S3 as moto has it, in a process of its own: ranges and preconditions are right, signatures unchecked."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers import S3Server, free_port, wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator


def missing() -> str:
    """What has to be installed first; empty when all is there."""
    return "" if all(importlib.util.find_spec(name) for name in ("moto", "flask", "flask_cors")) else "moto"


@contextmanager
def running() -> Iterator[S3Server]:
    """Starts moto's server, and ends it."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="moto-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with (
            (folder / "moto.out").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as server,
        ):
            try:
                wait_for_port(port, server, folder)
                yield S3Server(f"http://127.0.0.1:{port}", "framefetchtest", "framefetchtest")
            finally:
                server.kill()
