"""Azure Blob as Microsoft's azurite has it, in memory.

Found as ``AZURITE_BLOB`` says, on PATH, or in ``node_modules`` beside this file, where ``npm ci``
in this folder puts it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from urllib.request import Request, urlopen

from tests.servers import free_port, wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "devstoreaccount1"
# Every azurite's, from its documentation.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def program() -> str | None:
    """Where azurite's blob service is."""
    beside = Path(__file__).parent / "node_modules" / ".bin" / "azurite-blob"
    named = os.environ.get("AZURITE_BLOB")
    return named or shutil.which("azurite-blob") or (str(beside) if beside.exists() else None)


def missing() -> str:
    """What has to be installed first; empty when all is there."""
    return "" if program() and shutil.which("node") else "azurite"


@dataclass(frozen=True, slots=True)
class AzuriteServer:
    """Where it listens; writes go through here."""

    port: int

    @property
    def endpoint(self) -> str:
        """The account's URL."""
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def create(self, container: str) -> None:
        """Makes a container."""
        self._put(f"/{container}", b"", {}, "restype=container")

    def put(self, container: str, key: str, content: bytes) -> None:
        """Writes a blob."""
        self._put(f"/{container}/{quote(key, safe='/')}", content, {"x-ms-blob-type": "BlockBlob"})

    def _put(self, path: str, body: bytes, headers: dict[str, str], query: str = "") -> None:
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"} | headers
        canonical = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
        resource = f"/{ACCOUNT}/{ACCOUNT}{path}" + "".join(
            f"\n{pair.replace('=', ':')}" for pair in query.split("&") if pair
        )
        length = str(len(body)) if body else ""
        text = f"PUT\n\n\n{length}\n\napplication/octet-stream\n\n\n\n\n\n\n{canonical}{resource}"
        signature = base64.b64encode(
            hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)
        ).decode()
        headers |= {
            "Authorization": f"SharedKey {ACCOUNT}:{signature}",
            "Content-Type": "application/octet-stream",
        }
        url = f"{self.endpoint}{path}{'?' if query else ''}{query}"
        with urlopen(Request(url, data=body, headers=headers, method="PUT"), timeout=10):  # noqa: S310 - loopback
            pass


@contextmanager
def running() -> Iterator[AzuriteServer]:
    """Starts azurite, and ends it."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="azurite-") as name:
        folder = Path(name)
        command = [
            program() or "azurite-blob", "--blobHost", "127.0.0.1", "--blobPort", str(port),
            "--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry",
        ]  # fmt: skip
        with (
            (folder / "azurite.out").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as server,
        ):
            try:
                wait_for_port(port, server, folder)
                yield AzuriteServer(port)
            finally:
                server.kill()
