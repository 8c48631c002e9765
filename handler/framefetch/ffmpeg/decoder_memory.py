"""How much memory the decoder of a film takes, by what its stream has said so far: before it takes it.

In go the decoder's context and each sample before it is decoded; out comes a number of bytes, or a refusal
of what no decoder has to do. FFmpeg makes room for whatever a stream asks for: of H.264 and H.265 that is
read here, from the parameter sets in the configuration and in the samples. Of other codecs it is bounded.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from framefetch.containers.codecs.bits import Unreadable
from framefetch.containers.codecs.configurations import in_configuration, length_bytes
from framefetch.containers.codecs.nal_units import H264, HEVC, VVC, in_sample
from framefetch.containers.codecs.parameter_sets import Sequence, is_sequence, sequences
from framefetch.containers.index import NotUnderstood
from framefetch.errors import ImageTooLarge
from framefetch.ffmpeg.still_pictures import check_scans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from av.packet import Packet
    from av.video.stream import VideoStream

    from framefetch.settings import Settings

_KEPT = 8
"""Pictures that decoders of other codecs keep: references, and those that wait for their turn (VP9, AV1)."""
_MOST_KEPT = 16
"""H.264, H.265 and H.266 allow no more."""
_REORDERED = 3
"""Pictures that wait to be shown, where a stream does not say: encoders do not go beyond. Counted anew with
every picture, from what the decoder has found."""
_ASIDE = {H264: 0.55, HEVC: 0.75}
"""Bytes a pixel that FFmpeg keeps of each picture beside it: motion vectors, for the pictures that follow.
H.264: two lists of 64 bytes and 12 more for a macroblock; H.265: 12 for 16 pixels."""
_OTHERS_ASIDE = 0.25
_MOST_SEQUENCES = 1000
"""Parameter sets that differ: a film that is switched between sizes has some."""
_UNKNOWN_PIXELS = 1920 * 1088
"""What is counted where neither the container nor a configuration says the size, as with MPEG-4."""
_PADDED = 1.1
"""FFmpeg compares a size with its limit when it has rounded it up: to 64 pixels in width, to 32 in height."""


def padded(pixels: int) -> int:
    """FFmpeg's ``max_pixels``, for a limit that is ours."""
    return int(pixels * _PADDED)


class Outgrown(NotUnderstood):
    """A film needs more memory than is held for it: its pictures are more, or larger, than they began.

    Args:
        wanted_bytes: how much it needs.
    """

    def __init__(self, wanted_bytes: int) -> None:
        super().__init__("the pictures need more memory than the film began with")
        self.wanted_bytes = wanted_bytes


