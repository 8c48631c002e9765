"""Clips made into films of any length and container: packets are copied with their times moved on."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import av

from tests.bench.clips import AUDIO_PACKETS, clip_path
from tests.films.encoding import exactly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """A packet, free of any file."""

    payload: bytes
    pts: int
    dts: int
    duration: int
    is_key: bool


def samples(path: Path) -> list[Sample]:
    """The clip's packets, in decode order."""
    with av.open(str(path)) as file:
        return [
            Sample(bytes(packet), packet.pts or 0, packet.dts or 0, packet.duration or 0, packet.is_keyframe)
            for packet in file.demux(file.streams[0])
            if packet.size
        ]


def mux(
    target: Path,
    clips: Path,
    clip: str,
    seconds: Fraction,
    *,
    container: str = "mp4",
    options: Mapping[str, str] | None = None,
    sound: bool = True,
) -> None:
    """Writes a film of the clip's pictures, with or without a sound.

    Args:
        target: the file.
        clips: folder of the clips.
        clip: the pictures.
        seconds: how long the film is; whole turns of the clip.
        container: FFmpeg's muxer.
        options: of it.
        sound: whether there is an audio track.
    """
    target.unlink(missing_ok=True)
    video_path, audio_path = clip_path(clips, clip), clip_path(clips, "audio")
    with (
        av.open(str(video_path)) as video,
        av.open(str(audio_path)) as audio,
        av.open(str(target), "w", format=container, options=dict(options or {})) as file,
    ):
        streams = []
        sources = []
        # The first packet of AAC comes before 0: MP4 hides it with an edit list, elsewhere it is left out.
        heard = slice(AUDIO_PACKETS) if container == "mp4" else slice(1, AUDIO_PACKETS + 1)
        wanted = [(video, video_path, slice(None)), (audio, audio_path, heard)]
        for source, path, which in wanted if sound else wanted[:1]:
            stream = file.add_stream_from_template(source.streams[0])
            streams.append(stream)
            sources.append((samples(path)[which], exactly(source.streams[0].time_base)))
        packets = [
            _packets(one, base, stream, seconds) for (one, base), stream in zip(sources, streams, strict=True)
        ]
        # In order of decode time, as a recording would bring them.
        for _, packet in heapq.merge(*packets, key=itemgetter(0)):
            file.mux_one(packet)


def _packets(
    turn: list[Sample], base: Fraction, stream: Any, seconds: Fraction
) -> Iterator[tuple[Fraction, av.Packet[Any]]]:
    """The packets of many turns, up to a time, each with its decode time."""
    length = sum(sample.duration for sample in turn)
    count = int(seconds / base)
    at = 0
    while at < count:
        for sample in turn:
            if sample.dts + at >= count:
                return
            packet: av.Packet[Any] = av.Packet(len(sample.payload))
            packet.update(sample.payload)
            packet.pts, packet.dts = sample.pts + at, sample.dts + at
            packet.duration, packet.time_base = sample.duration, base
            packet.is_keyframe = sample.is_key
            packet.stream = stream
            yield (sample.dts + at) * base, packet
        at += length
