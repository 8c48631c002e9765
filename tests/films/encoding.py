"""A recipe made into a file, and what is then known of it.

Nothing here reads a film back, but for the places of the samples in a file that is to be cut.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from PIL import Image, ImageDraw, ImageFont

from framefetch.server.sample import frame_code
from framefetch.server.sample_picture import BAND, HOLES
from tests.films import boxes
from tests.films.film import Film, Shown
from tests.films.recipes import X265_PARAMS

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from tests.films.recipes import Recipe

# SVT-AV1 tells its settings on stderr unless its own variable says not to.
os.environ.setdefault("SVT_LOG", "1")

_FLIP, _CLOCKWISE = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_270
_COUNTER, _HALF = Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180
_BACK = {_FLIP: _FLIP, _CLOCKWISE: _COUNTER, _COUNTER: _CLOCKWISE, _HALF: _HALF}
_LENGTHS = {"mp4", "mov"}
"""Containers that say how long the last picture is shown."""


def paint(size: tuple[int, int], number: int) -> Image.Image:
    """A picture that says its number in figures and, in its lower edge, as a code."""
    width, height = size
    picture = Image.new("RGB", size, (40 + number * 5 % 120, 90, 160 - number * 3 % 100))
    pen = ImageDraw.Draw(picture)
    radius, x = height * 0.18, width * (0.1 + 0.8 * (number % 40) / 40)
    pen.ellipse((x - radius, height * 0.2, x + radius, height * 0.2 + 2 * radius), (240, 200, 60))
    font = ImageFont.load_default(height // 4)
    pen.text((width / 2, height * 0.68), str(number), (255, 255, 255), font, anchor="mm")
    for index, bit in enumerate(frame_code(number)):
        light = 235 if bit else 20
        box = (width * index / HOLES, height * (BAND - 1) / BAND - 1, width * (index + 1) / HOLES, height)
        pen.rectangle(box, fill=(light, light, light))
    return picture


def turns_of(turn: str) -> tuple[Image.Transpose, ...]:
    """What makes a picture upright that was stored for this display matrix."""
    steps: tuple[Image.Transpose, ...] = (_FLIP,) if turn.startswith("mirrored") else ()
    for degrees, step in (("90", _CLOCKWISE), ("180", _HALF), ("270", _COUNTER)):
        if turn.removeprefix("mirrored-") == degrees:
            steps += (step,)
    return steps


def make_film(recipe: Recipe, folder: Path) -> Film:
    """Makes the film in a folder."""
    path = folder / (recipe.name + recipe.suffix)
    made = _encode(recipe, path)
    shown = [Shown(number, time_ms) for number, time_ms in enumerate(made.times_ms)]
    end_ms = made.end_ms
    if recipe.turn != "none":
        path.write_bytes(boxes.put_matrix(path.read_bytes(), recipe.turn, *recipe.size))
    if recipe.edits:
        _put_edits(recipe, path)
        shown, end_ms = _edited(recipe)
    zero = Fraction(0) if recipe.audio else shown[0].time_ms
    whole_until_ms = None
    if recipe.keep < 1:
        whole_until_ms = _cut(path, recipe.keep)
    width, height = recipe.size
    degrees = recipe.turn.removeprefix("mirrored").removeprefix("-")
    return Film(
        name=recipe.name,
        path=path,
        container=recipe.container,
        codec=recipe.codec,
        pix_fmt=recipe.pix_fmt,
        pictures=tuple(Shown(number, time_ms - zero) for number, time_ms in shown),
        keyframes=tuple(at for at, picture in enumerate(shown) if picture.number in made.keyframes),
        end_ms=end_ms - zero,
        end_is_certain=recipe.container in _LENGTHS and not recipe.mux,
        whole_until_ms=whole_until_ms,
        width=width,
        height=height,
        display=(round(width * (recipe.sar or 1)), height),
        rotation=int(degrees) if degrees.isdigit() else 0,
        mirrored=recipe.turn.startswith("mirrored"),
        turns=turns_of(recipe.turn),
    )


@dataclass(frozen=True)
class _Made:
    times_ms: tuple[Fraction, ...]
    keyframes: frozenset[int]
    end_ms: Fraction


def _encode(recipe: Recipe, path: Path) -> _Made:
    tick = Fraction(1, 1000) if recipe.ticks else 1 / recipe.rate
    starts = recipe.ticks or tuple(range(recipe.count + 1))
    delay = Fraction(recipe.delay_ms, 1000)
    with av.open(str(path), "w", format=recipe.container, options=dict(recipe.mux)) as film:
        video = _video_stream(film, recipe, tick)
        audio = _audio_stream(film, recipe) if recipe.audio else None
        turns = [_BACK[turn] for turn in reversed(turns_of(recipe.turn))]
        sideways = _CLOCKWISE in turns or _COUNTER in turns
        upright = recipe.size[::-1] if sideways else recipe.size
        packets = []
        for number in range(recipe.count):
            picture = paint(upright, number)
            for turn in turns:
                picture = picture.transpose(turn)
            coloured = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            frame = coloured.reformat(format=recipe.pix_fmt)
            frame.pts, frame.time_base = starts[number], tick
            packets += video.encode(frame)
        packets += video.encode(None)
        keyframes, times = set(), {}
        first = round(delay / tick)
        if audio is not None:
            film.mux(_audio_packets(audio, recipe, delay + starts[recipe.count] * tick))
        for packet in packets:
            base = exactly(packet.time_base)
            assert packet.pts is not None
            assert packet.dts is not None
            number = starts.index(round(packet.pts * base / tick))
            packet.duration = round((starts[number + 1] - starts[number]) * tick / base)
            shift = round(delay / base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            times[number] = packet.pts * base
            if packet.is_keyframe:
                keyframes.add(number)
            packet.stream = video
            film.mux_one(packet)
        # The muxer's own clock: Matroska and FLV round every time to a millisecond.
        grid = exactly(video.time_base)
    rounded = [_round(times[number], grid) * 1000 for number in range(recipe.count)]
    end = _round((starts[recipe.count] + first) * tick, grid) * 1000
    return _Made(tuple(rounded), frozenset(keyframes), end)


def exactly(base: object) -> Fraction:
    """A time base as a fraction: PyAV 18 has fractions, 19 has a type of its own."""
    numerator, denominator = getattr(base, "numerator", None), getattr(base, "denominator", None)
    assert isinstance(numerator, int)
    assert isinstance(denominator, int)
    return Fraction(numerator, denominator)


def _round(time: Fraction, grid: Fraction) -> Fraction:
    """To the nearest multiple, halves away from zero, as FFmpeg rescales."""
    return int(time / grid + Fraction(1, 2)) * grid


def _video_stream(film: OutputContainer, recipe: Recipe, tick: Fraction) -> VideoStream:
    options = dict(recipe.options)
    if recipe.codec == "libx265":
        open_gop = int("open-gop" in recipe.name)
        keys = f"keyint={recipe.gop}:min-keyint={recipe.gop}:open-gop={open_gop}:bframes={recipe.bframes}"
        options["x265-params"] = f"{keys}:{X265_PARAMS}"
    elif recipe.bframes and recipe.codec in ("libx264", "mpeg4", "mpeg2video"):
        options["bf"] = str(recipe.bframes)
    stream = cast("VideoStream", film.add_stream(recipe.codec, rate=recipe.rate, options=options))
    stream.width, stream.height = recipe.size
    stream.pix_fmt = recipe.pix_fmt
    context = stream.codec_context
    context.gop_size = recipe.gop
    context.time_base = tick
    context.thread_count = 1
    if recipe.sar:
        context.sample_aspect_ratio = recipe.sar
    if recipe.tag:
        context.codec_tag = recipe.tag
    return stream


def _audio_stream(film: OutputContainer, recipe: Recipe) -> AudioStream:
    assert recipe.audio
    stream = cast("AudioStream", film.add_stream(recipe.audio, rate=48000))
    stream.codec_context.layout = "mono"
    return stream


def _audio_packets(stream: AudioStream, recipe: Recipe, length_s: Fraction) -> list[av.Packet[AudioStream]]:
    """A tone as long as the video, whose first packet is at 0 in containers without edit lists."""
    # AAC starts 1024 samples early; MP4 hides that with an edit list, the others show it.
    early = 1024 if recipe.audio == "aac" and recipe.container not in _LENGTHS else 0
    packets = []
    for index in range(int(length_s * 48000) // 1024):
        frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
        frame.planes[0].update((b"\x00\x10" * 32 + b"\x00\xf0" * 32) * 16)
        frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
        frame.pts = index * 1024 + early
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _put_edits(recipe: Recipe, path: Path) -> None:
    film = path.read_bytes()
    movie, media = boxes.timescales(film)
    origin = boxes.first_media_time(film)
    entries = [
        (
            int(edit.count / recipe.rate * movie),
            -1 if edit.first is None else origin + int(edit.first / recipe.rate * media),
        )
        for edit in recipe.edits
    ]
    path.write_bytes(boxes.put_edits(film, entries))


def _edited(recipe: Recipe) -> tuple[list[Shown], Fraction]:
    """What an edit list leaves, and where it ends, in ms."""
    shown, at = [], 0
    for edit in recipe.edits:
        if edit.first is not None:
            shown += [
                Shown(edit.first + index, (at + index) * 1000 / recipe.rate) for index in range(edit.count)
            ]
        at += edit.count
    return shown, at * 1000 / recipe.rate


def _cut(path: Path, keep: Fraction) -> Fraction:
    """Cuts a file, and says up to which time, in ms, its video is all there."""
    left = int(path.stat().st_size * keep)
    with av.open(str(path)) as film:
        video = film.streams.video[0]
        times = {
            packet.pts * exactly(packet.time_base): (packet.pos or 0) + packet.size
            for packet in film.demux(video)
            if packet.pts is not None
        }
    with path.open("r+b") as file:
        file.truncate(left)
    return (min(time for time, stop in times.items() if stop > left) - min(times)) * 1000
