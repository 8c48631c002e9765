"""The sample film that the program makes for itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from framefetch.server import sample
from framefetch.server.sample import COUNT, KEYFRAME_EVERY, RATE, make_sample, read_frame_number
from tests.media.asking import Reader

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    make_sample(path)
    return path


def test_sample_shape(film: Path) -> None:
    """20 s of H.264 with B-frames and a keyframe every 2 s, AAC, the index in front, and no other file."""
    content = film.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert [path.name for path in film.parent.iterdir()] == ["sample.mp4"]
    with av.open(str(film)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec.canonical_name, audio.codec.canonical_name) == ("h264", "aac")
        assert (video.width, video.height, video.frames) == (1280, 720, COUNT)
        assert file.duration == 20 * 1_000_000
        packets = [packet for packet in file.demux(video) if packet.pts is not None]
    times = [packet.pts or 0 for packet in packets]
    assert times != sorted(times)
    order = sorted(packets, key=lambda packet: packet.pts or 0)
    keyframes = [at for at, packet in enumerate(order) if packet.is_keyframe]
    assert keyframes == list(range(0, COUNT, KEYFRAME_EVERY))


@pytest.mark.parametrize("number", [0, 49, 50, 123, 311, 420, COUNT - 1])
def test_number_is_readable_in_every_picture(film: Path, number: int) -> None:
    """Small, in poor JPEG or as PNG: the picture at a time says the number that belongs there."""
    reader = Reader(film.parent)
    at_ms = number * 1000 // RATE
    taken = reader.take(film, f"t_{at_ms},f_png")
    assert (taken.number(), taken.time_ms) == (number, at_ms)
    small = reader.take(film, f"t_{at_ms},w_160")
    poor = io.BytesIO()
    small.image.save(poor, "JPEG", quality=60)
    assert read_frame_number(Image.open(poor)) == number
    fast = reader.take(film, f"t_{at_ms},w_320,m_fast")
    assert fast.number() == number - number % KEYFRAME_EVERY


def test_number_is_only_read_upright(film: Path) -> None:
    """A picture that is turned, flipped or negative has no number rather than a wrong one."""
    taken = Reader(film.parent).take(film, "t_5000,f_png")
    for turn in Image.Transpose:
        with pytest.raises(ValueError, match="no frame number"):
            read_frame_number(taken.image.transpose(turn))


def test_sample_is_always_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs give the same bytes, so an ETag of the sample holds (shortened: the way is the same)."""
    monkeypatch.setattr(sample, "COUNT", 2 * RATE)
    for name in ("one.mp4", "two.mp4"):
        make_sample(tmp_path / name)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_sample_without_x264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PyAV that was built without x264 makes the same film in MPEG-4, its numbers readable."""
    monkeypatch.setattr(sample, "COUNT", 2 * RATE)
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx264"})
    make_sample(tmp_path / "sample.mp4")
    taken = Reader(tmp_path).take(tmp_path / "sample.mp4", "t_1240,w_160")
    assert (taken.number(), taken.time_ms) == (31, 1240)


def test_failed_sample_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the film cannot be made, neither it nor a part of it lies in the folder."""

    def fail(rate: int) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sample, "_sound", fail)
    with pytest.raises(OSError, match="No space"):
        make_sample(tmp_path / "sample.mp4")
    assert not list(tmp_path.iterdir())
