"""The way through an MP4 or MOV: which bytes lead to its index. See `Pull`.

It never does I/O, never asks outside the object, and asks a bounded number of times.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.index import AFTER_BYTES, NotUnderstood, VideoIndex
from framefetch.containers.isobmff import header_film
from framefetch.containers.isobmff.beginning import read_beginning
from framefetch.containers.isobmff.boxes import HEADER_BYTES, Box, BoxHeader, box_header
from framefetch.containers.isobmff.claims.movie import check_claims, check_gaps
from framefetch.containers.isobmff.clock import earliest, track_start
from framefetch.containers.isobmff.edits import apply_edits
from framefetch.containers.isobmff.long.outline import FIRST_BYTES, Unusual
from framefetch.containers.isobmff.long.places import Place
from framefetch.containers.isobmff.streams import streams_of
from framefetch.containers.isobmff.tables import description_used, read_tables
from framefetch.containers.isobmff.tracks import read_movie
from framefetch.containers.pull import Pull
from framefetch.errors import CorruptFilm, ImageTooLarge, UnsupportedFormat
from framefetch.round_trips import GAP_BYTES
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from framefetch.containers.index import Need, SampleTable, Segment
    from framefetch.containers.isobmff.tracks import Movie, SampleEntry, Track

MAX_INDEX_BYTES = 64 << 20
LONG_BYTES = 2 << 20
"""A movie box above this is not read as a whole: below, that costs less than the further requests."""
MAX_HOPS = 16
"""Times that the way to the movie box may lead past what is held; real films need one."""
MAX_BOXES = 4096
_MAX_FTYP_BYTES = 4096
_STILLS = frozenset(b"heic heix heim heis hevc hevx avif avis mif1 msf1".split())


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the movie box is, and what came before it."""

    ftyp: Box | None
    moov: Place


