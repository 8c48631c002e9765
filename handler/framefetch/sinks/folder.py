"""Pictures in a local folder.

A file appears under its name when it is complete: it is written beside it, then linked, which fails where
there is one already. Never leaves the folder, through links neither. Files have no metadata: a picture's
facts are not kept here.
"""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from framefetch.errors import AccessDenied, InvalidObjectName, NoSuchKey, SourceError

if TYPE_CHECKING:
    from framefetch.budget import Budget
    from framefetch.sinks import NewObject
    from framefetch.sources.folder import FolderSource


class FolderSink:
    """The files below one folder.

    Args:
        source: that reads there.
    """

    def __init__(self, source: FolderSource) -> None:
        self._source = source

    def holds(self, key: str, budget: Budget) -> bool:
        """See `Sink.holds`."""
        budget.check()
        try:
            self._source.open(key).close()
        except (NoSuchKey, AccessDenied):
            return False
        return True

    def put(self, key: str, new: NewObject, budget: Budget, *, replace: bool = False) -> bool:
        """See `Sink.put`."""
        budget.check()
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            real = os.path.realpath(path.parent)
            if os.path.commonpath((self._source.root, real)) != self._source.root:
                raise AccessDenied(detail="the real path is outside of the folder")
            return _write(Path(real), path.name, new.body, replace=replace)
        except OSError as fault:
            raise SourceError("The picture could not be written.", detail=str(fault.strerror)) from fault

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not key or "\0" in key or any(part in ("", ".", "..") for part in parts):
            raise InvalidObjectName(extras=(("ObjectName", key.replace("\0", "")),))
        return Path(self._source.root, *parts)


def _write(folder: Path, name: str, body: bytes, *, replace: bool) -> bool:
    beside = folder / f".framefetch-{secrets.token_hex(8)}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        if replace:
            beside.replace(folder / name)
            return True
        os.link(beside, folder / name)
    except OSError as fault:
        if fault.errno != errno.EEXIST or replace:
            raise
        return False
    finally:
        beside.unlink(missing_ok=True)
    return True
