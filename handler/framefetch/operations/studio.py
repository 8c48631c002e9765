"""Takes pictures of opened films: by the first way that leads to one, in the memory that is free."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from framefetch.admission import decoder_bytes
from framefetch.containers.index import NotUnderstood
from framefetch.errors import CorruptFilm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.admission import Allowance
    from framefetch.decode import Picture
    from framefetch.finder import FilmObject, Finder
    from framefetch.observe import Record
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings


class Studio:
    """What all operations are done with; shared by all requests.

    Args:
        settings: of the process.
        finder: knows the ways to a picture.
        memory: that all decoders share.
    """

    def __init__(self, settings: Settings, finder: Finder, memory: Allowance) -> None:
        self.settings = settings
        self.finder = finder
        self.memory = memory

    @contextmanager
    def picture(self, opened: FilmObject, request: SnapshotRequest, record: Record) -> Iterator[Picture]:
        """The picture that answers a request; the memory for it is held meanwhile.

        Raises:
            FramefetchError: there is none to be had.
        """
        with ExitStack() as held:
            yield self.take(opened, request, record, held)

    def take(self, opened: FilmObject, request: SnapshotRequest, record: Record, held: ExitStack) -> Picture:
        """The same; `held` gives back the memory when it is closed."""
        for way in self.finder.ways(opened, request):
            try:
                with record.stage("index"):
                    film, take = way()
                with closing(film), ExitStack() as room:
                    wanted_bytes = decoder_bytes(*film.picture_shape, self.settings.threads)
                    room.enter_context(self.memory.hold(wanted_bytes, record.budget))
                    with record.stage("decode"):
                        picture = take()
                    held.push(room.pop_all())
                    return picture
            except NotUnderstood as fault:
                record.facts["generic"] = str(fault)
        raise CorruptFilm(detail=f"no way led to the picture: {record.facts['generic']}")
