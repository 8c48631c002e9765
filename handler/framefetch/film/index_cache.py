"""Indexes that were read before, by source and key: with one, a picture costs a single request.

Kept packed in memory and, where that is switched on, in a folder of ours that other processes may share.
An entry says which version of the object it is of; the request for the samples is pinned to that, so
a changed object is noticed and nothing has to be asked first. Nothing that happens to the folder
changes more than speed: what is missing, foreign, damaged or in the way is as good as not there.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections import OrderedDict
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framefetch.containers.index import VideoIndex
from framefetch.containers.packed import NotPacked, pack, unpack
from framefetch.sources import ObjectInfo
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.containers.index import IndexBytes

_ENDING = ".index"


@dataclass(frozen=True, slots=True)
class Known:
    """An index, or what was read of it, and the version of the object that it is of."""

    info: ObjectInfo
    index: VideoIndex | IndexBytes


class IndexCache:
    """Remembers indexes. Safe for threads.

    Args:
        max_bytes: of all entries in memory, and again of all in the folder; the least recently used go.
        folder: where to keep them beyond this process; None: nowhere.
    """

    def __init__(self, max_bytes: int, folder: str | None = None) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._folder = _Folder(folder, max_bytes) if folder else None

    def find(self, name: str) -> Known | None:
        """What is known of an object.

        Args:
            name: of its source, key and version, in any form that is the same each time.
        """
        with self._lock:
            data = self._entries.get(name)
            if data is not None:
                self._entries.move_to_end(name)
        if data is None and self._folder is not None:
            data = self._folder.read(name)
        known = _known(data, name) if data is not None else None
        if known is not None and data is not None:
            self._remember(name, data)
        return known

    def keep(self, name: str, known: Known) -> None:
        """Remembers an index, if it is good for any moment, and of an object with a strong ETag."""
        etag = known.info.etag
        partial = isinstance(known.index, VideoIndex) and not known.index.whole
        if partial or etag is None or etag.startswith("W/"):
            return
        try:
            data = pack(known.index, _label(known.info, name))
        except NotPacked:
            return
        if len(data) > self._max_bytes:
            # It would cost all the others their place.
            return
        self._remember(name, data)
        if self._folder is not None:
            self._folder.write(name, data)

    def forget(self, name: str) -> None:
        """The object is not what it was."""
        with self._lock:
            self._bytes -= len(self._entries.pop(name, b""))
        if self._folder is not None:
            self._folder.remove(name)

    def _remember(self, name: str, data: bytes) -> None:
        with self._lock:
            self._bytes += len(data) - len(self._entries.pop(name, b""))
            self._entries[name] = data
            while self._bytes > self._max_bytes:
                _, gone = self._entries.popitem(last=False)
                self._bytes -= len(gone)


def _label(info: ObjectInfo, name: str) -> dict[str, Any]:
    modified = info.last_modified.timestamp() if info.last_modified else None
    return {"name": _digest(name), "etag": info.etag, "modified": modified, "version": info.version_id}


def _known(data: bytes, name: str) -> Known | None:
    try:
        index, label = unpack(data)
        if label["name"] != _digest(name):
            return None
        modified = label["modified"]
        moment = datetime.fromtimestamp(modified, UTC) if modified is not None else None
        return Known(ObjectInfo(index.size, label["etag"], moment, label["version"]), index)
    except (NotPacked, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


class _Folder:
    """Files in a folder that only we may use, one an entry, named by a hash."""

    def __init__(self, path: str, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def read(self, name: str) -> bytes | None:
        """The bytes of an entry."""
        with suppress(OSError), self._opened() as folder:
            # O_NONBLOCK: a pipe of this name would keep us waiting.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
            file = os.open(_file_name(name), flags, dir_fd=folder)
            with os.fdopen(file, "rb") as opened:
                status = os.fstat(file)
                ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
                if not ours or status.st_size > self._max_bytes:
                    return None
                # The time of the last use is what tells which entries go first.
                os.utime(file)
                return opened.read(status.st_size)
        return None

    def write(self, name: str, data: bytes) -> None:
        """Keeps an entry: complete, or not at all."""
        with suppress(OSError), self._opened() as folder:
            self._make_room(folder, len(data))
            unfinished = f"{_file_name(name)}.{os.getpid()}.{threading.get_ident()}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(unfinished, flags, 0o600, dir_fd=folder)
            try:
                with os.fdopen(file, "wb") as opened:
                    opened.write(data)
                os.rename(unfinished, _file_name(name), src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                os.unlink(unfinished, dir_fd=folder)

    def remove(self, name: str) -> None:
        """Lets go of an entry."""
        with suppress(OSError), self._opened() as folder:
            os.unlink(_file_name(name), dir_fd=folder)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """A descriptor of the folder, which is made when it is not there.

        Raises:
            OSError: it is not ours alone.
        """
        with suppress(FileExistsError):
            Path(self._path).mkdir(0o700)
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(folder)
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise PermissionError
            yield folder
        finally:
            os.close(folder)

    def _make_room(self, folder: int, wanted: int) -> None:
        found = []
        for file_name in os.listdir(folder):
            with suppress(OSError):
                status = os.stat(file_name, dir_fd=folder, follow_symlinks=False)
                found.append((status.st_mtime, status.st_size, file_name))
        total = sum(size for _, size, _ in found) + wanted
        for _, size, file_name in sorted(found):
            if total <= self._max_bytes:
                break
            with suppress(OSError):
                os.unlink(file_name, dir_fd=folder)
                total -= size


def _file_name(name: str) -> str:
    return _digest(name) + _ENDING


def _digest(name: str) -> str:
    """What stands for a name wherever it is kept: a source's query may hold what opens it."""
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()
