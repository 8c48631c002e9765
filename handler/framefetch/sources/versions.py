"""An object as it was: which sources can open a version by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from framefetch.errors import NotImplementedHere

if TYPE_CHECKING:
    from framefetch.sources import Source, StoredObject


@runtime_checkable
class VersionedSource(Protocol):
    """A source whose store keeps versions."""

    def open_version(self, key: str, version: str) -> StoredObject:
        """Opens one version of a key, as `Source.open` opens the current one."""
        ...


def open_version(source: Source, key: str, version: str | None) -> StoredObject:
    """Opens a key, the current version where none is named.

    Raises:
        NotImplementedHere: a version is named, and this source knows none.
        FramefetchError: see `Source.open`.
    """
    if version is None:
        return source.open(key)
    if not isinstance(source, VersionedSource):
        raise NotImplementedHere(
            hint="framefetch reads no versions from this kind of store; leave versionId out."
        )
    return source.open_version(key, version)
