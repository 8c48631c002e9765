"""Where uploads arrive: what reads, makes pictures and writes there. Asks no store anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from framefetch.access.grants import unlocked
from framefetch.settings import BadSetting
from framefetch.sinks.beside import sink_of
from framefetch.snapshot import Service
from framefetch.sources.locate import open_source
from framefetch.sources.looking import LookableSource

if TYPE_CHECKING:
    from framefetch.settings import Settings
    from framefetch.sinks import Sink


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
            # Its query may hold what opens it.
            message = f"{root.partition('?')[0]} cannot be looked through: a folder, s3, gs, az or oss can."
            raise BadSetting(message)
        return cls(source, Service(unlocked(settings, root), source), sink_of(source))
