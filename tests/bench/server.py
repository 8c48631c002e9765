"""The range server of the bench, a process of its own: ``python -m tests.bench.server FOLDER``.

Serves the films of a folder (`tests.bench.shelf`) below ``/LATENCY/``, where LATENCY is in ms and
waited before the first byte of every answer. A connection gets 80 MB/s at most. Every request is
logged with its range and the bytes that were sent; ``/_take`` hands the log out and starts a new one.
Prints its port when it listens.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.shelf import Shelved, load
from tests.servers.range_header import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTES_A_SECOND = 80_000_000
_PIECE_BYTES = 128 << 10
_ZEROS = bytes(_PIECE_BYTES)
_TAKE_WAITS_S = 2.0
_TCP_INFO_BYTES, _BYTES_ACKED_AT = 128, 120
"""Of Linux' ``struct tcp_info``: up to where it is read, and the place of ``tcpi_bytes_acked``."""
_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"


@dataclass(slots=True)
class Served:
    """One request, and what became of it. Times are seconds of a monotonic clock.

    Attributes:
        method: GET or HEAD.
        asked: the Range header, without ``bytes=``.
        start: first byte of the answer's range.
        stop: one past its last.
        sent: bytes of the body that the client's system has taken, as TCP acknowledged them.
        came_s: when the request was there.
        answered_s: when its first byte left.
        ended_s: when its last byte left, or the client was found to be gone.
        whole: whether all of it was sent.
    """

    method: str
    asked: str
    status: int
    start: int
    stop: int
    came_s: float
    sent: int = 0
    answered_s: float = 0.0
    ended_s: float = 0.0
    whole: bool = False


@dataclass(slots=True)
class Log:
    """The requests since the log was last taken."""

    rows: list[Served] = field(default_factory=list)
    active: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, row: Served) -> None:
        with self.changed:
            self.rows.append(row)
            self.active += 1

    def end(self, row: Served) -> None:
        with self.changed:
            row.ended_s = time.monotonic()
            self.active -= 1
            self.changed.notify_all()

    def take(self) -> list[dict[str, object]]:
        """All rows, when the last answer has ended; after two seconds as they are."""
        with self.changed:
            self.changed.wait_for(lambda: not self.active, _TAKE_WAITS_S)
            rows, self.rows = self.rows, []
            return [asdict(row) for row in rows]


class Connection:
    """One client's connection: its requests, one after the other."""

    def __init__(self, connection: socket.socket, folder: Path, log: Log) -> None:
        self.connection = connection
        self.folder = folder
        self.log = log
        self.body_at = 0
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE_BYTES)

    def serve(self) -> None:
        """Until the client leaves."""
        with self.connection, suppress(OSError):
            for request in self._requests():
                if not self._answer(request):
                    return

    def _requests(self) -> Iterator[str]:
        held = b""
        while True:
            while b"\r\n\r\n" not in held:
                piece = self.connection.recv(65536)
                if not piece:
                    return
                held += piece
            head, held = held.split(b"\r\n\r\n", 1)
            yield head.decode("latin-1")

    def _answer(self, request: str) -> bool:
        """Answers; tells whether the connection stays open."""
        came_s = time.monotonic()
        first, *lines = request.split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        stays = headers.get("connection", "").lower() != "close"
        if target == "/_take":
            self._say("200 OK", {"Content-Type": "application/json"}, json.dumps(self.log.take()).encode())
            return stays
        latency, _, name = target.lstrip("/").partition("/")
        film = shelved(self.folder, name)
        if film is None:
            self._say("404 Not Found", {}, b"no such film")
            return stays
        wanted = headers.get("range", "")
        asked = wanted.removeprefix("bytes=")
        if headers.get("if-match", film.etag) != film.etag:
            self._say("412 Precondition Failed", {}, b"")
            return stays
        its = cut(wanted, film.size)
        if its is None:
            self._say("416 Range Not Satisfiable", {"Content-Range": f"bytes */{film.size}"}, b"")
            return stays
        row = Served(method, asked, 206 if asked else 200, *its, came_s)
        self.log.begin(row)
        try:
            time.sleep(max(0.0, came_s + int(latency) / 1000 - time.monotonic()))
            self._send(film, row)
            row.whole = True
        except OSError:
            # What waited here when the client left was never sent.
            row.sent = min(row.sent, max(0, self._acknowledged() - self.body_at))
            raise
        finally:
            self.log.end(row)
        return stays

    def _send(self, film: Shelved, row: Served) -> None:
        headers = {"Content-Type": "video/mp4", "ETag": film.etag, "Last-Modified": _MODIFIED}
        headers["Accept-Ranges"] = "bytes"
        if row.status == 206:
            headers["Content-Range"] = f"bytes {row.start}-{row.stop - 1}/{film.size}"
        reason = "206 Partial Content" if row.status == 206 else "200 OK"
        row.answered_s = time.monotonic()
        before = self._acknowledged()
        self.body_at = before + self._say(reason, headers, b"", row.stop - row.start)
        if row.method == "HEAD":
            return
        for path, offset, length in film.pieces(row.start, row.stop, _PIECE_BYTES):
            left, at = length, offset
            while left:
                sent = self._give(path, at, left)
                left, at = left - sent, at + sent
                row.sent += sent
            due_s = row.answered_s + row.sent / BYTES_A_SECOND
            if (early_s := due_s - time.monotonic()) > 0:
                time.sleep(early_s)

    def _give(self, path: Path | None, offset: int, count: int) -> int:
        if path is None:
            return self.connection.send(_ZEROS[:count])
        sent = os.sendfile(self.connection.fileno(), descriptor(path), offset, count)
        if not sent:
            message = f"{path} is too short"
            raise OSError(message)
        return sent

    def _acknowledged(self) -> int:
        """Bytes of the connection that its client has taken, from its beginning on."""
        info = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        count: int = struct.unpack_from("=Q", info, _BYTES_ACKED_AT)[0]
        return count

    def _say(self, status: str, headers: dict[str, str], body: bytes, length: int | None = None) -> int:
        """Sends an answer's head, and a short body; tells of how many bytes it is."""
        headers = {**headers, "Content-Length": str(len(body) if length is None else length)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        said = f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body
        self.connection.sendall(said)
        return len(said)


@cache
def descriptor(path: Path) -> int:
    """The file, opened once."""
    return os.open(path, os.O_RDONLY)


@cache
def shelved(folder: Path, name: str) -> Shelved | None:
    """The film, read once; its file may be made while the server runs."""
    return load(folder, name)


def main() -> None:
    """Serves until standard input ends, which it does when whoever started the server is gone."""
    folder, log = Path(sys.argv[1]), Log()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=Connection(connection, folder, log).serve, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
