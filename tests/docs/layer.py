"""The table of docs/layer.md: what the slim FFmpeg lacks that the one of PyAV's wheel has."""

from __future__ import annotations

import io

import av
from av.codec import Codec, codecs_available

from framefetch.ffmpeg.opening import DECODERS
from tests.artifact.test_versions_lock import named
from tests.films.compatibility import CONTAINERS, ROWS

_DEMUXERS = {"mp4": "mov", "webm": "matroska", "vob": "mpeg"}
"""Muxer -> demuxer, where they are called differently."""


def layer_rows() -> list[tuple[str, ...]]:
    """A row for all containers of the table of codecs that are alike."""
    alike: dict[tuple[str, str], list[str]] = {}
    for column, (muxer, _) in CONTAINERS.items():
        lacks = dict.fromkeys(
            row.name for row in ROWS if column in row.containers.split() and not _has(row.encoder, muxer)
        )
        more = ", ".join(f"`{name}`" for name in refused_in(muxer))
        alike.setdefault((", ".join(lacks) or "nothing", more or "none listed"), []).append(column)
    refused = "Refused by name, slim or not, though FFmpeg has it"
    first = ("Container", "Lacks of the table of codecs", refused)
    return [first, *((", ".join(columns), *cells) for cells, columns in alike.items())]


def refused_in(muxer: str) -> list[str]:
    """The codecs of video that FFmpeg can mux into a container and decode, and that framefetch refuses."""
    with av.open(io.BytesIO(), "w", format=muxer) as container:
        found = {_canonical(name) for name in container.supported_codecs}
    return sorted(found - {_canonical(name) for name in DECODERS} - {""})


def _has(encoder: str, muxer: str) -> bool:
    """Whether the slim FFmpeg opens the container and decodes what the encoder makes."""
    decoders = {_canonical(name) for name in named("decoders")}
    return _DEMUXERS.get(muxer, muxer) in named("demuxers") and Codec(encoder, "w").canonical_name in decoders


def _canonical(name: str) -> str:
    """What FFmpeg calls the codec of a decoder of video; empty if it is none, or has none here."""
    if name not in codecs_available:
        return ""
    try:
        codec = Codec(name, "r")
    except ValueError:
        return ""
    return codec.canonical_name if codec.type == "video" else ""
