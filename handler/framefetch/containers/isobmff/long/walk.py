"""The way through a movie box that is too long to be read as a whole, to one picture.

The tracks' headers are read by hops; of the video's tables those that say when pictures are shown as
they are, those that say where they are in slices. The long ``ctts`` is read up to half a minute after t
(nothing is decoded later than that), and in fast mode left out where `steady` allows it. Whatever is
unusual ends in `Unusual`, and the whole box is read after all.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.boxes import Box
from framefetch.containers.isobmff.clock import earliest, track_start
from framefetch.containers.isobmff.counts import sample_count
from framefetch.containers.isobmff.edits import apply_edits
from framefetch.containers.isobmff.long.guess import Guess, delays_until
from framefetch.containers.isobmff.long.outline import Outline, Unusual
from framefetch.containers.isobmff.long.slices import Slices
from framefetch.containers.isobmff.long.steady import first_delays, steady_delay, steady_runs
from framefetch.containers.isobmff.run_table import LIST_AT, Runs, RunTable
from framefetch.containers.isobmff.tables import (
    description_used,
    read_columns,
    read_delays,
    read_keys,
    read_steps,
    read_tables,
)
from framefetch.containers.isobmff.tracks import read_movie

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.index import Need, Segment
    from framefetch.containers.isobmff.long.places import Hinting, Place
    from framefetch.containers.isobmff.tracks import Movie, SampleEntry, Track

SIZES_AT = 12
"""Where the entries of an ``stsz`` start in its body."""
_HEAD_BYTES = 16
"""Of the body of a table: what tells how much is in it, and its first entry."""
_AS_THEY_ARE = (b"stsd", b"stts", b"stss", b"stps", b"rap ", b"stsc", b"stz2")
_NOT_LOOKED_AT = frozenset({b"sgpd", b"subs", b"saiz", b"saio"})
_LATEST_S = 20
"""No picture is decoded so long after it is shown: no player could show it."""
_LEFT_OUT_ABOVE_BYTES = 64 << 10
_IDR_CODECS = frozenset({"avc1", "avc3"})


@dataclass(frozen=True, slots=True)
class LongFilm:
    """What an index is made of.

    Attributes:
        closed: as `VideoIndex.closed`.
        covered: of how many samples, from the first on, it is known when they are shown.
    """

    movie: Movie
    track: Track
    entry: SampleEntry
    table: RunTable
    segments: tuple[Segment, ...]
    zero_s: Fraction
    closed: bool
    covered: int

    def answers(self, first: int, stop: int) -> bool:
        """Whether the plan for a picture can be believed.

        Args:
            first: the sample with which decoding starts.
            stop: one past the picture's own.
        """
        if self.closed:
            return stop == first + 1 and self.table.key_before(first) == first
        if self.covered == self.table.count:
            return True
        shown = self.table.dts(stop - 1) + self.table.delays(stop - 1, stop)[0]
        latest = shown + _LATEST_S * self.track.timescale
        return stop <= self.covered and latest <= self.table.dts(self.covered)


class LongWalk:
    """Reads one long movie box.

    Args:
        reading: how its bytes are had.
        size: of the object, in bytes.
        at: t, in seconds.
        moov: where the box is.
        sliced: whether to read slices, for one picture; else the whole tables of the video.
        fast: whether that picture is a keyframe.
    """

    def __init__(
        self, reading: Hinting, size: int, at: Fraction, moov: Place, *, sliced: bool, fast: bool
    ) -> None:
        self._reading = reading
        self._size = size
        self._at = at
        self._fast = fast
        self._sliced = sliced
        self._outline = Outline(reading, moov, Guess(reading, at if sliced else None, fast=fast))
        self._places: dict[bytes, Place] = {}
        self._movie: Movie | None = None

    def run(self, *, whole: bool) -> Generator[Need, None, LongFilm]:
        """Reads what tells when the pictures are shown.

        Args:
            whole: whether all of ``ctts`` is to be read; else `LongFilm.answers` tells what it is good for.

        Raises:
            Unusual: the box is to be read as a whole.
            The errors of `Walk.feed`.
        """
        if self._movie is None:
            self._movie = read_movie((yield from self._outline.run()), self._size)
        movie = self._movie
        video = movie.video()
        entries = video.entries()
        if video.external:
            raise NotUnderstood("the samples may be in another file")
        stbl = self._outline.tables[movie.tracks.index(video)]
        if not self._sliced:
            yield from self._whole(stbl.start, stbl.stop)
        self._places = yield from self._find_tables(stbl)
        boxes = yield from self._boxes()
        used = description_used(boxes)
        if not 1 <= used <= len(entries):
            raise NotUnderstood("no sample description for the samples")
        entry = entries[used - 1]
        closed = False
        if not self._sliced:
            table = read_tables(boxes, self._size)
            covered = table.count
        else:
            count = sample_count(boxes, self._size)
            if not count:
                raise NotUnderstood("a track without samples")
            covered = count
            spread = None
            if not whole and self._fast:
                spread = self._steady(boxes, count, video, entry)
                closed = spread is not None
            elif not whole:
                begin = yield from self._beginning(boxes, count, video)
                covered, spread = begin or (count, None)
            if spread is None and b"ctts" in self._places:
                boxes[b"ctts"] = yield from self._box(self._places[b"ctts"])
                spread = read_delays(boxes, count)
            table = read_columns(boxes, count, spread, *self._slices(boxes, count))
        track = replace(video, tables=boxes, samples=sample_count(boxes, self._size))
        segments = apply_edits(track.edits, table, track.timescale, movie.timescale)
        zero_s = yield from self._zero(movie, video, track)
        return LongFilm(movie, track, entry, table, segments, zero_s, closed, covered)

    def read_places(self, table: RunTable, first: int, stop: int) -> Generator[Need, None, None]:
        """Reads where a stretch of samples is, and that the object has the last sample of all.

        Raises:
            Unusual: it does not.
        """
        last = len(table.chunks) - 1
        stretches = [(table.chunk_of(first), stop), (last, table.count)]
        wanted: list[tuple[Slices, Place, int, str, int, int]] = []
        for chunk, until in stretches:
            if isinstance(table.chunks, Slices):
                place = self._places.get(b"co64") or self._places[b"stco"]
                code = "Q" if place.kind == b"co64" else "I"
                after = table.chunk_of(until - 1) + 1
                wanted.append((table.chunks, place, LIST_AT, code, chunk, after))
            if isinstance(table.sizes, Slices):
                start = table.chunk_samples(chunk)[0]
                wanted.append((table.sizes, self._places[b"stsz"], SIZES_AT, "I", start, until))
        ranges = [_entries(place, at, code, one, two) for _, place, at, code, one, two in wanted]
        self._reading.hint(ranges)
        for (slices, place, _, code, one, two), (start, end) in zip(wanted, ranges, strict=True):
            body = yield from self._reading.read(start, end)
            numbers = Box(place.kind, body, body, start).numbers(0, two - one, code)
            slices.pieces.append((one, numbers))
        if table.chunk_stop(last) > self._size:
            raise Unusual

    def _find_tables(self, stbl: Place) -> Generator[Need, None, dict[bytes, Place]]:
        """The children of an ``stbl``, by kind, as `Track.tables` has them."""
        found: dict[bytes, Place] = {}
        at = stbl.body
        while (child := (yield from self._outline.next_child(stbl, at))) is not None:
            at = child.stop
            kind = child.kind
            if kind == b"sbgp":
                head = yield from self._head(child)
                if head.u32(4) != int.from_bytes(b"rap ", "big"):
                    continue
                kind = b"rap "
            if kind in _NOT_LOOKED_AT:
                continue
            if kind in found:
                raise NotUnderstood(f"two {kind!r} in one track")
            found[kind] = child
        return found

    def _boxes(self) -> Generator[Need, None, dict[bytes, Box]]:
        """The tables that are read as they are; of the others the heads."""
        boxes: dict[bytes, Box] = {}
        for kind, place in self._places.items():
            as_it_is = kind in _AS_THEY_ARE or not self._sliced
            boxes[kind] = yield from (self._box(place) if as_it_is else self._head(place))
        return boxes

    def _box(self, place: Place) -> Generator[Need, None, Box]:
        whole = yield from self._whole(place.start, place.stop)
        return Box(place.kind, whole[place.body - place.start :], whole, place.start)

    def _head(self, place: Place) -> Generator[Need, None, Box]:
        stop = min(place.stop, place.body + _HEAD_BYTES)
        whole = yield from self._reading.read(place.start, stop)
        return Box(place.kind, whole[place.body - place.start :], whole, place.start)

    def _whole(self, start: int, stop: int) -> Generator[Need, None, memoryview]:
        if not self._reading.has(start, stop):
            self._reading.hint([(start, stop)])
        return (yield from self._reading.read(start, stop))

    def _slices(self, boxes: dict[bytes, Box], count: int) -> tuple[Slices | int, Slices]:
        """Sizes and chunks, without any entry yet."""
        if b"stz2" in boxes or (b"stco" in boxes) == (b"co64" in boxes):
            raise Unusual
        box = boxes.get(b"co64") or boxes[b"stco"]
        chunks = Slices(box.u32(4))
        place = self._places[box.kind]
        code = "Q" if box.kind == b"co64" else "I"
        size = boxes[b"stsz"].u32(4)
        sizes = size or Slices(count)
        ends = [_entries(place, LIST_AT, code, 0, len(chunks))[1] - place.stop]
        if not size:
            place = self._places[b"stsz"]
            ends.append(_entries(place, SIZES_AT, "I", 0, count)[1] - place.stop)
        if max(ends) > 0 or not len(chunks):
            raise Unusual
        return sizes, chunks

    def _steady(self, boxes: dict[bytes, Box], count: int, video: Track, entry: SampleEntry) -> Runs | None:
        """One delay for all samples: right for all keyframes that are IDR pictures, and for no others."""
        place = self._places.get(b"ctts")
        if place is None or entry.codec not in _IDR_CODECS or not entry.nal_length_bytes:
            return None
        there = self._reading.there(place.body, place.stop)
        if place.stop - place.body - len(there) <= _LEFT_OUT_ABOVE_BYTES:
            return None
        delays = first_delays(there)
        if delays is None:
            return None
        delay = steady_delay(delays, read_steps(boxes, count), read_keys(boxes, count))
        shown = [edit for edit in video.edits if edit.media_time >= 0]
        if delay is None or len(shown) > 1 or any(edit.media_time > delay for edit in shown):
            return None
        return steady_runs(delay, count)

    def _beginning(
        self, boxes: dict[bytes, Box], count: int, video: Track
    ) -> Generator[Need, None, tuple[int, Runs] | None]:
        """The delays up to some time after t, and of how many samples they are; the rest is made up."""
        place = self._places.get(b"ctts")
        if place is None or sum(edit.media_time >= 0 for edit in video.edits) > 1:
            return None
        stop = delays_until(place, read_steps(boxes, count), self._at, video.timescale)
        if stop is None:
            return None
        delays = first_delays((yield from self._whole(place.body, stop)))
        if delays is None or delays.total >= count:
            return None
        stops, values = array("Q", delays.stops), array("i", delays.values)
        stops.append(count)
        values.append(values[-1])
        return delays.total, Runs(stops, values)

    def _zero(self, movie: Movie, video: Track, track: Track) -> Generator[Need, None, Fraction]:
        """When the presentation starts, in seconds. Other tracks matter only where the video starts late."""
        starts = track_start(movie, track) or Fraction(0)
        others = []
        for other, stbl in zip(movie.tracks, self._outline.tables, strict=True):
            if other is not video and starts > 0:
                boxes: dict[bytes, Box] = {}
                for kind, place in (yield from self._find_tables(stbl)).items():
                    boxes[kind] = yield from self._head(place)
                if sample_count(boxes, self._size):
                    others.append((other.handler, track_start(movie, replace(other, tables=boxes))))
        return earliest(starts, others)


def _entries(place: Place, at: int, code: str, first: int, stop: int) -> tuple[int, int]:
    """Where a stretch of a table's entries is in the object."""
    width = 8 if code == "Q" else 4
    return place.body + at + width * first, place.body + at + width * stop
