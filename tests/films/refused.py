"""Files of which there is no picture to be had, and what the answer has to say."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from PIL import Image

from tests.films import boxes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from av.audio.stream import AudioStream


@dataclass(frozen=True)
class Refused:
    """A file's name, how its bytes are made, and the error that DESIGN.md's table gives it."""

    file: str
    make: Callable[[], bytes]
    code: str = "BadRequest"
    ec: str | None = None


def _text(text: str) -> Callable[[], bytes]:
    return text.encode


def _garbage() -> bytes:
    """64 KiB that look like nothing, the same at every run."""
    return b"".join(hashlib.sha256(bytes([high, low])).digest() for high in range(8) for low in range(256))


def _empty() -> bytes:
    return b""


def _audio(container: str = "mp4", codec: str = "aac") -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = cast("AudioStream", file.add_stream(codec, rate=48000))
        stream.codec_context.layout = "mono"
        for index in range(30):
            frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
            frame.planes[0].update(bytes(2048))
            frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
            frame.pts = index * 1024
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return target.getvalue()


def _audio_with_cover() -> bytes:
    cover = io.BytesIO()
    Image.new("RGB", (160, 160), (120, 40, 60)).save(cover, "JPEG")
    return boxes.put_cover(_audio(), cover.getvalue())


def _audio_in_matroska() -> bytes:
    return _audio("matroska", "pcm_s16le")


def _only_ftyp() -> bytes:
    return (24).to_bytes(4, "big") + b"ftypisom" + bytes(4) + b"isommp42"


NO_VIDEO = "0053-00000004"

REFUSED: dict[str, Refused] = {
    "empty": Refused("empty.mp4", _empty),
    "garbage": Refused("garbage.mp4", _garbage),
    "text": Refused("text.mp4", _text("This is not a film.\n" * 400)),
    "playlist": Refused("playlist.mp4", _text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")),
    "concat-script": Refused("concat.mp4", _text("ffconcat version 1.0\nfile '/etc/passwd'\n")),
    "session-description": Refused("sdp.mp4", _text("v=0\nc=IN IP4 127.0.0.1\nm=video 5000 RTP/AVP 96\n")),
    "drawing": Refused("svg.mp4", _text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
    "head-alone": Refused("head-alone.mp4", _only_ftyp),
    "audio-mp4": Refused("audio.mp4", _audio, ec=NO_VIDEO),
    "audio-mkv": Refused("audio.mkv", _audio_in_matroska, ec=NO_VIDEO),
    "audio-with-cover": Refused("cover.mp4", _audio_with_cover, ec=NO_VIDEO),
}


def make_refused(name: str, path: Path) -> None:
    """Writes one of the files above."""
    path.write_bytes(REFUSED[name].make())
