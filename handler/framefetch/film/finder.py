"""From an object to its film: which way leads to the picture, and what is known of it already.

An index that was read before comes first, then the container's own index reader, then FFmpeg's
demuxer, which takes every film. Each way ends in an opened decoder and a function that takes the
picture; one that raises `NotUnderstood` makes room for the next. What they have in common is the
object that they read from, opened once and pinned to one version.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import closing
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from framefetch.containers.index import FlatTable, IndexBytes, NotUnderstood, VideoIndex
from framefetch.containers.sniff import HEAD_BYTES
from framefetch.ffmpeg.decode import Film
from framefetch.film import indexed
from framefetch.film.index_cache import IndexCache, Known
from framefetch.film.opened import OPENING_BYTES, FilmObject
from framefetch.plan import keyframe_times_s
from framefetch.process import Mode, SnapshotRequest
from framefetch.sources.fetch import PinnedObject
from framefetch.sources.versions import open_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from framefetch.ffmpeg.decode import Picture
    from framefetch.ffmpeg.reader import RangeReader
    from framefetch.observe import Record
    from framefetch.settings import Settings
    from framefetch.sources import Source

    Way = Callable[[], tuple[Film, Callable[[], Picture]]]
    """Opens a film, and gives what takes the picture of it."""

_REACH_BYTES = 2 << 20
"""How far the opening answer can be read on, where reading it on costs less than asking again."""
_REMEMBERED = 10_000
"""Films of which it is remembered that they were asked for."""
_INDEX_LAST = (".mp4", ".mov", ".m4v", ".3gp", ".f4v", ".qt")


class Finder:
    """Opens objects and finds the ways to their pictures; shared by all requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        folder = settings.cache_folder if settings.index_cache == "folder" else None
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._indexes = IndexCache(settings.cache_mb << 20, folder) if settings.index_cache != "off" else None

    def open(
        self, source: Source, name: str, key: str, version: str | None, record: Record, *, briefly: bool
    ) -> FilmObject:
        """Opens an object.

        Args:
            source: where it is.
            name: of the source and its bucket, the same for all processes.
            key: of the object.
            version: of it; None: the current one.
            record: of the request.
            briefly: the request may end with what the first answer says: read next to nothing.

        Raises:
            FramefetchError: as `StoredObject.get`.
        """
        pinned = PinnedObject(open_version(source, key, version), record.budget, record.trace)
        try:
            label = "\n".join((name, key, version or ""))
            known = self._indexes.find(label) if self._indexes and not briefly else None
            record.facts["index"] = "known" if known else "new"
            if known is not None:
                # Pinned to the version that the index is of: whether it still is, the samples' answer tells.
                pinned.expect(known.info)
                head = known.index.pieces[0][1] if isinstance(known.index, IndexBytes) else None
                return FilmObject(pinned, label, self.forget, head, known)
            if briefly:
                head = pinned.open(0, HEAD_BYTES)
            elif self._index_may_be_last(source, key):
                head = pinned.open_ends(OPENING_BYTES, _REACH_BYTES, self._settings.tail_bytes)
            else:
                head = pinned.open(0, OPENING_BYTES)
            return FilmObject(pinned, label, self.forget, head)
        except BaseException:
            pinned.close()
            raise

    def recall(self, film_object: FilmObject, record: Record) -> None:
        """Takes up what is known of an object that was opened briefly, if it is of this version."""
        known = self._indexes.find(film_object.label) if self._indexes else None
        met = film_object.pinned.info
        if known is not None and (known.info.etag, known.info.version_id) == (met.etag, met.version_id):
            record.facts["index"] = "known"
            film_object.take_up(known)

    def _index_may_be_last(self, source: Source, key: str) -> bool:
        """Whether the end of an object is worth asking for before anything is known of it.

        MP4 and its kin are; a folder has no round trips to save.
        """
        worth_it = self._settings.tail_bytes > 0 and self._settings.index == "own"
        is_far = source.suffix_ranges and source.kind != "folder"
        return worth_it and is_far and key.lower().endswith(_INDEX_LAST)

    def ways(self, film_object: FilmObject, request: SnapshotRequest) -> Iterator[Way]:
        """The ways to a picture, the best one first."""
        known = film_object.known.index if film_object.known is not None else None
        if isinstance(known, VideoIndex):
            yield partial(self._by_index, film_object, known, request)
        elif self._settings.index == "own" and film_object.container() in indexed.WALKS:
            yield partial(self._by_own_index, film_object, request)
        yield partial(self._by_demuxer, film_object, request)

    def _by_own_index(
        self, film_object: FilmObject, request: SnapshotRequest
    ) -> tuple[Film, Callable[[], Picture]]:
        pinned = film_object.pinned
        container = film_object.container()
        whole = self._indexes is not None and self._was_asked(film_object.label)
        seen = indexed.Seen(film_object.seen())
        try:
            index = indexed.read_index(pinned, seen, container, request, whole=whole)
        except NotUnderstood as fault:
            film_object.is_checked = fault.claims_seen
            raise
        self._keep(film_object, index, seen)
        film, take = self._by_index(film_object, index, request)
        return film, partial(_of_today, pinned, take)

    def whole_index(self, film_object: FilmObject) -> VideoIndex | None:
        """The index of a film with tables of all its samples; None where it is read bit by bit, or by FFmpeg.

        Which of both does not depend on what is known of the film already.

        Raises:
            FramefetchError: as `indexed.read_index`.
        """
        known = film_object.known.index if film_object.known is not None else None
        if isinstance(known, VideoIndex):
            return None if isinstance(known.table, FlatTable) else known
        if known is not None or self._settings.index != "own" or film_object.container() != "mov":
            return None
        seen = indexed.Seen(film_object.seen())
        try:
            index = indexed.read_index(film_object.pinned, seen, "mov", SnapshotRequest(), whole=True)
        except NotUnderstood:
            return None
        self._keep(film_object, index, seen)
        return None if isinstance(index.table, FlatTable) or not index.whole else index

    def described(self, film_object: FilmObject) -> VideoIndex | None:
        """The index of an MP4 or MOV as `whole_index` has it, or of its first picture, read anew.

        What is told of all its streams is not kept with an index. None for what FFmpeg is to describe.

        Raises:
            FramefetchError: as `indexed.read_index`.
        """
        if self._settings.index != "own" or film_object.container() != "mov":
            return None
        seen = indexed.Seen(((0, film_object.head()),))
        try:
            index = indexed.read_index(film_object.pinned, seen, "mov", SnapshotRequest(), whole=True)
        except NotUnderstood:
            return None
        self._keep(film_object, index, seen)
        return index

    def demuxed(self, film_object: FilmObject) -> Film:
        """A film opened by FFmpeg's demuxer.

        Raises:
            FramefetchError: as `Film` and its reader.
        """
        film, _ = self._by_demuxer(film_object, SnapshotRequest())
        return film

    def stated_length_ms(self, film_object: FilmObject) -> Fraction | None:
        """How long a film is by what FFmpeg's demuxer knows; None where that is nothing."""
        with closing(self.demuxed(film_object)) as film:
            return film.stated_length_ms

    def _keep(self, film_object: FilmObject, index: VideoIndex, seen: indexed.Seen) -> None:
        """Remembers an index, or where it is read bit by bit what was read of it."""
        kept: VideoIndex | IndexBytes = index
        if not index.whole and not index.sliced:
            if film_object.known is not None and not seen.has_more:
                return
            kept = IndexBytes(index.size, tuple(seen.pieces))
        known = Known(film_object.info, kept)
        if not index.sliced:
            # The next picture that this request takes begins with it.
            film_object.known = known
        if self._indexes is not None:
            self._indexes.keep(film_object.label, known)

    def _was_asked(self, label: str) -> bool:
        """Whether an unknown film was asked for before: then all of its index is worth reading."""
        with self._lock:
            asked = label in self._asked
            self._asked[label] = None
            if len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
            return asked

    def _by_index(
        self, film_object: FilmObject, index: VideoIndex, request: SnapshotRequest
    ) -> tuple[Film, Callable[[], Picture]]:
        film = indexed.open_film(index, self._settings, film_object.pinned.budget)
        return film, partial(indexed.find_picture, film_object.pinned, index, request, film)

    def _by_demuxer(
        self, film_object: FilmObject, request: SnapshotRequest
    ) -> tuple[Film, Callable[[], Picture]]:
        from framefetch.ffmpeg import demux  # noqa: PLC0415 - rare: no part of a start

        pinned = film_object.pinned
        if film_object.container() == "mov" and not film_object.is_checked:
            indexed.check_index(pinned, film_object.head())
        film, reader = self._demuxed(film_object)
        aimed = reader if self._settings.index == "own" else None
        return film, partial(demux.find_picture, film, request.at_ms, request.mode, reader=aimed)

    def _demuxed(self, film_object: FilmObject) -> tuple[Film, RangeReader]:
        from framefetch.containers.opening import opening_ranges  # noqa: PLC0415 - rare, as above

        reader = film_object.reader(self._settings.block_bytes)
        container = film_object.container()
        for start, stop in opening_ranges(container, film_object.head(), film_object.info.size):
            reader.hold(start, stop)
        return Film(reader, container, self._settings, film_object.pinned.budget), reader

    def key_after(self, film_object: FilmObject, place: int) -> tuple[Film, Callable[[], Picture]]:
        """The way to the first keyframe from a place in the object on, whenever it is shown.

        One request leads to it. It is for films of which nothing tells where their keyframes are.

        Args:
            film_object: the film.
            place: in bytes.

        Raises:
            NotUnderstood: something does tell, or there is no keyframe near.
            FramefetchError: as reading and opening do.
        """
        from framefetch.ffmpeg import demux  # noqa: PLC0415 - rare, as above

        container = film_object.container()
        if self._settings.index == "own" and container in indexed.WALKS:
            seen = indexed.Seen(film_object.seen())
            try:
                index = indexed.read_index_after(film_object.pinned, seen, container, place)
            finally:
                if seen.has_more:
                    pieces = IndexBytes(film_object.info.size, tuple(seen.pieces))
                    film_object.known = Known(film_object.info, pieces)
            at_ms = max(0, ceil(keyframe_times_s(index, 1)[0] * 1000))
            return self._by_index(film_object, index, SnapshotRequest(at_ms=at_ms, mode=Mode.FAST))
        if self._settings.index != "own" or container not in demux.SEARCHED:
            raise NotUnderstood("this container is not searched")
        film, reader = self._demuxed(film_object)
        return film, partial(demux.find_key_after, film, place, reader)

    def forget(self, label: str) -> None:
        """An index is of a version that is no more."""
        if self._indexes is not None:
            self._indexes.forget(label)


def _of_today(pinned: PinnedObject, take: Callable[[], Picture]) -> Picture:
    """The picture, of the version that the object has now, also where all of its bytes were known."""
    picture = take()
    if not pinned.trace.requests:
        pinned.read(0, 1, "open")
    return picture
