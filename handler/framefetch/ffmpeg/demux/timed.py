"""A film whose packets carry timestamps: a seek, what follows, and the picture in it.

A seek is never believed: it counts only when it brought a keyframe at or before the wanted time, and is
repeated further back when it did not. A keyframe is not believed either: some containers flag every
picture, so the decoder has to agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from typing import TYPE_CHECKING

from framefetch.ffmpeg.demux.aim import Aim
from framefetch.ffmpeg.demux.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from framefetch.ffmpeg.decode import Film
    from framefetch.ffmpeg.reader import RangeReader

    VideoPacket = Packet[VideoStream]

_FIRST_STEP_S = Fraction(1)
_PLAYED_BYTES = 4 << 20
"""A decoder patches damage with what it decoded before, so a damaged picture looks as in a player
only when all before it was decoded too. This far into a film, that is done."""
_REORDER = 16
"""Pictures that a codec may hold back for reordering (ITU-T H.264 and H.265: 16 at most)."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Packets from a keyframe on in decode order, and whatever follows them in the film.

    Attributes:
        packets: as far as they were read.
        rest: those that follow.
        has_untimed_keys: whether there are more keyframes in `packets`, of which nothing says when they are.
    """

    packets: list[VideoPacket]
    rest: Iterator[VideoPacket]
    has_untimed_keys: bool

    @property
    def pts(self) -> int:
        """The keyframe's presentation time."""
        return self.packets[0].pts or 0


