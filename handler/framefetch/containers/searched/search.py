"""The way to a time in a film without an index: a pull state machine over its timed places.

In go the bytes that it asked for; out comes `Need`, and in the end a `Stretch`: from a keyframe at or
before the time to a little behind it. It interpolates between places that it has seen, which takes
two or three steps where the bit rate is even, and halves where it is not. Never does I/O, never asks
outside the object, and asks a bounded number of times; `NotUnderstood` when times do not grow.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framefetch.containers.index import Need, NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Generator

    from framefetch.containers.searched.places import Form, Place

_WINDOW_BYTES = 64 << 10
_LAST_WINDOW_BYTES = 256 << 10
"""The end of a film is audio, when that runs longer; missing the last picture costs another request."""
_MAX_WINDOW_BYTES = 4 << 20
"""A picture is the larger, the longer a stretch may be in which none begins."""
_MAX_STEPS = 24
_MAX_SEARCHED_BYTES = 48 << 20
"""In windows that large, FFmpeg's own way is not worse."""
_NEAR_BYTES = 512 << 10
_NEAR_S = 1.0
"""Near enough is the larger of the two: what lies between keyframe and picture is needed in any case."""
_BEHIND_BYTES = 256 << 10
"""What lies behind the picture is not."""
_DELAY_S = 0.4
"""How far behind a picture a decoder reads before it gives it out: reordering, and its threads."""
_DELAYED_PLACES = 12
"""The same, where the bit rate is not known."""
_AT_START_S = 2.0
"""So near to the start, most of what is needed was read when the film was opened."""
_BACK_S = 1.0
_BACK_GROWTH = 1.6
"""1, 2.6, 5.2, 9.3 s back from the picture: hardly more steps than doubling, and a third less in vain."""
_LEAST_BACK_BYTES = 128 << 10
_MOST_BACK_BYTES = 8 << 20
_RUN_UP = 2
"""Places before one that is not aligned, in which FFmpeg's parser falls into step."""
_OVERLAP_BYTES = 1 << 20
_MAX_GOP_BYTES = 96 << 20

