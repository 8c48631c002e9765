"""Where uploads arrive, and by which rules their pictures are made: from the settings to what is open.

Asks no store anything. Who may ask a deployment for what does not matter here: nobody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from framefetch import buckets, styles
from framefetch.rules import reading
from framefetch.settings import BadSetting
from framefetch.sinks.beside import sink_of
from framefetch.snapshot import Service
from framefetch.sources.locate import open_source
from framefetch.sources.looking import LookableSource

if TYPE_CHECKING:
    from framefetch.rules import Rules
    from framefetch.settings import Settings
    from framefetch.sinks import Sink
    from framefetch.sources import Source


@dataclass(frozen=True, slots=True)
class Store:
    """Where uploads are.

    Attributes:
        source: reads there.
        service: makes pictures of what is there.
        sink: writes there.
    """

    source: LookableSource
    service: Service
    sink: Sink

    @classmethod
    def of(cls, root: str, settings: Settings) -> Self:
        """The store that is all of one bucket, or a folder.

        Raises:
            BadSetting: it tells nothing of its objects, as a web server.
        """
        source = open_source(root, settings)
        if not isinstance(source, LookableSource):
            message = f"{root} cannot be looked through: a folder, s3, gs, az or oss can."
            raise BadSetting(message)
        return cls(source, _service(settings, source, root), sink_of(source))


def rules_of(settings: Settings) -> Rules:
    """The rules of a deployment.

    Raises:
        BadSetting: they cannot be read.
    """
    try:
        named = styles.parse(settings.styles, max_side=settings.max_side)
        return reading.parse(settings.on_upload, named, max_side=settings.max_side)
    except ValueError as error:
        message = f"FRAMEFETCH_ON_UPLOAD is not valid: {error}."
        raise BadSetting(message) from None


def sources_of(settings: Settings) -> list[str]:
    """What the settings name as the sources of videos.

    Raises:
        BadSetting: they cannot be read.
    """
    if not settings.buckets.strip():
        return [settings.source]
    try:
        return [one.source for one in buckets.parse(settings.buckets).buckets]
    except ValueError as error:
        message = f"FRAMEFETCH_BUCKETS is not valid: {error}."
        raise BadSetting(message) from None


def _service(settings: Settings, source: Source, root: str) -> Service:
    """The service over one bucket."""
    alone = replace(
        settings,
        source=root,
        bucket="",
        buckets="",
        keys="",
        access="public",
        styles="",
        style_only=False,
        save_to=(),
    )
    return Service(alone, source)
