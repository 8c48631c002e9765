"""What FFmpeg knows of a film that it has opened, by OSS's names. In: a `Film`. Out: its facts.

Nothing is decoded: what only decoding shows, such as the pixel format of most H.264, is None.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framefetch.decode import Film

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


def video_facts(film: Film, stated: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """Of the stream whose pictures are taken; `stated` is its width and height where FFmpeg has none."""
    context: Any = film.stream.codec_context
    stream: Any = film.stream
    sar = stream.sample_aspect_ratio or context.sample_aspect_ratio
    ratio = Fraction(sar.numerator, sar.denominator) if sar else Fraction(1)
    width, height = (context.width, context.height) if context.width and context.height else stated
    shape = ratio * Fraction(width, height) if width and height else None
    return {
        "CodecName": context.codec.canonical_name,
        "CodecLongName": context.codec.long_name,
        "CodecTagString": context.codec_tag if context.codec_tag.isprintable() else None,
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
    by_kind: dict[str, list[dict[str, Any]]] = {"video": [], "audio": [], "subtitle": []}
    for stream in container.streams:
        if stream.type in by_kind:
            by_kind[stream.type].append(_stream(film, stream))
    own = next((one for one in by_kind["video"] if one["Index"] == film.stream.index), {})
    stated_ms = film.stated_length_ms
    return {
        "FormatName": container.format.name,
        "FormatLongName": container.format.long_name,
        "Duration": length_of(stated_ms / 1000) if stated_ms else None,
        "StreamCount": len(container.streams),
        "VideoWidth": own.get("Width"),
        "VideoHeight": own.get("Height"),
        "VideoStreams": by_kind["video"],
        "AudioStreams": by_kind["audio"],
        "Subtitles": by_kind["subtitle"],
    }


def _stream(film: Film, stream: Any) -> dict[str, Any]:  # noqa: ANN401 - of any kind
    facts: dict[str, Any] = {"Index": stream.index, "Language": stream.language}
    if stream.duration and stream.time_base:
        base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
        facts["Duration"] = length_of(stream.duration * base)
    if stream.index == film.stream.index:
        rate = stream.average_rate
        if rate:
            facts["AverageFrameRate"] = f"{rate.numerator}/{rate.denominator}"
        return facts | video_facts(film)
    context = stream.codec_context
    if context is not None:
        facts |= {"CodecName": context.name, "CodecLongName": context.codec.long_name}
        if stream.type == "audio":
            facts |= {"Channels": context.channels, "SampleRate": context.sample_rate}
    return facts


def length_of(seconds: Fraction | None) -> float | None:
    """Seconds, to the microsecond."""
    return None if seconds is None else round(float(seconds), 6)
