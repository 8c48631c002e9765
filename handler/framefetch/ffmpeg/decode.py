"""A film that FFmpeg has opened, and the pictures that it decodes of it.

In goes a file-like reader with the container that we sniffed ourselves, out come packets and frames.
Whatever FFmpeg, PyAV or Python raises leaves this module as one of our errors.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from framefetch.errors import UnsupportedCodec, UnsupportedFormat
from framefetch.ffmpeg.decoder_memory import DecoderMemory, padded
from framefetch.ffmpeg.opening import as_our_errors, check_codec, choose_stream, open_container, with_alpha
from framefetch.ffmpeg.side_data import orientation_of
from framefetch.ffmpeg.still_pictures import without_packed_chunks
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BytesIO

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from framefetch.budget import Budget, Pace
    from framefetch.containers.orientation import Orientation
    from framefetch.ffmpeg.reader import RangeReader
    from framefetch.settings import Settings

_FARTHEST = 1 << 62
_DAMAGE_STEPS = 10
"""What a packet that cannot be decoded costs, in steps."""
_DECODE_TIMES = frozenset({"avi", "asf"})
"""Demuxers that know when a picture is decoded, and no more. FFmpeg takes the next one's time for when it is
shown, which is one picture late where none is reordered."""
_NOT_THREADED = frozenset({"theora"})
"""Decoders of FFmpeg that garble pictures with several threads: Theora after an empty packet."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture, as it is in the film: not yet turned, scaled or converted.

    Attributes:
        frame: its planes, with their colour tags.
        time_ms: on the presentation clock.
        orientation: what the display matrix says is to be done with it.
        sar: sample aspect ratio, width to height of one sample.
        aperture: left, top, width and height, in samples, of what is meant to be seen; None: all.
    """

    frame: VideoFrame
    time_ms: Fraction
    orientation: Orientation
    sar: Fraction
    aperture: tuple[int, int, int, int] | None = None


class Film:
    """A film that FFmpeg has opened over a reader: its first real video stream, ready to be decoded.

    Args:
        reader: the file; has no name.
        demuxer: FFmpeg's name of the container, from `containers.sniff`.
        settings: limits and threads.
        budget: checked between packets.

    Raises:
        UnsupportedFormat: FFmpeg cannot open it as that container.
        NoVideoStream: there is no video stream, or only cover pictures.
        UnsupportedCodec: the codec is unknown, or the film is encrypted.
        ImageTooLarge: the pictures are above `max_pixels`.
    """

    def __init__(
        self, reader: RangeReader | BytesIO, demuxer: str, settings: Settings, budget: Budget
    ) -> None:
        self._reader = reader
        self._settings = settings
        self._budget = budget
        self.demuxer = demuxer
        self.damaged = False
        """Whether the decoder has met damage since the last flush."""
        self._keys: set[int] = set()
        self.is_steady = False
        """Whether damage is decoded the same way each time: with one thread."""
        self.room_bytes: int | None = None
        """Memory that is held for its decoder; None: nobody counts."""
        self._open()

    def _open(self) -> None:
        with as_our_errors(), self._budget.searching():
            try:
                self.container = open_container(self._reader, self.demuxer, self._settings)
            except (av.error.InvalidDataError, av.error.EOFError) as error:
                raise UnsupportedFormat(
                    hint="The file starts like a video, but cannot be opened as one.", detail=repr(error)
                ) from error
            try:
                self.stream = choose_stream(self.container)
                check_codec(self.stream, self._reader, self.demuxer)
                self._memory = DecoderMemory(self.stream.codec_context, self._settings)
            except BaseException:
                self.container.close()
                raise
            self.time_base = _fraction(self.stream.time_base)
            self._is_ordered = self.demuxer in _DECODE_TIMES and not self.stream.codec_context.has_b_frames
            self._decoder = with_alpha(self.stream) or self.stream.codec_context
            one = self.is_steady or self._decoder.name in _NOT_THREADED
            self._decoder.thread_count = 1 if one else self._settings.threads
            self._decoder.thread_type = "FRAME"
            self._decoder.options = {"max_pixels": str(padded(self._settings.max_pixels))}

    def check(self) -> None:
        """Raises `RequestTimeout` when the request's time is over."""
        self._budget.check()

    def rewind(self) -> None:
        """Goes back to the first packet, by opening again.

        Some containers cannot seek to it; the bytes are still in the reader.
        """
        self.container.close()
        self._open()

    def make_steady(self) -> None:
        """Goes back to the first packet, and decodes with one thread from now on.

        What several threads make of damage is a race between them: another picture each time.
        """
        self.is_steady = True
        self.rewind()

    @property
    def memory_bytes(self) -> int:
        """How much its decoder needs, as far as is known by now."""
        return self._memory.bytes

    @property
    def stated_length_ms(self) -> Fraction | None:
        """How long the film is by what its container says, or FFmpeg makes of it."""
        duration = self.container.duration
        return Fraction(duration, 1000) if duration is not None and duration > 0 else None

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """The packets of the video stream from the present position on.

        The last one is empty, and flushes the decoder.
        """
        with as_our_errors():
            demuxed = self.container.demux(self.stream)
            while True:
                with self._budget.searching():
                    packet = next(demuxed, None)
                if packet is None:
                    return
                self._budget.step()
                if packet.has_sidedata("encryption_info"):
                    raise UnsupportedCodec("The video is encrypted.", hint="Serve a clear copy of it.")
                if self._is_ordered and packet.dts is not None:
                    packet.pts = packet.dts
                yield packet

    def seek(self, timestamp: int) -> bool:
        """Goes to a keyframe near a timestamp (in the stream's time base), by preference before it.

        Returns:
            False where the container cannot; the position is then unknown.
        """
        # FFmpeg's timestamps have 64 bits, a caller's t may have more.
        nearest = max(-_FARTHEST, min(timestamp, _FARTHEST))
        return self._sought(nearest, stream=self.stream, backward=True)

    def seek_byte(self, position: int) -> bool:
        """Goes to a place in the file, at which its demuxer can start to read.

        Returns:
            False where the container cannot; the position is then unknown.
        """
        return self._sought(position, unsupported_byte_offset=True)

    def _sought(self, offset: int, **how: Any) -> bool:  # noqa: ANN401 - as PyAV's own
        self._decoder.flush_buffers()
        with as_our_errors(), self._budget.searching():
            try:
                self.container.seek(offset, **how)
            except av.error.FFmpegError:
                return False
        return True

    def decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        """Decodes one packet. Damage inside it costs its own picture and no more.

        Returns:
            The pictures that became ready, in presentation order.

        Raises:
            ImageTooLarge: its pictures are above our limits.
            Outgrown: the decoder needs more than `room_bytes`.
        """
        self._budget.check()
        with as_our_errors(), self._budget.decoding():
            try:
                if self._decoder.name == "png" and packet.size:
                    packet = _without_packed_chunks(packet)
                self._memory.see(packet)
                if self._decoder.name == "libvpx" and packet.size and packet.pts is not None:
                    self._note_vp8(packet.pts, packet)
                frames = self._decoder.decode(packet)
            except (av.error.InvalidDataError, av.error.EOFError, av.error.ArgumentError):
                self.damaged = True
                # Some decoders look long at what they refuse, so that it counts more.
                self._budget.step(_DAMAGE_STEPS)
                return []
            self.damaged = self.damaged or any(frame.is_corrupt for frame in frames)
        self._memory.check(self.room_bytes)
        return frames

    def decode_sample(self, data: bytes, dts: int, pts: int) -> list[VideoFrame]:
        """Decodes one sample that we read ourselves.

        Args:
            data: the sample as it is in the container.
            dts: when it is decoded, in ticks.
            pts: when it is shown, in ticks.
        """
        packet = _packet(data)
        packet.dts, packet.pts, packet.time_base = dts, pts, self.stream.time_base
        packet.stream = self.stream
        return self.decode(packet)

    def pace(self, total: int) -> Pace:
        """See `Budget.pace`."""
        return self._budget.pace(total)

    def _note_vp8(self, pts: int, packet: Packet[VideoStream]) -> None:
        # RFC 6386 §9.1: the first bit of a frame says whether it leans on others.
        if not bytes(memoryview(packet)[:1])[0] & 1:
            self._keys.add(pts)

    def is_key(self, frame: VideoFrame) -> bool:
        """Whether a picture leans on no other: what its decoder says, whatever the container claims."""
        # libvpx does not say.
        return frame.pts in self._keys if self._decoder.name == "libvpx" else bool(frame.key_frame)

    def drain(self) -> list[VideoFrame]:
        """The pictures that the decoder still holds back. It takes no more until a `flush`."""
        packet: Any = av.Packet()
        packet.stream = self.stream
        return self.decode(packet)

    def flush(self) -> None:
        """Makes the decoder forget, so that it can start at another keyframe."""
        self.damaged = False
        self._decoder.flush_buffers()

    def picture(self, frame: VideoFrame, time_ms: Fraction) -> Picture:
        """A frame with what the film says of how it is to be shown."""
        sar = self.stream.sample_aspect_ratio or self.stream.codec_context.sample_aspect_ratio
        return Picture(
            frame=frame,
            time_ms=time_ms,
            orientation=orientation_of(frame),
            sar=_fraction(sar) if sar else Fraction(1),
        )

    def close(self) -> None:
        """Frees what FFmpeg holds."""
        self.container.close()


def _fraction(rational: Any) -> Fraction:  # noqa: ANN401 - Fraction in PyAV 18, AVRational in 19
    return Fraction(rational.numerator, rational.denominator)


def _without_packed_chunks(packet: Any) -> Any:  # noqa: ANN401 - packets, as `_packet` makes them
    """A packet of PNG without what FFmpeg would unpack."""
    data = bytes(packet)
    kept = without_packed_chunks(data)
    if kept == data:
        return packet
    made = _packet(kept)
    made.pts, made.dts, made.time_base, made.stream = packet.pts, packet.dts, packet.time_base, packet.stream
    return made


def _packet(data: bytes) -> Any:  # noqa: ANN401 - of a stream that is not known yet
    # Filled, and not made from the bytes: a decoder thread that frees a packet which holds on to a
    # Python object needs the interpreter's lock, which whoever waits for that thread may have.
    made = av.Packet(len(data))
    made.update(data)
    return made
