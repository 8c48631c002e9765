"""Servers that tests start on loopback: real object stores, and one that answers as it is told."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where an S3 server listens, and who may write to it."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    @property
    def environment(self) -> dict[str, str]:
        """What makes the usual clients read from it."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }

    def client(self) -> Any:
        """A client to fill it with and to look into it."""
        import boto3  # noqa: PLC0415 - slow to import, and most tests need none

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )


def free_port() -> int:
    """A TCP port of loopback that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Returns when the process listens on the port.

    Raises:
        RuntimeError: it ended, or does not listen after 60 s; with what it wrote to ``*.out``.
    """
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = "\n".join(path.read_text("utf-8", "replace")[-2000:] for path in folder.glob("*.out"))
    message = f"{process.args!r} does not listen on port {port}: {said}"
    raise RuntimeError(message)
