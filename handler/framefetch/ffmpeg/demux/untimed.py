"""A raw stream: no timestamps and no index; a picture's time is its number over the frame rate."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.ffmpeg.demux.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

    from framefetch.ffmpeg.decode import Film


class Untimed:
    """A raw stream: there is nothing to seek by, so it is decoded from its start."""

    def __init__(self, film: Film) -> None:
        self._film = film
        rate = film.stream.guessed_rate
        # FFmpeg's own assumption where the stream does not say.
        self._period_s = Fraction(rate.denominator, rate.numerator) if rate else Fraction(1, 25)

    def exact(self, at_s: Fraction) -> Shown | None:
        """The picture shown at a time on the clock."""
        last, key, at_end = self._until(at_s)
        if at_end and last is not None and at_s > last.time_s + self._period_s:
            return key or last
        return last

    def fast(self, at_s: Fraction) -> Shown | None:
        """The nearest keyframe at or before a time on the clock."""
        last, key, _ = self._until(at_s)
        return key or last

    def _until(self, at_s: Fraction) -> tuple[Shown | None, Shown | None, bool]:
        """The last picture and the last keyframe at or before a time; whether the film ended."""
        last = key = None
        for number, frame in enumerate(self._frames()):
            time_s = number * self._period_s
            if time_s > at_s:
                return last, key, False
            last = Shown(frame, time_s)
            if self._film.is_key(frame):
                key = last
        return last, key, True

    def _frames(self) -> Iterator[VideoFrame]:
        for packet in self._film.packets():
            yield from self._film.decode(packet)
