"""From a source to the sink that writes where it reads. No other client is imported than the source's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.settings import BadSetting

if TYPE_CHECKING:
    from framefetch.sinks import Sink
    from framefetch.sources import Source


def sink_of(source: Source) -> Sink:
    """The sink that writes where a source reads.

    Raises:
        BadSetting: nothing can be written there.
    """
    if source.kind == "folder":
        from framefetch.sinks.folder import FolderSink  # noqa: PLC0415

        return FolderSink(source)  # type: ignore[arg-type]  # its kind says what it is
    if source.kind in ("s3", "gs", "az"):
        from framefetch.sinks.cloud import CloudSink  # noqa: PLC0415

        return CloudSink(source)  # type: ignore[arg-type]  # the same
    if source.kind == "oss":
        from framefetch.sinks.oss import OssSink  # noqa: PLC0415

        return OssSink(source)  # type: ignore[arg-type]  # the same
    message = f"pictures cannot be written to {source.kind}: a folder, s3, gs, az or oss can take them."
    raise BadSetting(message)