class Timed:
    """A film whose packets carry timestamps."""

    def __init__(self, film: Film, reader: RangeReader | None) -> None:
        self._film = film
        # FFmpeg has read these already while it probed, so they cost nothing.
        start = list(islice(film.packets(), _REORDER))
        shown = [self._seconds(p.pts) for p in start if p.pts is not None and not p.is_discard]
        if not shown and start and start[0].is_discard and film.stream.start_time is not None:
            # An edit begins late in a group of pictures: what is first shown is not among these.
            shown = [self._seconds(film.stream.start_time)]
        self._first_s = min(shown, default=Fraction(0))
        self._step_s = next((self._seconds(p.duration) for p in start if p.duration), Fraction(0))
        self._zero_s = self._clock_zero() if shown else Fraction(0)
        self._aim = Aim(film, reader, self._ticks(self._first_s)) if reader is not None else None

    def _clock_zero(self) -> Fraction:
        """The timestamp, in seconds, that is t = 0: the start of the earliest of all tracks.

        FFmpeg rounds it to microseconds, so the track that it came from gives the exact value. It
        looks at the first packet only: a later one may be shown earlier.
        """
        container = self._film.container
        if container.start_time is None:
            return self._first_s
        rounded = Fraction(container.start_time, 1_000_000)
        for stream in container.streams:
            if stream.start_time is not None and stream.time_base is not None:
                base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
                if abs(stream.start_time * base - rounded) < Fraction(1, 500_000):
                    return min(self._first_s, stream.start_time * base)
        return min(self._first_s, rounded)

    def _seconds(self, timestamp: int) -> Fraction:
        return timestamp * self._film.time_base

    def _ticks(self, time_s: Fraction) -> int:
        return int(time_s // self._film.time_base)

    def exact(self, at_s: Fraction) -> Shown | None:
        """The picture shown at a time on the clock."""
        target_s = self._zero_s + at_s
        has_key = False
        for run in self._runs(target_s, for_display=False):
            has_key = True
            shown, at_end = self._decode_until(run, target_s)
            if shown is None:
                continue
            if at_end and target_s > shown.time_s + self._zero_s + self._duration_s(shown.frame):
                return self.fast(at_s)
            if self._film.damaged and self._film.is_steady and (run.packets[0].pos or 0) <= _PLAYED_BYTES:
                return self._from_start(target_s, or_first=False)
            return shown
        # A keyframe that an edit cuts off may come before the first picture that is shown.
        return self._from_start(target_s, or_first=not has_key or target_s < self._first_s)

    def fast(self, at_s: Fraction) -> Shown | None:
        """The nearest keyframe at or before a time on the clock."""
        has_key = False
        for run in self._runs(self._zero_s + at_s, for_display=True):
            has_key = True
            wanted_s = self._seconds(run.pts)
            if run.has_untimed_keys:
                return self._last_key(run, self._zero_s + at_s)
            for frame in self._frames(run):
                if frame.pts == run.pts:
                    if self._film.is_key(frame):
                        return self._shown(frame)
                    # Flagged by the container, but built on earlier pictures.
                    return self.exact(wanted_s - self._zero_s)
                if (frame.pts or 0) > run.pts:
                    break
        return self._from_start(self._zero_s + at_s, or_first=not has_key)

    def key_after(self, place: int) -> Shown | None:
        """The first keyframe from a place in the file on; None when there is none near."""
        start = self._aim.key_after(place) if self._aim is not None else None
        if start is None or not self._film.seek_byte(start):
            return None
        packets = self._film.packets()
        key = next((one for one in packets if one.is_keyframe and one.pts is not None), None)
        if key is None:
            return None
        for frame in self._frames(_Run([key], packets, has_untimed_keys=False)):
            if frame.pts == key.pts:
                return self._shown(frame) if self._film.is_key(frame) else None
            if (frame.pts or 0) > (key.pts or 0):
                break
        return None

    def _runs(self, target_s: Fraction, *, for_display: bool) -> Iterator[_Run]:
        """Runs that start at a keyframe whose time is at or before the target.

        The nearest one first, then ever earlier ones: a decoder may show nothing so soon after a keyframe.

        Args:
            target_s: a timestamp.
            for_display: leave out keyframes that the edit list cuts.
        """
        limit_s = position_s = target_s
        step_s = _FIRST_STEP_S
        while True:
            self._film.check()
            at_start = position_s <= self._first_s
            run = self._gather(None if at_start else position_s, limit_s, for_display=for_display)
            if run is not None:
                yield run
                limit_s = position_s = self._seconds(run.pts) - self._film.time_base
                step_s = _FIRST_STEP_S
            else:
                position_s -= step_s
                step_s *= 2
            if at_start:
                return

    def _gather(self, position_s: Fraction | None, limit_s: Fraction, *, for_display: bool) -> _Run | None:
        """Seeks, and reads on until no later keyframe can be at or before the limit.

        Args:
            position_s: a timestamp; None is the very start.
            limit_s: a timestamp.
            for_display: leave out keyframes that the edit list cuts.
        """
        if position_s is None:
            self._film.rewind()
        elif not self._seek(self._ticks(position_s)):
            return None
        packets = self._film.packets()
        found: list[VideoPacket] = []
        has_untimed_keys = False
        for packet in packets:
            if packet.is_keyframe and packet.pts is not None and not (for_display and packet.is_discard):
                if self._seconds(packet.pts) <= limit_s:
                    found, has_untimed_keys = [packet], False
                    continue
                if not found:
                    # The seek landed too late, so nothing that follows can be of use.
                    return None
            if found:
                found.append(packet)
                has_untimed_keys = has_untimed_keys or (packet.is_keyframe and packet.pts is None)
            clock = packet.dts if packet.dts is not None else packet.pts
            if clock is not None and self._seconds(clock) > limit_s:
                break
        return _Run(found, packets, has_untimed_keys) if found else None

    def _seek(self, timestamp: int) -> bool:
        place = self._aim.at(timestamp) if self._aim is not None else None
        if place is not None and self._film.seek_byte(place):
            return True
        return self._film.seek(timestamp)

    def _decode_until(self, run: _Run, target_s: Fraction) -> tuple[Shown | None, bool]:
        """The last picture at or before the target, and whether the film ended with it.

        There is none when the run's keyframe turns out not to be one.
        """
        last: VideoFrame | None = None
        for frame in self._frames(run):
            # Of pictures that have the keyframe's very time, the first one is the keyframe.
            again = last is not None and last.pts == run.pts
            if frame.pts == run.pts and not again and not self._film.is_key(frame):
                return None, False
            if self._seconds(frame.pts or 0) > target_s:
                return (self._shown(last) if last else None), False
            last = frame
        return (self._shown(last) if last else None), True

    def _last_key(self, run: _Run, target_s: Fraction) -> Shown | None:
        """The last keyframe at or before the target, by when the decoder shows it."""
        last: VideoFrame | None = None
        for frame in self._frames(run):
            if last is not None and self._seconds(frame.pts or 0) > target_s:
                break
            if self._film.is_key(frame):
                last = frame
        return self._shown(last) if last else None

    def _from_start(self, target_s: Fraction, *, or_first: bool) -> Shown | None:
        """The last picture at or before the target; everything is decoded from the first packet on.

        Args:
            target_s: a timestamp.
            or_first: where there is none, the film's first picture will do: the target is before it. Where
                there is a keyframe at or before the target, its picture is missing, and no other is right.
        """
        self._film.rewind()
        last: VideoFrame | None = None
        for frame in self._decoded(self._film.packets()):
            if (last is not None or not or_first) and self._seconds(frame.pts or 0) > target_s:
                break
            last = frame
        return self._shown(last) if last else None

    def _frames(self, run: _Run) -> Iterator[VideoFrame]:
        self._film.flush()
        yield from self._decoded(chain(self._expected(run.packets), run.rest))

    def _expected(self, packets: list[VideoPacket]) -> Iterator[VideoPacket]:
        """All of them, as long as they can be decoded in time."""
        pace = self._film.pace(len(packets))
        for done, packet in enumerate(packets):
            pace.check(done)
            yield packet

    def _decoded(self, packets: Iterable[VideoPacket]) -> Iterator[VideoFrame]:
        # The last pictures of a stream may lack a time of their own: each follows the one before.
        before: int | None = None
        for packet in packets:
            for frame in self._film.decode(packet):
                if frame.pts is None:
                    frame.pts = (before or 0) + int(self._step_s / self._film.time_base)
                elif before is not None and frame.pts > before:
                    self._step_s = self._seconds(frame.pts - before)
                before = frame.pts
                yield frame

    def _shown(self, frame: VideoFrame) -> Shown:
        return Shown(frame, self._seconds(frame.pts or 0) - self._zero_s)

    def _duration_s(self, frame: VideoFrame) -> Fraction:
        """For how long a picture is shown, as far as the container says."""
        return self._seconds(frame.duration) if frame.duration else self._step_s
