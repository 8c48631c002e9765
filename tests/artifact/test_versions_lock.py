"""What the slim FFmpeg is told to have is what the program uses."""

from __future__ import annotations

import tomllib

from framefetch.containers.sniff import RULES
from framefetch.draw.filters import FILTERS
from framefetch.ffmpeg.opening import DECODERS
from tests.conftest import REPOSITORY

LOCK = tomllib.loads((REPOSITORY / "layer" / "versions.lock").read_text())
# What FFmpeg's configure calls otherwise than its programs do.
CONFIGURED = {"libvpx_vp8": "libvpx", "libvpx_vp9": "libvpx-vp9", "msmpeg4v3": "msmpeg4", "mpegps": "mpeg"}
NOT_SLIM = {"av1", "libaom-av1"}
"""Decoders that only hardware can use, or that stand back behind dav1d: other builds may have them."""


PROBES = set("mpegvideo m4v vvc mp3 aac loas ac3 eac3 dts".split())
"""Demuxers by which FFmpeg knows a codec inside MPEG-PS and MPEG-TS; no film is opened as one of them."""


def named(kind: str) -> set[str]:
    """The parts of one kind, by the names of the program."""
    return {CONFIGURED.get(name, name) for name in LOCK["ffmpeg"][kind]}


def test_decoders() -> None:
    """The decoders of the slim FFmpeg are those that a film may use."""
    assert named("decoders") == set(DECODERS) - NOT_SLIM


def test_demuxers() -> None:
    """Its demuxers are those of the containers that are recognised, and those that know a codec in them."""
    assert named("demuxers") == {name for name, _ in RULES} | PROBES


def test_filters() -> None:
    """Its filters are those that pictures pass through, and the two that FFmpeg puts between."""
    assert named("filters") == {*FILTERS, "scale", "format"}
