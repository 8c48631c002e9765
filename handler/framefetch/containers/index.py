"""The value that every index reader of ours makes: where the pictures of one film are, and when.

An index says which samples there are in decode order (`SampleTable`), which of them are shown and
when (`Segment`), and what the decoder has to be told (`header`). Times are whole ticks of the
track's timescale: dts when a sample is decoded, cts when it is shown by the track's own clock
(composition time), pts when it is shown on the presentation's (ISO/IEC 14496-12 §8.6.6).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from framefetch.containers.orientation import Orientation
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from framefetch.containers.held import Held


class NotUnderstood(Exception):  # noqa: N818 - a signal, never answered
    """The film may be fine, but our reader does not know what it means: FFmpeg's demuxer is to read it."""

    claims_seen = False
    """Whether all that the index claims was looked at before."""


class Damaged(NotUnderstood):
    """The index has a picture that cannot be decoded from its samples.

    Args:
        time_ms: of that picture, on the presentation clock: one that is shown later is no answer.
    """

    def __init__(self, time_ms: Fraction) -> None:
        super().__init__("the samples are damaged")
        self.time_ms = time_ms


AFTER_BYTES = 8 << 20
"""How far from a place on a keyframe is looked for, where any will do: a long GOP of a film in HD."""


@dataclass(frozen=True, slots=True)
class Need:
    """The next bytes that a reader has to see, half-open.

    Attributes:
        start: first byte.
        stop: one past the last; never above the object's size.
        more: ranges that will be needed next, as far as can be told: worth asking for at the same time.
    """

    start: int
    stop: int
    more: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class IndexBytes:
    """What a reader has seen of a film whose index cannot be kept as a whole: a fragmented one, or Matroska.

    The reader of another picture begins with these bytes.

    Attributes:
        size: of the object, in bytes.
        pieces: each with its place in the object; the first one begins at 0.
    """

    size: int
    pieces: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a container says of one of its streams.

    Attributes:
        kind: video, audio, subtitle or data.
        codec: the container's own name of it.
        language: three letters, ``und`` where it does not say.
        duration_s: None where it does not say.
        channels: of sound; 0 where it does not say.
        rate_hz: samples of sound a second; likewise.
        orientation: what is to be done with its pictures.
        is_film: whether its pictures are the ones that are taken.
    """

    kind: str
    codec: str
    language: str
    duration_s: Fraction | None
    channels: int = 0
    rate_hz: int = 0
    orientation: Orientation = field(default_factory=Orientation)
    is_film: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of samples that the presentation shows: the whole track, or what one edit takes of it.

    Attributes:
        first: number of the sample with which decoding may start at the earliest.
        stop: one past the last sample's number.
        from_cts: samples before this are decoded where others need them, but never shown.
        until_cts: nor are samples from this on.
        shift: what is added to a cts to give the pts.
    """

    first: int
    stop: int
    from_cts: int
    until_cts: int
    shift: int


class SampleTable(Protocol):
    """The samples of one track, numbered from 0 in decode order. Decode times never decrease."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def least_delay(self) -> int:
        """No sample's cts is less than its dts plus this."""
        ...

    @property
    def greatest_delay(self) -> int:
        """No sample's cts is more than its dts plus this."""
        ...

    def dts(self, number: int) -> int:
        """When a sample is decoded; for `count`, when the last one ends."""
        ...

    def last_by(self, dts: int) -> int:
        """The last sample that is decoded at or before a time; -1 for none."""
        ...

    def delays(self, first: int, stop: int) -> Sequence[int]:
        """cts minus dts, for each sample of a stretch."""
        ...

    def decode_times(self, first: int, stop: int) -> Sequence[int]:
        """dts, for each sample of a stretch."""
        ...

    def places(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Offset in the object and size in bytes, for each sample of a stretch."""
        ...

    def key_before(self, number: int) -> int:
        """The last keyframe at or before a sample, in decode order; -1 for none."""
        ...

    def key_after(self, number: int) -> int:
        """The first keyframe at or after a sample, in decode order; `count` for none."""
        ...


@dataclass(frozen=True, slots=True)
class FlatTable:
    """Samples listed one by one, for containers without tables: fragments, clusters.

    Where a container has no decode times, ``dts`` may be any that never decreases and has no
    picture shown long before it is decoded, such as the least cts from there on; or, if it `has_shown_times`,
    the times at which pictures are shown, in order.
    """

    times: Sequence[int]
    shifts: Sequence[int]
    offsets: Sequence[int]
    sizes: Sequence[int]
    keys: Sequence[int]
    end: int
    has_shown_times: bool = False
    count: int = field(init=False)
    least_delay: int = field(init=False)
    greatest_delay: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", len(self.times))
        object.__setattr__(self, "least_delay", min(self.shifts, default=0))
        object.__setattr__(self, "greatest_delay", max(self.shifts, default=0))

    def dts(self, number: int) -> int:
        """See `SampleTable`."""
        return self.times[number] if number < self.count else self.end

    def last_by(self, dts: int) -> int:
        """See `SampleTable`."""
        return bisect_right(self.times, dts) - 1

    def delays(self, first: int, stop: int) -> Sequence[int]:
        """See `SampleTable`."""
        return self.shifts[first:stop]

    def decode_times(self, first: int, stop: int) -> Sequence[int]:
        """See `SampleTable`."""
        return self.times[first:stop]

    def places(self, first: int, stop: int) -> list[tuple[int, int]]:
        """See `SampleTable`."""
        return list(zip(self.offsets[first:stop], self.sizes[first:stop], strict=True))

    def key_before(self, number: int) -> int:
        """See `SampleTable`."""
        at = bisect_right(self.keys, number)
        return self.keys[at - 1] if at else -1

    def key_after(self, number: int) -> int:
        """See `SampleTable`."""
        at = bisect_right(self.keys, number - 1)
        return self.keys[at] if at < len(self.keys) else self.count


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """Where the pictures of one film's video track are, and when they are shown.

    Attributes:
        size: of the object, in bytes.
        codec: the container's own name of it, such as ``avc1``.
        nal_length_bytes: how long the length before each NAL unit is; 0 for codecs without.
        top_temporal_layer: H.265: the highest one that the film may have; None: not said.
        width: coded, in pixels, as the container says; 0 where it does not.
        height: likewise.
        header: a film without samples, for FFmpeg to open: it carries codec, rotation and colour.
        header_format: the demuxer that reads `header`.
        timescale: ticks a second.
        zero: the pts, in ticks, that is t = 0.
        segments: what is shown, in order of the edit list; at least one.
        table: the samples.
        whole: whether the index holds all samples: then it answers any t, and can be kept.
        ends: whether it holds the film's last samples.
        sliced: whether it knows all samples, but of a few only where they are: those of one picture.
        closed: whether its times hold only for keyframes that no picture reaches across: IDR pictures.
        held: bytes of the object that were read on the way and may be of samples; None: nothing to speak of.
        streams: all streams of the film, where its container was just read; they are not kept.
    """

    size: int
    codec: str
    nal_length_bytes: int
    top_temporal_layer: int | None
    width: int
    height: int
    header: bytes
    header_format: str
    timescale: int
    zero: Fraction
    segments: tuple[Segment, ...]
    table: SampleTable
    whole: bool = True
    ends: bool = True
    sliced: bool = False
    closed: bool = False
    held: Held | None = field(default=None, compare=False, repr=False)
    streams: tuple[StreamFacts, ...] = field(default=(), compare=False, repr=False)
