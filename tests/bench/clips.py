"""Short clips, encoded once from fixed seeds, of which all films of the bench are made.

The picture is two blurred noises that move through each other, with fine noise on top that no picture
shares with the next: detail and motion as a camera gives them. Of the bits, H.264 spends a fifth on
B-frames that nothing refers to, as it does on what people film.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import av
from av.video.frame import PictureType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from av.filter.context import FilterContext
    from av.video.stream import VideoStream

RATE = 30
AUDIO_RATE = 48000
AAC_SAMPLES = 1024
AUDIO_PACKETS = 3125
"""66.67 s: whole packets of AAC, and 2000 pictures."""


@dataclass(frozen=True)
class Clip:
    """One or more whole GOPs to encode.

    Attributes:
        count: pictures; a multiple of `gop`.
        noise: strength of what changes from picture to picture; it sets the bit rate.
        options: of the encoder, threads included: another number of them gives other bits.
    """

    name: str
    codec: str
    size: tuple[int, int]
    gop: int
    count: int
    noise: int
    options: Mapping[str, str] = field(default_factory=dict)
    pix_fmt: str = "yuv420p"
    tag: str | None = None


def _x264(gop: int) -> dict[str, str]:
    params = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=3:b-adapt=0:b-pyramid=normal:ref=3"
    return {"preset": "veryfast", "crf": "22.5", "threads": "2", "x264-params": params}


_X265 = "keyint=60:min-keyint=60:scenecut=0:open-gop=0:bframes=3:b-adapt=0:crf=17:log-level=error:pools=2"
_HD = (1920, 1080)

CLIPS: dict[str, Clip] = {
    clip.name: clip
    for clip in (
        Clip("h264-gop-250", "libx264", _HD, 250, 250, 5, _x264(250)),
        Clip("h264-gop-60", "libx264", _HD, 60, 60, 5, _x264(60)),
        Clip("h264-small", "libx264", (640, 360), 250, 250, 5, {**_x264(250), "crf": "28"}),
        Clip(
            "hevc-4k-10",
            "libx265",
            (3840, 2160),
            60,
            60,
            5,
            {"preset": "ultrafast", "x265-params": _X265},
            "yuv420p10le",
            "hvc1",
        ),
    )
}


def clip_path(folder: Path, name: str) -> Path:
    """The clip's file, made when it is not there."""
    path = folder / f"{name}.mp4"
    if not path.exists():
        new = path.with_suffix(".new")
        if name == "audio":
            _encode_audio(new)
        else:
            _encode(CLIPS[name], new)
        new.replace(path)
    return path


def _encode(clip: Clip, path: Path) -> None:
    base = Fraction(1, RATE)
    with av.open(str(path), "w", format="mp4") as file:
        stream = cast("VideoStream", file.add_stream(clip.codec, rate=RATE, options=dict(clip.options)))
        stream.width, stream.height = clip.size
        stream.pix_fmt = clip.pix_fmt
        if clip.tag:
            stream.codec_context.codec_tag = clip.tag
        for number, drawn in enumerate(_pictures(clip)):
            frame = drawn.reformat(format=clip.pix_fmt)
            frame.pts, frame.time_base = number, base
            # The filters call every picture an I-picture, and the encoder would make it one.
            frame.pict_type = PictureType.NONE
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _pictures(clip: Clip) -> Iterator[av.VideoFrame]:
    width, height = clip.size
    pan = 2 * clip.count
    graph = av.filter.Graph()
    layers = []
    for seed, blur, x, y in ((7, 1, "n*2", "n"), (8, 2, f"{pan}-n*2", "n*2")):
        last = _chain(
            graph,
            ("color", f"c=gray:size={width + pan}x{height + pan}:rate={RATE}:duration=100"),
            ("noise", f"all_seed={seed}:alls=90:allf=u"),
            ("gblur", f"sigma={blur * width / 1280:g}"),
            ("crop", f"{width}:{height}:{x}:{y}"),
        )
        layers.append(last)
    blend = graph.add("blend", "all_mode=average")
    for nth, layer in enumerate(layers):
        layer.link_to(blend, 0, nth)
    grain = graph.add("noise", f"all_seed=9:alls={clip.noise}:allf=t")
    blend.link_to(grain)
    grain.link_to(graph.add("buffersink"))
    graph.configure()
    for _ in range(clip.count):
        yield cast("av.VideoFrame", graph.pull())


def _encode_audio(path: Path) -> None:
    graph = av.filter.Graph()
    last = _chain(
        graph,
        ("anoisesrc", f"sample_rate={AUDIO_RATE}:color=pink:seed=5:amplitude=0.3"),
        ("aformat", "sample_fmts=fltp:channel_layouts=stereo"),
        ("asetnsamples", f"n={AAC_SAMPLES}"),
    )
    last.link_to(graph.add("abuffersink"))
    graph.configure()
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=AUDIO_RATE)
        stream.codec_context.layout = "stereo"
        stream.codec_context.bit_rate = 128_000
        for _ in range(AUDIO_PACKETS + 1):
            file.mux(stream.encode(cast("av.AudioFrame", graph.pull())))
        file.mux(stream.encode(None))


def _chain(graph: av.filter.Graph, *filters: tuple[str, str]) -> FilterContext:
    """Adds filters, one after the other; the last of them."""
    made = [graph.add(name, arguments) for name, arguments in filters]
    for one, other in pairwise(made):
        one.link_to(other)
    return made[-1]
