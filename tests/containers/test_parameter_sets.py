"""What encoders write into H.264's and H.265's parameter sets is what is read of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

import av
import pytest

from framefetch.containers.codecs.configurations import in_configuration, length_bytes
from framefetch.containers.codecs.nal_units import H264, HEVC, in_sample
from framefetch.containers.codecs.parameter_sets import Sequence, sequences
from framefetch.errors import ImageTooLarge

if TYPE_CHECKING:
    from av.video.stream import VideoStream

SIZE = (176, 144)


def stream(encoder: str, pixel_format: str, options: dict[str, str], container: str) -> tuple[bytes, bytes]:
    """Configuration and first sample of a short film."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as made:
        track = cast("VideoStream", made.add_stream(encoder, rate=25, options=options))
        track.width, track.height = SIZE
        track.pix_fmt = pixel_format
        for number in range(12):
            frame = av.VideoFrame(*SIZE, pixel_format)
            for plane in frame.planes:
                # Whatever lies in its memory may be more than 10 bits, which x264 does not expect.
                plane.update(bytes(plane.buffer_size))
            frame.pts = number
            made.mux(track.encode(frame))
        made.mux(track.encode(None))
    file.seek(0)
    with av.open(file, "r") as opened:
        sample = next(opened.demux(video=0))
        return bytes(opened.streams.video[0].codec_context.extradata or b""), bytes(sample)


H264_CASES = [
    ("yuv420p", "ref=1:bframes=0", Sequence(176, 144, 1.5, 1, 0)),
    ("yuv420p", "ref=4:bframes=3:b-pyramid=none", Sequence(176, 144, 1.5, 4, 1)),
    ("yuv422p", "ref=16:bframes=2", Sequence(176, 144, 2.0, 16, 2)),
    ("yuv420p10le", "ref=3:bframes=0", Sequence(176, 144, 3.0, 3, 0)),
    ("yuv444p", "ref=3:bframes=0:interlaced=1", Sequence(176, 160, 3.0, 3, 0, fields=True)),
]


@pytest.mark.parametrize("container", ["mp4", "mpegts"])
@pytest.mark.parametrize(("pixel_format", "options", "said"), H264_CASES)
def test_h264(container: str, pixel_format: str, options: str, said: Sequence) -> None:
    """From an AVC configuration, and from start codes."""
    configuration, sample = stream("libx264", pixel_format, {"x264-params": options}, container)
    assert list(sequences(H264, in_configuration(H264, configuration))) == [said]
    assert length_bytes(H264, configuration) == (4 if container == "mp4" else 0)
    in_band = list(sequences(H264, in_sample(sample, length_bytes(H264, configuration))))
    assert in_band == ([] if container == "mp4" else [said])


HEVC_CASES = [
    ("yuv420p", "ref=1:bframes=0", Sequence(176, 144, 1.5, 3, 0)),
    ("yuv420p10le", "ref=5:bframes=3:b-pyramid=0", Sequence(176, 144, 3.0, 6, 1)),
    ("yuv444p", "ref=3:bframes=2", Sequence(176, 144, 3.0, 5, 2)),
]


@pytest.mark.parametrize("container", ["mp4", "mpegts"])
@pytest.mark.parametrize(("pixel_format", "options", "said"), HEVC_CASES)
def test_hevc(container: str, pixel_format: str, options: str, said: Sequence) -> None:
    """From an HEVC configuration, and from start codes."""
    quiet = {"x265-params": f"{options}:log-level=0"}
    configuration, sample = stream("libx265", pixel_format, quiet, container)
    assert list(sequences(HEVC, in_configuration(HEVC, configuration))) == [said]
    in_band = list(sequences(HEVC, in_sample(sample, length_bytes(HEVC, configuration))))
    assert set(in_band) <= {said}


def test_a_sample_of_endless_units() -> None:
    """Units of nothing end the reading."""
    with pytest.raises(ImageTooLarge):
        list(in_sample(bytes(1 << 20), 1))


def test_a_unit_that_is_cut_short() -> None:
    """It is no unit, and neither is what follows."""
    assert list(in_sample(b"\0\0\0\2ab\0\0\0\5abc", 4)) == [b"ab"]
