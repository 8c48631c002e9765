"""Where in the file the reading for one picture should start, and what of it will be needed.

FFmpeg seeks by many small reads, each of which waits for the one before; in some containers it reads
all from the start. In goes a time, out comes the place to start at, with the bytes from there to the
picture fetched in few ranges. Nothing here decides anything: whoever seeks checks where it landed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.index import AFTER_BYTES, NotUnderstood
from framefetch.containers.searched.flv import flv_form
from framefetch.containers.searched.ps import ps_form
from framefetch.containers.searched.search import Search
from framefetch.containers.searched.ts import ts_form
from framefetch.round_trips import WHOLE_BYTES

if TYPE_CHECKING:
    from framefetch.containers.searched.places import Form
    from framefetch.containers.searched.search import Stretch
    from framefetch.ffmpeg.decode import Film
    from framefetch.ffmpeg.reader import RangeReader

_HEAD_BYTES = 4096
_MAX_EXPECTED_BYTES = 16 << 20
_DELAYED = 8
"""Pictures behind the wanted one that a decoder takes before it gives it out."""


class Aim:
    """Aims at times in one film.

    Args:
        film: just opened.
        reader: what it reads from.
        first: the time of its first picture, in its stream's time base.
    """

    def __init__(self, film: Film, reader: RangeReader, first: int) -> None:
        self._film = film
        self._reader = reader
        self._first = first
        entries = film.stream.index_entries
        # FFmpeg's index grows as it reads, with holes in it: only what the film itself says counts.
        self._indexed_until = entries[-1].timestamp if len(entries) else first
        # FFmpeg may seek as it likes in a film that is here as a whole.
        self._search = self._make_search() if reader.size > WHOLE_BYTES else None

    def _make_search(self) -> Search | None:
        try:
            form = self._form()
        except NotUnderstood:
            return None
        if form is None:
            return None
        return Search(form, self._reader.size, round(1 / self._film.time_base))

    def _form(self) -> Form | None:
        film = self._film
        codec = film.stream.codec_context.name
        if film.demuxer == "mpegts":
            return ts_form(self._reader.hold(0, _HEAD_BYTES), film.stream.id, codec)
        if film.demuxer == "mpeg" and 0xE0 <= film.stream.id & 0xFF <= 0xEF:
            return ps_form(film.stream.id & 0xFF, codec)
        return flv_form() if film.demuxer == "flv" else None

    def at(self, wanted: int) -> int | None:
        """Where to read on for the picture at a time: at its keyframe.

        Args:
            wanted: in the stream's time base.

        Returns:
            A place in the file; None when FFmpeg is to seek by itself.
        """
        if self._search is None:
            self._expect(wanted)
            return None
        steps = self._search.stretch(self._first, wanted)
        try:
            need = next(steps)
            while True:
                need = steps.send(self._reader.hold(need.start, need.stop))
        except StopIteration as end:
            found: Stretch = end.value
        except NotUnderstood:
            self._search = None
            return None
        if found.stop - found.start <= _MAX_EXPECTED_BYTES:
            self._reader.hold(found.start, found.stop)
        return found.start

    def key_after(self, place: int) -> int | None:
        """Where to read on for the first keyframe from a place in the object on, which is then there.

        Returns:
            A place in the file; None when there is none near, or this container is not searched.

        Raises:
            NotUnderstood: the bytes are not what the container promises.
        """
        if self._search is None:
            return None
        key = self._search.first_key()
        stop = min(place + AFTER_BYTES, self._reader.size)
        self._reader.follow(place, stop, lambda held: key.is_in(held, place))
        return key.start

    def _expect(self, wanted: int) -> None:
        """Fetches what FFmpeg will read after it has sought by an index that the film brought."""
        entries = self._film.stream.index_entries
        if not self._first < wanted <= self._indexed_until:
            return
        key = entries.search_timestamp(wanted, backward=True)
        # The next entry, and not the next keyframe: where the index has all pictures, that is far less.
        after = entries.search_timestamp(wanted, backward=False, any_frame=True)
        if key < 0 or after < 0:
            return
        after = min(after + _DELAYED, len(entries) - 1)
        start, stop = entries[key].pos, entries[after].pos + entries[after].size
        if 0 <= start < stop <= start + _MAX_EXPECTED_BYTES:
            self._reader.hold(start, stop)