class DecoderMemory:
    """What one film's decoder needs.

    Args:
        context: of the decoder, opened or not.
        settings: threads and limits.

    Raises:
        ImageTooLarge: as `see`.
    """

    def __init__(self, context: Any, settings: Settings) -> None:  # noqa: ANN401 - a stream's or our own
        self._context = context
        self._settings = settings
        self._codec = context.name if context.name in _ASIDE else None
        self._sequences: dict[Sequence, None] = {}
        self._length_bytes = 0
        self._is_readable = True
        self._checked: tuple[int, ...] = ()
        if self._codec is not None:
            configuration = bytes(context.extradata or b"")
            self._length_bytes = length_bytes(self._codec, configuration)
            self._take(in_configuration(self._codec, configuration))
        self.check()

    def see(self, packet: Packet[VideoStream]) -> None:
        """Looks at a packet before it is decoded.

        Raises:
            ImageTooLarge: its pictures are above `max_pixels`, or need more than `memory_mb` because the
                stream keeps more of them than any level of its standard allows; or they have too many parts.
        """
        name = self._context.name
        if self._codec is not None:
            self._take(in_sample(bytes(packet), self._length_bytes))
        elif name == VVC:
            # FFmpeg makes room for each; nobody here reads them.
            deque(in_sample(bytes(packet), length_bytes(VVC, bytes(self._context.extradata or b""))), 0)
        elif name == "mjpeg":
            check_scans(bytes(packet))

    def _take(self, units: Iterable[bytes]) -> None:
        assert self._codec is not None  # noqa: S101 - both callers have looked
        before = len(self._sequences)
        # All units are gone through, also behind one that cannot be read: they are counted on the way.
        found = [one for one in units if is_sequence(self._codec, one)]
        try:
            self._sequences.update(dict.fromkeys(sequences(self._codec, found)))
        except Unreadable:
            self._is_readable = False
        if len(self._sequences) > _MOST_SEQUENCES:
            raise ImageTooLarge(
                f"The video says more than {_MOST_SEQUENCES} times that its pictures become different ones."
            )
        if len(self._sequences) > before:
            self.check()

    def check(self, room_bytes: int | None = None) -> None:
        """Looks at what is known by now; cheap enough to be asked after each picture.

        Args:
            room_bytes: how much may be used; None: that is not known yet.

        Raises:
            ImageTooLarge: as `see`.
            Outgrown: more than that is needed.
        """
        context = self._context
        state = (context.width, context.height, context.has_b_frames, len(self._sequences), room_bytes or 0)
        if state == self._checked:
            return
        self._check_sizes()
        wanted_bytes = self.bytes
        for one in self._sequences:
            is_extreme = max(one.kept, one.reordered or self._reordered) > _most_kept(self._codec, one)
            if is_extreme and wanted_bytes > self._settings.memory_mb << 20:
                raise ImageTooLarge(
                    f"The video takes {wanted_bytes >> 20} MiB to be decoded, "
                    f"above the limit of {self._settings.memory_mb}.",
                    hint=f"Encode it with fewer reference frames: it has {one.kept}.",
                )
        if room_bytes is not None and wanted_bytes > room_bytes:
            raise Outgrown(wanted_bytes)
        self._checked = state

    def _check_sizes(self) -> None:
        limit = self._settings.max_pixels
        shapes = [(self._context.width, self._context.height, limit)]
        # Of these, a part may be cut off that is never seen.
        shapes += [(one.width, one.height, padded(limit)) for one in self._sequences]
        for width, height, most in shapes:
            if width * height > most:
                raise ImageTooLarge(
                    f"The video's pictures of {width} x {height} are above the limit of {limit} pixels."
                )

    @property
    def bytes(self) -> int:
        """How much it needs, in bytes."""
        context, threads = self._context, self._settings.threads
        pixels = context.width * context.height or _UNKNOWN_PIXELS
        if self._codec is None:
            kept = _MOST_KEPT if context.name == "vvc" else _KEPT
            return self._bytes(pixels, _bytes_per_pixel(context), kept + threads)
        found = [
            self._bytes(one.width * one.height, one.bytes_per_pixel, self._held(one) + threads)
            for one in self._sequences
        ]
        if not found or not self._is_readable:
            found.append(self._bytes(pixels, _bytes_per_pixel(context), _MOST_KEPT + _REORDERED + threads))
        return max(found)

    def _bytes(self, pixels: int, bytes_per_pixel: float, pictures: int) -> int:
        aside = _ASIDE.get(self._codec or "", _OTHERS_ASIDE)
        return int(pixels * (bytes_per_pixel + aside) * pictures)

    def _held(self, one: Sequence) -> int:
        """Pictures that are kept of a sequence, with the one that is being taken."""
        if self._codec == HEVC:
            return one.kept + 1
        return min(one.kept, _MOST_KEPT) + max(one.reordered or 0, self._reordered) + 1

    @property
    def _reordered(self) -> int:
        """Pictures that wait to be shown, as far as the decoder knows."""
        found: int = self._context.has_b_frames
        return max(_REORDERED, found)


def _bytes_per_pixel(context: Any) -> float:  # noqa: ANN401 - a stream's or our own
    form = context.format
    return float(form.padded_bits_per_pixel) / 8 if form else 3.0


def _most_kept(codec: str | None, one: Sequence) -> int:
    """Pictures of its size that a decoder of the highest level keeps.

    ITU-T H.264, table A-1: 696,320 macroblocks in level 6.2; H.265 §A.4.2, with the sizes of tables A.8: a
    picture of more than three quarters of the largest one leaves room for 6.
    """
    pixels = one.width * one.height
    if codec == H264:
        return min(_MOST_KEPT, 696_320 * 256 // max(pixels, 1))
    largest = next((most for most in (35_651_584, 80_216_064) if pixels <= most), 142_606_336)
    quarters = -(-4 * pixels // largest)
    return {0: 16, 1: 16, 2: 12, 3: 8}.get(quarters, 6)
