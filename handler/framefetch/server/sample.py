"""The sample film: a day at a mountain lake in 20 seconds, painted with Pillow, encoded with PyAV.

In: a path. Out: an MP4 there (H.264 with B-frames, AAC, index at the front) that is the same
whenever the same versions make it. Every picture carries its number twice: in figures for people,
and for programs in the 16 perforations of the film's lower edge, which `read_frame_number` reads
back from any picture of the film. Never reads a file, the clock or a random number.
"""

from __future__ import annotations

import math
import sys
from array import array
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from PIL import Image

from framefetch.server.sample_picture import BAND, HEIGHT, HOLES, WIDTH, Painter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

RATE, COUNT = 25, 500
KEYFRAME_EVERY = 50

MAX_NUMBER = 1023
"""A code is 10 bits of the number, the highest first, then 6 of its checksum: 16 perforations."""
_SALT = 0b001011
"""In the checksum. With it no code is another one's mirror image or negative, and none is flat, so
that a picture that is flipped, inverted or blank is never read as a number."""


def frame_code(number: int) -> tuple[bool, ...]:
    """The perforations of a number, left to right; True is a light one.

    Args:
        number: 0 to `MAX_NUMBER`.
    """
    if not 0 <= number <= MAX_NUMBER:
        message = f"{number} is not from 0 to {MAX_NUMBER}"
        raise ValueError(message)
    code = number << 6 | (number & 63) ^ (number >> 6) ^ _SALT
    return tuple(bool(code >> shift & 1) for shift in range(HOLES - 1, -1, -1))


def read_frame_number(image: Image.Image) -> int:
    """Reads a picture's number from its lower edge.

    Args:
        image: an upright picture of any size from 160 pixels of width, whole and not inverted.

    Raises:
        ValueError: there is no number, for instance because the picture is turned or mirrored.
    """
    grey = image.convert("L")
    top, cell = grey.height * (BAND - 1) / BAND, grey.width / HOLES
    middle = top + grey.height / BAND / 2
    reach = grey.height / BAND / 4
    code: tuple[bool, ...] = ()
    for index in range(HOLES):
        box = (cell * (index + 0.3), middle - reach, cell * (index + 0.7), middle + reach)
        light = grey.resize((1, 1), Image.Resampling.BOX, box=box).getpixel((0, 0))
        code += (isinstance(light, int | float) and light >= 128,)
    number = sum(bit << shift for bit, shift in zip(code[:10], range(9, -1, -1), strict=True))
    if code != frame_code(number):
        message = "no frame number in the lower edge of this picture"
        raise ValueError(message)
    return number


def make_sample(path: Path) -> None:
    """Makes the film, under another name in the same folder until it is whole.

    Raises:
        OSError: the folder cannot be written to.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with av.open(str(unfinished), "w", format="mp4", options={"movflags": "faststart"}) as film:
            video, audio = _video_stream(film), _audio_stream(film)
            sound = _sound(audio.rate)
            for number, picture in enumerate(_pictures()):
                if number % RATE == 0:
                    film.mux(_sound_packets(audio, sound, number // RATE))
                painted = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
                frame = painted.reformat(
                    format="yuv420p", src_colorspace="ITU709", dst_colorspace="ITU709", dst_color_range="MPEG"
                )
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                film.mux(video.encode(frame))
            film.mux(video.encode(None))
            film.mux(audio.encode(None))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _pictures() -> Iterator[Image.Image]:
    """The pictures in order; the next one is painted while the caller encodes the last."""
    painter = Painter()

    def paint(number: int) -> Image.Image:
        return painter.paint(
            number / (COUNT - 1), frame_code(number), f"{number:03}", f"{number / RATE:.2f} s"
        )

    with ThreadPoolExecutor(1) as brush:
        upcoming = brush.submit(paint, 0)
        for number in range(1, COUNT):
            finished = upcoming.result()
            upcoming = brush.submit(paint, number)
            yield finished
        yield upcoming.result()


def _video_stream(film: OutputContainer) -> VideoStream:
    """An H.264 stream; MPEG-4 part 2 where this PyAV was built without x264."""
    options = {"crf": "23", "preset": "superfast", "bf": "2", "sc_threshold": "0"}
    name = "libx264"
    if name not in av.codecs_available:
        name, options = "mpeg4", {"bf": "2", "b": "4M"}
    stream = cast("VideoStream", film.add_stream(name, rate=RATE, options=options))
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context = stream.codec_context
    context.gop_size = KEYFRAME_EVERY
    # Not "as many as there are cores": x264's output depends on the number of its threads.
    context.thread_count = 2
    bt709 = 1
    context.color_primaries = context.color_trc = context.colorspace = bt709
    return stream


def _audio_stream(film: OutputContainer) -> AudioStream:
    stream = film.add_stream("aac", rate=44100, options={"b": "96k"})
    stream.codec_context.layout = "mono"
    return stream


def _sound(rate: int) -> bytes:
    """A slow broken chord, 16 bit mono, as long as the film: the audio track is there to be skipped."""
    length = rate // 2
    notes = []
    for pitch in (220.0, 277.18, 329.63, 440.0, 369.99, 293.66):
        step = 2 * math.pi * pitch / rate
        tone = array("h")
        for index in range(length):
            fade = min(1.0, index / 400) * (1 - index / length) ** 2
            tone.append(int(9000 * fade * (math.sin(index * step) + 0.3 * math.sin(2 * index * step))))
        if sys.byteorder == "big":
            tone.byteswap()
        notes.append(tone.tobytes())
    tune = (0, 2, 3, 2, 5, 1, 4, 2, 0, 1, 2, 3, 4, 3, 2, 1)
    return b"".join(notes[tune[index % len(tune)]] for index in range(2 * COUNT // RATE))


def _sound_packets(stream: AudioStream, sound: bytes, second: int) -> list[av.Packet[AudioStream]]:
    """The packets of one second, so that sound and picture lie side by side in the file."""
    piece = sound[second * stream.rate * 2 : (second + 1) * stream.rate * 2]
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
    frame.planes[0].update(piece)
    frame.sample_rate = stream.rate
    frame.pts = second * stream.rate
    frame.time_base = Fraction(1, stream.rate)
    return stream.encode(frame)
