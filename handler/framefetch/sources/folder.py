"""Films in a local folder.

In: keys, as paths below the folder. Out: bytes of regular files. A file is opened once for a request,
and it is the opened descriptor that is checked, so nothing that is swapped or linked in between can
lead out of the folder. Never reads a device, a FIFO or a directory, and never says what is outside.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from framefetch.errors import AccessDenied, InvalidObjectName, NoSuchKey, SourceError
from framefetch.sources import Changed, ObjectInfo
from framefetch.sources.looking import Listed, Look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from framefetch.budget import Budget

PIECE_BYTES = 256 << 10
"""How much one pread takes, between two looks at the clock."""

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO})
"""What open(2) says where no file can be read under the name; ENXIO is a socket."""
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_OUTSIDE = "the real path is outside of the folder"


class FolderSource:
    """The files below one folder.

    Args:
        root: the folder; what it is when the source is made stays the root.

    Raises:
        NotADirectoryError: it is not a folder, or not there.
    """

    kind = "folder"
    suffix_ranges = True

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = os.path.realpath(root)
        if not Path(self.root).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", os.fspath(root))

    def open(self, key: str) -> StoredFile:
        """Opens the file of this name.

        Raises:
            InvalidObjectName: no path below the folder can have this name.
            NoSuchKey: there is no such file, or it is none, or it is outside.
            AccessDenied: we may not read it.
        """
        _refuse_bad_name(key)
        path = f"{self.root}/{key}"
        try:
            # O_NONBLOCK, or opening a FIFO would wait for its writer.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as fault:
            if fault.errno in _FORBIDDEN and not self._is_below(os.path.realpath(path)):
                # A link: what is outside is not there, whether it may be read or not.
                raise NoSuchKey(detail=_OUTSIDE) from fault
            raise _as_ours(fault) from fault
        except UnicodeEncodeError as fault:
            raise InvalidObjectName(detail=str(fault)) from fault
        try:
            self._check(descriptor)
            return StoredFile(descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def look(self, key: str, budget: Budget) -> Look:
        """See `LookableSource.look`; files carry no mark."""
        budget.check()
        with closing(self.open(key)) as stored:
            return Look(_info(stored.descriptor))

    def listing(self, prefix: str, budget: Callable[[], Budget]) -> Iterator[Listed]:
        """See `LookableSource.listing`; links to folders are not followed."""
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            below = os.path.relpath(folder, self.root)
            for name in sorted(names):
                key = name if below == "." else f"{below}/{name}"
                if not key.startswith(prefix):
                    continue
                try:
                    info = self.look(key, budget()).info
                except (NoSuchKey, AccessDenied, InvalidObjectName):
                    # Gone meanwhile, or none that can be read.
                    continue
                yield Listed(key, info.size, info.etag)

    def is_inside(self, descriptor: int) -> bool:
        """Whether what is open is really in the folder, whatever its name was."""
        return self._is_below(_real_path(descriptor))

    def _is_below(self, real_path: str) -> bool:
        return os.path.commonpath((self.root, real_path)) == self.root

    def _check(self, descriptor: int) -> None:
        """Raises unless the descriptor is a regular file that is really inside the folder."""
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NoSuchKey(detail="not a regular file")
        if not self.is_inside(descriptor):
            # The same answer as for a name that is not there: the caller learns nothing of outside.
            raise NoSuchKey(detail=_OUTSIDE)


@dataclass(slots=True)
class StoredFile:
    """One open file."""

    descriptor: int

    def get(self, start: int, stop: int | None, budget: Budget, if_match: str | None = None) -> FileReply:
        """See `StoredObject.get`."""
        budget.check()
        info = _info(self.descriptor)
        if if_match is not None and if_match != info.etag:
            raise Changed
        if start < 0:
            start, stop = max(0, info.size + start), info.size
        end = info.size if stop is None else min(stop, info.size)
        if start >= info.size > 0 or start > info.size:
            raise Changed
        return FileReply(info, start, end, self.descriptor, budget)

    def close(self) -> None:
        """Closes the file."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


@dataclass(slots=True)
class FileReply:
    """A range of the file; read when its pieces are asked for."""

    info: ObjectInfo
    start: int
    stop: int
    descriptor: int
    budget: Budget = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The range, in pieces. A file that is written while it is read raises `Changed`."""
        at = self.start
        while at < self.stop:
            self.budget.check()
            try:
                piece = os.pread(self.descriptor, min(PIECE_BYTES, self.stop - at), at)
            except OSError as fault:
                raise SourceError(detail=f"pread: {fault}") from fault
            # After the read, or a write between a look before it and the read would go unseen.
            if not piece or _info(self.descriptor) != self.info:
                raise Changed
            yield piece
            at += len(piece)

    def close(self) -> None:
        """Nothing to give back; the file stays open for the next range."""


def _refuse_bad_name(key: str) -> None:
    parts = key.split("/")
    if not key or "\0" in key or key.startswith("/") or "." in parts or ".." in parts:
        raise InvalidObjectName(extras=(("ObjectName", key.replace("\0", "")),))
    # "a//b" and "a/" would open another name's file.
    if "" in parts:
        raise NoSuchKey(detail="an empty path segment names no file", extras=(("Key", key),))


def _info(descriptor: int) -> ObjectInfo:
    """Size, time and an ETag that changes with either and with the file itself."""
    now = os.fstat(descriptor)
    return ObjectInfo(
        size=now.st_size,
        etag=f'"{now.st_mtime_ns:x}-{now.st_size:x}-{now.st_ino:x}"',
        last_modified=datetime.fromtimestamp(now.st_mtime_ns // 1_000_000_000, UTC),
    )


def _real_path(descriptor: int) -> str:
    """The path of an open descriptor, as the kernel has it."""
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - not on every platform

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError as fault:
        raise SourceError(detail=f"the real path of an open file cannot be checked: {fault}") from fault


def _as_ours(fault: OSError) -> Exception:
    if fault.errno in _ABSENT:
        return NoSuchKey(detail=f"open: {os.strerror(fault.errno or 0)}")
    if fault.errno in _FORBIDDEN:
        return AccessDenied(detail="open: permission denied")
    return SourceError(detail=f"open: {os.strerror(fault.errno or 0)}")