if TYPE_CHECKING:
    Steps = Generator[Need, bytes, "Stretch"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is to be read for one picture: from a keyframe (or the film's start) on."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True, order=True)
class _Mark:
    """A place and its decode time, in ticks from the film's first."""

    position: int
    dts: int


class FirstKey:
    """Looks for the first keyframe in bytes as they arrive.

    Args:
        form: of the film.
        size: of the object, in bytes.

    Attributes:
        start: where to start reading for it; None: it is not there yet.
    """

    def __init__(self, form: Form, size: int) -> None:
        self._form = form
        self._size = size
        self._scanned = self._from = 0
        self.start: int | None = None

    def is_in(self, held: bytearray, start: int) -> bool:
        """Whether it is there, and behind it what a decoder takes before it gives it out.

        Args:
            held: bytes of the object, more each time.
            start: where they are, the same each time.

        Raises:
            NotUnderstood: the bytes are not what the container promises.
        """
        at_end = start + len(held) >= self._size
        if len(held) - self._scanned < _WINDOW_BYTES and not at_end:
            return False
        self._scanned = len(held)
        places = self._form.scan(bytes(held[self._from :]), start + self._from)
        for number, place in enumerate(places):
            run_up = 0 if place.is_aligned else _RUN_UP
            if place.is_key and number >= run_up:
                self.start = places[number - run_up].position
                self._from = self.start - start
                return at_end or len(places) > number + _DELAYED_PLACES
        if len(places) > _RUN_UP:
            # The last one may go on in bytes that are to come.
            self._from = places[-_RUN_UP - 1].position - start
        return False


class Search:
    """Looks for times in one film; what it learns for one helps with the next.

    Args:
        form: of the film.
        size: of the object, in bytes.
        ticks_a_second: of the times in it.
    """

    def __init__(self, form: Form, size: int, ticks_a_second: int) -> None:
        self._form = form
        self._size = size
        self._second = ticks_a_second
        self._marks: list[_Mark] = []
        self._first: Place | None = None
        self._window = _WINDOW_BYTES
        self._searched_bytes = 0

    def stretch(self, first_dts: int, wanted: int) -> Steps:
        """The stretch for the picture that is shown at a time.

        Args:
            first_dts: the time of the film's first picture as FFmpeg counts: without wrapping around.
            wanted: the time asked for, on the same count.

        Raises:
            NotUnderstood: the generic way is to look for it.
        """
        if self._first is None:
            self._first = next(iter((yield from self._places_from(0))), None)
        first = self._origin
        # Both count from the first picture's own time; which may be written some wraps away from FFmpeg's.
        turns = round((first_dts - first.dts) / self._form.wrap)
        at = wanted - turns * self._form.wrap - first.dts
        if at <= _AT_START_S * self._second:
            return Stretch(first.position, first.position)
        if not self._marks:
            yield from self._look_at_ends()
        stop, rate = yield from self._behind(at)
        return (yield from self._back(at, stop, rate))

    def first_key(self) -> FirstKey:
        """Looks for any keyframe in bytes from anywhere."""
        return FirstKey(self._form, self._size)

    @property
    def _origin(self) -> Place:
        if self._first is None:
            raise NotUnderstood("no picture begins in the film")
        return self._first

    def _look_at_ends(self) -> Generator[Need, bytes, None]:
        first = self._origin
        length = _LAST_WINDOW_BYTES
        tail: list[Place] = []
        while not tail and length <= _MAX_WINDOW_BYTES:
            tail = yield from self._scan(max(first.position, self._size - length), self._size)
            length *= 4
        self._note([first, *tail[-1:]])
        if len(self._marks) < 2:
            raise NotUnderstood("the film's last picture is not found")

    def _behind(self, at: int) -> Generator[Need, bytes, tuple[int, float]]:
        """A place not long after all that the picture at a time needs; bytes a tick around there."""
        delayed = at + round(_DELAY_S * self._second)
        halve, before = False, 4 * self._size
        ceiling, backward = self._size, _WINDOW_BYTES
        for _ in range(_MAX_STEPS):
            number = bisect_right(self._marks, at, key=lambda one: one.dts)
            if number == len(self._marks):
                low, high = self._marks[0], self._marks[-1]
                return self._size, (high.position - low.position) / (high.dts - low.dts)
            low, high = self._marks[number - 1], self._marks[number]
            between = high.position - low.position
            rate = between / (high.dts - low.dts)
            near = max(_NEAR_BYTES, round(rate * _NEAR_S * self._second))
            if between <= near or (high.dts - at) * rate <= max(_BEHIND_BYTES, near / 2):
                return high.position, rate
            if (delayed - low.dts) * rate <= near:
                stop = low.position + round((delayed - low.dts) * rate) + _WINDOW_BYTES
                return min(high.position, stop), rate
            # Where the bit rate is uneven, interpolation creeps: then the next step halves.
            halve, before = not halve and 2 * between > before, between
            guess = low.position + round(between / 2 if halve else (delayed - low.dts) * rate)
            guess = max(low.position + _WINDOW_BYTES, min(guess, min(ceiling, high.position) - backward))
            if not self._note((yield from self._places_from(guess))):
                # A large picture: none begins from here to the next place that is known.
                ceiling, backward, before = guess, 2 * backward, 4 * self._size
        raise NotUnderstood("the bit rate is too uneven")

    def _back(self, at: int, stop: int, rate: float) -> Steps:
        """From the last keyframe at or before a time on, looked for in ever larger pieces."""
        low = self._marks[0]
        piece = max(_LEAST_BACK_BYTES, min(round(rate * _BACK_S * self._second), _MOST_BACK_BYTES))
        start = stop
        while stop - start <= _MAX_GOP_BYTES:
            # What makes a place may begin before the border of two pieces and go on behind it.
            until = min(stop, start + _OVERLAP_BYTES)
            start = max(low.position, start - piece)
            if start == low.position:
                return Stretch(start, stop)
            places = yield from self._scan(start, until)
            for number in range(len(places) - 1, -1, -1):
                place = places[number]
                run_up = 0 if place.is_aligned else _RUN_UP
                if place.is_key and self._since_first(place.pts) <= at and number >= run_up:
                    return Stretch(places[number - run_up].position, stop)
            piece = min(round(_BACK_GROWTH * piece), _MOST_BACK_BYTES)
        raise NotUnderstood("no keyframe far and wide")

    def _places_from(self, start: int) -> Generator[Need, bytes, list[Place]]:
        """The places of a window, which grows until there is one."""
        while True:
            self._searched_bytes += self._window
            if self._searched_bytes > _MAX_SEARCHED_BYTES:
                raise NotUnderstood("pictures are too far apart")
            stop = min(self._size, start + self._window)
            places = yield from self._scan(start, stop)
            if places or stop == self._size or self._window >= _MAX_WINDOW_BYTES:
                return places
            self._window *= 2

    def _scan(self, start: int, stop: int) -> Generator[Need, bytes, list[Place]]:
        data = yield Need(start, stop)
        return self._form.scan(data, start)

    def _since_first(self, time: int) -> int:
        """A written time, in ticks from the film's first picture; others may be shown a little before."""
        wrap = self._form.wrap
        return (time - self._origin.dts + wrap // 16) % wrap - wrap // 16

    def _note(self, places: list[Place]) -> bool:
        """Keeps places for the next step; False when all were known.

        Raises:
            NotUnderstood: times do not grow from place to place: parts were joined, or a clock was set.
        """
        known = len(self._marks)
        for place in places:
            mark = _Mark(place.position, self._since_first(place.dts))
            if mark not in self._marks:
                insort(self._marks, mark)
        if any(one.dts >= other.dts for one, other in zip(self._marks, self._marks[1:], strict=False)):
            raise NotUnderstood("times do not grow")
        return len(self._marks) > known
