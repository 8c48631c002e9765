"""A sample of millions of NAL units is refused before FFmpeg makes room for each of them."""

from __future__ import annotations

import io
import struct
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest

from framefetch.containers.codecs.nal_units import MAX_UNITS
from tests.hostile import streams
from tests.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

MANY = 2_000_000
SIZE = (160, 128)
LIMIT_MB = 300
"""Of the process: 256 MB beside what it begins with."""
ANNEX_B = {"avi": "avi", "ts": "mpegts", "h264": "h264"}
AFTER_LENGTHS = {"mkv": "matroska", "flv": "flv"}


def film(container: str, units: int, *, lengths: bool) -> bytes:
    """A film of grey pictures, the first one of which has so many messages of one byte before it."""
    parameters, pps = streams.sps(SIZE), streams._PPS
    samples = list(streams.h264(30, macroblocks=80))
    file = io.BytesIO()
    with av.open(file, "w", format=container) as made:
        track = made.add_stream("h264", rate=25)
        track.width, track.height = SIZE
        start = b"\0\0\0\1"
        if lengths:
            configuration = b"\1" + parameters[1:4] + b"\xff\xe1" + struct.pack(">H", len(parameters))
            configuration += parameters + b"\1" + struct.pack(">H", len(pps)) + pps
            samples[0] = b"\0\0\0\1\6" * units + samples[0]
        else:
            configuration = start + parameters + start + pps
            samples = [start + one[4:] for one in samples]
            samples[0] = configuration + b"\0\0\0\1\6" * units + samples[0]
        track.codec_context.extradata = configuration
        for number, sample in enumerate(samples):
            packet = av.Packet(sample)
            packet.stream, packet.time_base = track, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = number == 0
            made.mux(packet)
    return file.getvalue()


def films(units: int) -> dict[str, bytes]:
    """The same in each container."""
    sample, *others = streams.h264(30, macroblocks=80)
    many = b"\0\0\0\1\6" * units + sample
    return {
        "units.mp4": streams.mp4(streams.sps(SIZE), [many, *others], SIZE),
        **{f"units.{ext}": film(name, units, lengths=False) for ext, name in ANNEX_B.items()},
        **{f"units.{ext}": film(name, units, lengths=True) for ext, name in AFTER_LENGTHS.items()},
    }


@pytest.mark.parametrize("index", ["own", "generic"])
def test_millions_of_units(tmp_path: Path, index: str) -> None:
    """They are ImageTooLarge in every container, and the server stays small."""
    for name, content in films(MANY).items():
        (tmp_path / name).write_bytes(content)
    with serving(tmp_path, settings={"FRAMEFETCH_INDEX": index}) as server:
        for path in sorted(tmp_path.iterdir()):
            said = server.snapshot(path.name)
            assert said.status == 400, path.name
            assert b"<Code>ImageTooLarge</Code>" in said.body, path.name
        if sys.platform == "linux":
            assert server.peak_mb < LIMIT_MB


@pytest.mark.parametrize("index", ["own", "generic"])
def test_many_units_are_taken(tmp_path: Path, index: str) -> None:
    """What a picture may have is decoded, also where the pictures behind it have units as well."""
    # The others have a configuration of their muxer's own, which is not that of these samples.
    good = {name: content for name, content in films(MAX_UNITS - 10).items() if name[6:] not in AFTER_LENGTHS}
    for name, content in good.items():
        (tmp_path / name).write_bytes(content)
    with serving(tmp_path, settings={"FRAMEFETCH_INDEX": index}) as server:
        assert {name: server.snapshot(name).status for name in good} == dict.fromkeys(good, 200)
