"""The facts of a film, by OSS's names: what FFmpeg knows of one that it has opened, and the form of all.

In: a `Film`, or what an index says. Out: dictionaries for JSON. Nothing is decoded: what only decoding
shows, such as the pixel format of most H.264, is None.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framefetch.ffmpeg.decode import Film

    Stream = tuple[str, dict[str, Any]]
    """Kind and facts."""

_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020"}
_TRANSFERS = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    18: "arib-std-b67",
}
_MATRICES = {0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
_RANGES = {1: "tv", 2: "pc"}
"""ITU-T H.273, by FFmpeg's names."""
_NAMES = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}
"""FFmpeg's whole names of containers, which OSS tells; PyAV has the one that it was asked for."""


def video_facts(film: Film, stated: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """Of the stream whose pictures are taken; `stated` is its width and height where FFmpeg has none."""
    context: Any = film.stream.codec_context
    stream: Any = film.stream
    sar = stream.sample_aspect_ratio or context.sample_aspect_ratio
    ratio = Fraction(sar.numerator, sar.denominator) if sar else Fraction(1)
    width, height = (context.width, context.height) if context.width and context.height else stated
    shape = ratio * Fraction(width, height) if width and height else None
    return {
        **_codec(context),
        "Profile": context.profile,
        "Width": width,
        "Height": height,
        "SampleAspectRatio": f"{ratio.numerator}:{ratio.denominator}",
        "DisplayAspectRatio": f"{shape.numerator}:{shape.denominator}" if shape else None,
        "PixelFormat": context.pix_fmt,
        "BitDepth": context.format.components[0].bits if context.format else None,
        "ColorSpace": _MATRICES.get(context.colorspace),
        "ColorRange": _RANGES.get(context.color_range),
        "ColorTransfer": _TRANSFERS.get(context.color_trc),
        "ColorPrimaries": _PRIMARIES.get(context.color_primaries),
        "TimeBase": f"{film.time_base.numerator}/{film.time_base.denominator}",
    }


def container_facts(film: Film) -> dict[str, Any]:
    """Of the container and all streams."""
    container = film.container
    streams = [(stream.type, _stream(film, stream)) for stream in container.streams]
    stated_ms = film.stated_length_ms
    duration_s = stated_ms / 1000 if stated_ms else None
    return film_facts(
        container.format.name, container.format.long_name, duration_s, streams, film.stream.index
    )


def film_facts(
    name: str, long_name: str, duration_s: Fraction | None, streams: Sequence[Stream], taken: int
) -> dict[str, Any]:
    """All facts of a film, whoever found them out.

    Args:
        name: of its container, by FFmpeg's short name.
        long_name: the same for people.
        duration_s: how long the longest of its streams is.
        streams: kind and facts of each.
        taken: the number of the one whose pictures are taken.
    """
    video = streams[taken][1]
    return {
        "FormatName": _NAMES.get(name, name),
        "FormatLongName": long_name,
        "Duration": length_of(duration_s),
        "StreamCount": len(streams),
        "VideoWidth": video.get("Width"),
        "VideoHeight": video.get("Height"),
        "VideoStreams": [facts for kind, facts in streams if kind == "video"],
        "AudioStreams": [facts for kind, facts in streams if kind == "audio"],
        "Subtitles": [facts for kind, facts in streams if kind == "subtitle"],
    }


def stream_facts(
    number: int, language: str | None, tag: str, duration_s: Fraction | None, more: Mapping[str, Any]
) -> dict[str, Any]:
    """The facts of one stream.

    Args:
        number: its place in the container, from 0.
        language: three letters.
        tag: the container's name of its codec.
        duration_s: how long it is.
        more: what only a stream of its kind has.
    """
    return {
        "Index": number,
        "Language": language or "und",
        "CodecTagString": tag if tag.isprintable() else None,
        "Duration": length_of(duration_s),
        **more,
    }


def picture_facts(count: int, rate: Fraction | None) -> dict[str, Any]:
    """How many pictures there are, and how many a second."""
    ratio = rate.limit_denominator(1_000_000) if rate else None
    return {
        "FrameCount": count or None,
        "AverageFrameRate": f"{ratio.numerator}/{ratio.denominator}" if ratio else None,
    }


def sound_facts(channels: int, rate_hz: int) -> dict[str, Any]:
    """Of a stream of sound; 0 is not known."""
    return {"Channels": channels or None, "SampleRate": rate_hz or None}


def _stream(film: Film, stream: Any) -> dict[str, Any]:  # noqa: ANN401 - of any kind
    context: Any = stream.codec_context
    more: dict[str, Any] = {}
    if stream.index == film.stream.index:
        rate = stream.average_rate
        more = video_facts(film) | picture_facts(stream.frames, rate and Fraction(rate))
    elif context is not None and context.codec is not None:
        more = _codec(context)
        if stream.type == "audio":
            more |= sound_facts(context.channels, context.sample_rate)
    base = stream.time_base
    lasts = stream.duration and base
    duration_s = stream.duration * Fraction(base.numerator, base.denominator) if lasts else None
    return stream_facts(stream.index, stream.language, context.codec_tag if context else "", duration_s, more)


def _codec(context: Any) -> dict[str, Any]:  # noqa: ANN401 - of any kind
    return {"CodecName": context.codec.canonical_name, "CodecLongName": context.codec.long_name}


def length_of(seconds: Fraction | None) -> float | None:
    """Seconds, to the microsecond."""
    return None if seconds is None else round(float(seconds), 6)
