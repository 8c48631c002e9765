"""Takes pictures of opened films: one by the first way that leads to it, or many in one pass.

In: a film, and when. Out: pictures, in the memory that is free. What cannot be taken in one pass is taken one
by one, so that many pictures can be had of whatever a single one can be had of.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

from framefetch.containers.index import Damaged, NotUnderstood
from framefetch.errors import CorruptFilm
from framefetch.ffmpeg.decoder_memory import Outgrown
from framefetch.film.indexed import open_film
from framefetch.plan import length_s, make_plan
from framefetch.process import MAX_NUMBER, Mode, SnapshotRequest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from fractions import Fraction

    from framefetch.admission import Allowance
    from framefetch.containers.index import VideoIndex
    from framefetch.ffmpeg.decode import Film, Picture
    from framefetch.film.finder import Finder, Way
    from framefetch.film.opened import FilmObject
    from framefetch.observe import Record
    from framefetch.plan import ReadPlan
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
        missing: Damaged | None = None
        for way in self.finder.ways(opened, request):
            try:
                picture = self._taken(way, record, held)
            except NotUnderstood as fault:
                missing = fault if isinstance(fault, Damaged) else None
                record.facts["generic"] = str(fault)
                continue
            if missing is not None and picture.time_ms > missing.time_ms:
                raise CorruptFilm(hint="No picture could be decoded there; try another t.")
            return picture
        raise CorruptFilm(detail=f"no way led to the picture: {record.facts['generic']}")

    def _taken(self, way: Way, record: Record, held: ExitStack) -> Picture:
        """What one way leads to; once more from its beginning, where the film outgrows its memory."""
        least_bytes = 0
        while True:
            with record.stage("index"):
                film, take = way()
            try:
                with closing(film), ExitStack() as room:
                    room.enter_context(self._room(film, record, least_bytes))
                    with record.stage("decode"):
                        picture = take()
                    held.push(room.pop_all())
                    return picture
            except Outgrown as fault:
                # Doubled, so that a film of ever larger pictures has soon had them all.
                least_bytes = max(fault.wanted_bytes, 2 * least_bytes)

    @contextmanager
    def _room(self, film: Film, record: Record, least_bytes: int = 0, more_bytes: int = 0) -> Iterator[None]:
        """Holds the memory that a film's decoder needs.

        Args:
            film: which.
            record: of the request.
            least_bytes: hold so much at least.
            more_bytes: hold so much beside it.
        """
        film.room_bytes = room_bytes = max(least_bytes, film.memory_bytes)
        # Whoever draws the picture holds the room until then, and must not hold the decoder with it.
        del film
        with self.memory.hold(room_bytes + more_bytes, record.budget):
            yield

    def index(self, opened: FilmObject, record: Record) -> VideoIndex | None:
        """The index of all samples, where the film has one that is read as a whole.

        Raises:
            FramefetchError: as reading does.
        """
        with record.stage("index"):
            return self.finder.whole_index(opened)

    def length_ms(self, opened: FilmObject, record: Record) -> Fraction:
        """How long a film is: until its last picture's time is over.

        Without an index of all samples: what the container says, or else the time of the last keyframe.

        Raises:
            FramefetchError: as reading and decoding do.
        """
        index = self.index(opened, record)
        if index is not None:
            with suppress(NotUnderstood):
                return length_s(index) * 1000
        # FFmpeg would read a fragmented film from its beginning to its end.
        if opened.container() != "mov":
            with record.stage("index"):
                stated_ms = self.finder.stated_length_ms(opened)
            if stated_ms is not None:
                return stated_ms
        with self.picture(opened, SnapshotRequest(at_ms=MAX_NUMBER, mode=Mode.FAST), record) as last:
            return last.time_ms

    def pictures(
        self, opened: FilmObject, times_ms: Sequence[int], mode: Mode, record: Record
    ) -> Generator[tuple[list[int], Picture], None, None]:
        """The pictures that answer many times, one after the other; close it to give back the memory.

        Args:
            opened: the film.
            times_ms: ascending.
            mode: of all of them.
            record: of the request.

        Yields:
            The numbers of the times that a picture answers, and the picture. Each number comes once.

        Raises:
            FramefetchError: one of them cannot be had.
        """
        left = dict.fromkeys(range(len(times_ms)))
        index = self.index(opened, record)
        if index is not None:
            plans, numbers = _plans(index, times_ms, mode)
            for number, picture in self._in_one_pass(opened, index, plans, record):
                for one in numbers[number]:
                    del left[one]
                yield numbers[number], picture
        for one in left:
            request = SnapshotRequest(at_ms=times_ms[one], mode=mode)
            with self.picture(opened, request, record) as picture:
                yield [one], picture

    def keyframes_after(
        self, opened: FilmObject, places: Sequence[int], record: Record
    ) -> Generator[Picture, None, None]:
        """Keyframes from places in the object on; close it to give back the memory.

        For films of which nothing tells where their keyframes are: there are none of others.

        Args:
            opened: the film.
            places: in bytes; from each on, a keyframe is looked for near it.
            record: of the request.

        Yields:
            The picture of each place, where there is one.

        Raises:
            FramefetchError: as reading and decoding do.
        """
        for place in places:
            with suppress(NotUnderstood):
                with record.stage("index"):
                    film, take = self.finder.key_after(opened, place)
                with closing(film), self._room(film, record):
                    with record.stage("decode"):
                        picture = take()
                    yield picture

    def _in_one_pass(
        self, opened: FilmObject, index: VideoIndex, plans: Sequence[ReadPlan], record: Record
    ) -> Iterator[tuple[int, Picture]]:
        from framefetch.film import album  # noqa: PLC0415 - rare: no part of a start

        left, least_bytes = dict(enumerate(plans)), 0
        while True:
            numbers = list(left)
            try:
                with (
                    closing(open_film(index, self.settings, record.budget)) as film,
                    self._room(film, record, least_bytes, album.BATCH_BYTES),
                    closing(album.take_all(opened.pinned, index, list(left.values()), film)) as taken,
                ):
                    while True:
                        with record.stage("decode"):
                            found = next(taken, None)
                        if found is None:
                            return
                        at, picture = found
                        del left[numbers[at]]
                        yield numbers[at], picture
            except Outgrown as fault:
                least_bytes = max(fault.wanted_bytes, 2 * least_bytes)


def _plans(index: VideoIndex, times_ms: Sequence[int], mode: Mode) -> tuple[list[ReadPlan], list[list[int]]]:
    """One plan for each picture, and the numbers of the times that it answers."""
    plans: dict[int, ReadPlan] = {}
    numbers: dict[int, list[int]] = {}
    for number, at_ms in enumerate(times_ms):
        with suppress(NotUnderstood):
            plan = make_plan(index, at_ms, mode)
            target = plan.samples[-1].number
            plans.setdefault(target, plan)
            numbers.setdefault(target, []).append(number)
    return list(plans.values()), list(numbers.values())
