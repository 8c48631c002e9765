"""Pictures in a local folder.

A file appears under its name when it is complete: it is written beside it, then linked, which fails where
there is one already. Never leaves the folder, through links neither: each folder on the way is opened, and
it is the opened descriptor that is checked and written in. Files have no metadata: a picture's facts are
not kept here.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from framefetch.errors import AccessDenied, InvalidObjectName, SourceError
from framefetch.sources.looking import is_there

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framefetch.budget import Budget
    from framefetch.sinks import NewObject
    from framefetch.sources.folder import FolderSource

# Only to go on from there: that takes no right to list the folder.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_UNNAMEABLE = frozenset({errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP})
"""What is said where no file can have the name: a folder has it, a file is on the way, or it is too long."""


class FolderSink:
    """The files below one folder.

    Args:
        source: that reads there.
    """

    def __init__(self, source: FolderSource) -> None:
        self._source = source

    def holds(self, key: str, budget: Budget) -> bool:
        """See `Sink.holds`."""
        return is_there(self._source, key, budget)

    def put(self, key: str, new: NewObject, budget: Budget, *, replace: bool = False) -> bool:
        """See `Sink.put`."""
        budget.check()
        *folders, name = parts = key.split("/")
        if "\0" in key or any(part in ("", ".", "..") for part in parts):
            raise InvalidObjectName(extras=(("ObjectName", key.replace("\0", "")),))
        try:
            with self._opened(folders) as folder:
                return _write(folder, name, new.body, replace=replace)
        except OSError as fault:
            if fault.errno in _UNNAMEABLE:
                raise InvalidObjectName(detail=str(fault.strerror), extras=(("ObjectName", key),)) from fault
            raise SourceError("The picture could not be written.", detail=str(fault.strerror)) from fault

    @contextmanager
    def _opened(self, names: Sequence[str]) -> Iterator[int]:
        """A descriptor of the folder that these names lead to; those that are not there are made.

        Raises:
            AccessDenied: they lead out of the source's folder.
            OSError: there is none, and none can be made.
        """
        folder = os.open(self._source.root, _FOLDER)
        try:
            for name in names:
                inner = _entered(folder, name)
                os.close(folder)
                folder = inner
                if not self._source.is_inside(folder):
                    raise AccessDenied(detail="the real path is outside of the folder")
            yield folder
        finally:
            os.close(folder)


def _entered(folder: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
        return os.open(name, _FOLDER, dir_fd=folder)


def _write(folder: int, name: str, body: bytes, *, replace: bool) -> bool:
    beside = f".framefetch-{secrets.token_hex(8)}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        if replace:
            os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
            return True
        os.link(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as fault:
        if fault.errno != errno.EEXIST or replace:
            raise
        return False
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)
    return True