class Walk(Pull):
    """Reads one object.

    Args:
        size: of the object, in bytes.
        at_ms: t, on the presentation clock: in a fragmented film only the fragments around it are read.
        max_index_bytes: the largest movie box that is read.
        wanted: which samples of a film one picture needs: from the first to before the last number. Then
            only slices are read of a long film's tables, and the index is good for that picture only;
            None: all of the video's tables are read.
        fast: whether that picture is a keyframe.
        long_bytes: a movie box above this is long.
        after: any keyframe from this place of a fragmented film without a directory on is wanted, whatever t.
    """

    def __init__(
        self,
        size: int,
        at_ms: int = 0,
        max_index_bytes: int = MAX_INDEX_BYTES,
        *,
        wanted: Callable[[VideoIndex], tuple[int, int]] | None = None,
        fast: bool = False,
        long_bytes: int = LONG_BYTES,
        after: int | None = None,
    ) -> None:
        super().__init__(size, 4 * max_index_bytes, in_full=after is None)
        self._after = after
        self._at = Fraction(at_ms, 1000)
        self._max_index_bytes = max_index_bytes
        self._wanted = wanted
        self._fast = fast
        self._long_bytes = long_bytes

    def _walk(self) -> Generator[Need, None, VideoIndex]:
        found = yield from self._find_movie()
        if found.moov.stop - found.moov.start > self._long_bytes:
            # What is not understood by hops goes to FFmpeg only when the whole box is not understood
            # either: there every track's claims are looked at before.
            with suppress(Unusual, NotUnderstood):
                return (yield from self._long(found))
        elif self._wanted is not None and found.moov.stop < self._size:
            with suppress(Unusual, NotUnderstood):
                return (yield from self._begun(found, self._wanted))
        moov = yield from self._movie(found.moov)
        try:
            return (yield from self._read(found, moov))
        except NotUnderstood as fault:
            check_gaps(moov, self._size)
            fault.claims_seen = True
            raise

    def _begun(
        self, found: _Found, wanted: Callable[[VideoIndex], tuple[int, int]]
    ) -> Generator[Need, None, VideoIndex]:
        """The index of a film of whose movie box no more is read than has to be, for one picture.

        The request for it reaches further, and is broken off. (Where the box is the last one, the request
        ends with it, and its connection is good for another.)
        """
        self._make_room(found.moov)
        moov = yield from read_beginning(self, found.moov, self._size)
        index = yield from self._read(found, moov, whole=False)
        first, _ = wanted(index)
        if index.table.places(first, first + 1)[0][0] < found.moov.stop + GAP_BYTES:
            # The same request goes on to the samples.
            yield from self._movie(found.moov)
        return index

    def _read(self, found: _Found, moov: Box, *, whole: bool = True) -> Generator[Need, None, VideoIndex]:
        """The index of a film whose movie box is there: as a whole, or up to the end of the video."""
        check_claims(moov, self._size)
        movie = read_movie(moov, self._size)
        track = movie.video()
        entries = track.entries()
        if track.external:
            raise NotUnderstood("the samples may be in another file")
        used = description_used(track.tables)
        if not 1 <= used <= len(entries):
            raise NotUnderstood("no sample description for the samples")
        if movie.fragment_defaults and track.samples:
            # A camera that got to finish its film leaves no fragments behind.
            yield from self._expect_no_fragments(found.moov.stop)
        elif track.id in movie.fragment_defaults:
            from framefetch.containers.isobmff.fragmented.walk import FragmentWalk  # noqa: PLC0415 - rare: no part of a start

            walk = FragmentWalk(self, self._size, self._at, movie, track)
            if self._after is not None:
                self._held.reserve(self._after, min(self._size, self._after + AFTER_BYTES))
            made = yield from walk.run(found.moov.stop, self._after)
            if not 1 <= made.description <= len(entries):
                raise NotUnderstood("no sample description for the fragments' samples")
            film = (found.ftyp, movie, track, entries[made.description - 1])
            return self._index(film, made.table, made.segments, made.zero_s, whole=made.whole, ends=made.ends)
        if self._after is not None:
            raise NotUnderstood("tables say where keyframes are")
        table = read_tables(track.tables, self._size)
        segments = apply_edits(track.edits, table, track.timescale, movie.timescale)
        start_s = track_start(movie, track) or Fraction(0)
        if start_s > 0 and not whole:
            # Another track may come first.
            raise Unusual
        others = (one for one in movie.tracks if one is not track and one.samples)
        zero_s = earliest(start_s, ((one.handler, track_start(movie, one)) for one in others))
        film = (found.ftyp, movie, track, entries[used - 1])
        return self._index(film, table, segments, zero_s, ends=table.count == track.samples)

    def _long(self, found: _Found) -> Generator[Need, None, VideoIndex]:
        """The index of a long film: all of it, or of one picture."""
        from framefetch.containers.isobmff.long.walk import LongWalk  # noqa: PLC0415 - rare: no part of a start

        sliced = self._wanted is not None
        walk = LongWalk(self, self._size, self._at, found.moov, sliced=sliced, fast=self._fast)
        for all_delays in (False, True):
            film = yield from walk.run(whole=all_delays)
            index = self._index(
                (found.ftyp, film.movie, film.track, film.entry),
                film.table,
                film.segments,
                film.zero_s,
                whole=not sliced,
                ends=film.table.count == film.track.samples,
                sliced=sliced,
                closed=film.closed,
            )
            if self._wanted is None:
                break
            first, stop = self._wanted(index)
            if film.answers(first, stop):
                yield from walk.read_places(film.table, first, stop)
                break
        return index

    def _find_movie(self) -> Generator[Need, None, _Found]:
        """Follows the boxes from the start of the object to its movie box."""
        ftyp: Box | None = None
        at = hops = seen = 0
        while self._size - at >= 8:
            hops += self._held.gap(at, min(at + HEADER_BYTES, self._size)) is not None
            seen += 1
            if hops > MAX_HOPS or seen > MAX_BOXES:
                raise NotUnderstood("the movie box is too far away")
            header = yield from self._top_header(at)
            if header.kind == b"moof":
                raise NotUnderstood("fragments before the movie box")
            stop = self._size if header.size is None else at + header.size
            if header.kind == b"moov":
                return _Found(ftyp, self._place(at, stop, header))
            if (
                header.kind == b"ftyp"
                and ftyp is None
                and stop - at <= _MAX_FTYP_BYTES
                and stop <= self._size
            ):
                whole = yield from self.read(at, stop)
                ftyp = Box(b"ftyp", whole[header.bytes :], whole, at)
                if bytes(ftyp.body[:4]) in _STILLS:
                    raise NotUnderstood("a still picture, or a sequence of them")
            at = stop
        if not seen:
            raise UnsupportedFormat
        raise CorruptFilm(
            "The video has no index.", hint="Is the upload complete?", detail="no moov up to the object's end"
        )

    def _expect_no_fragments(self, at: int) -> Generator[Need, None, None]:
        """Follows the boxes from the movie box to the end of the object."""
        for _ in range(MAX_HOPS):
            if self._size - at < 8:
                return
            header = yield from self._top_header(at)
            if header.kind == b"moof":
                raise NotUnderstood("samples in the movie box, and in fragments")
            at = self._size if header.size is None else at + header.size
        raise NotUnderstood("too many boxes after the movie box")

    def _top_header(self, at: int) -> Generator[Need, None, BoxHeader]:
        left = self._size - at
        ask = self._size if left <= self._long_bytes and at else at + FIRST_BYTES
        head = yield from self.read(at, min(at + HEADER_BYTES, self._size), ask)
        header = box_header(head)
        if header is None:
            raise NotUnderstood("a box's header is cut short")
        return header

    def _place(self, start: int, stop: int, header: BoxHeader) -> Place:
        if stop - start > self._max_index_bytes:
            raise ImageTooLarge(
                "The video's index is larger than the limits of this service.",
                detail=f"moov of {stop - start} bytes",
            )
        if stop > self._size:
            raise CorruptFilm("The video's index is cut short.", hint="Is the upload complete?")
        return Place(header.kind, start, start + header.bytes, stop)

    def _make_room(self, place: Place) -> None:
        """One place in memory for a box that arrives in pieces."""
        if self._held.gap(place.start, place.stop) is not None:
            self._held.reserve(place.start, place.stop)

    def _movie(self, place: Place) -> Generator[Need, None, Box]:
        self._make_room(place)
        whole = yield from self.read(place.start, place.stop)
        return Box(place.kind, whole[place.body - place.start :], whole, place.start)

    def _index(
        self,
        film: tuple[Box | None, Movie, Track, SampleEntry],
        table: SampleTable,
        segments: tuple[Segment, ...],
        zero_s: Fraction,
        *,
        whole: bool = True,
        ends: bool = True,
        sliced: bool = False,
        closed: bool = False,
    ) -> VideoIndex:
        ftyp, movie, track, entry = film
        return VideoIndex(
            size=self._size,
            codec=entry.codec,
            nal_length_bytes=entry.nal_length_bytes,
            top_temporal_layer=entry.top_temporal_layer,
            width=entry.width,
            height=entry.height,
            header=header_film.header_film(ftyp, movie, track, entry),
            header_format=header_film.FORMAT,
            timescale=track.timescale,
            zero=zero_s * track.timescale,
            segments=segments,
            table=table,
            whole=whole,
            ends=ends,
            sliced=sliced,
            closed=closed,
            streams=streams_of(movie, track),
            held=None if self._after is None else self._held,
        )
