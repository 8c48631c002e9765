"""How each test film is made: one row a film, each for one property that a reader can get wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

X264 = {"preset": "veryfast", "b_strategy": "0", "sc_threshold": "0", "crf": "24"}
X265 = {"preset": "ultrafast"}
X265_PARAMS = "scenecut=0:b-adapt=0:log-level=none:pools=none:frame-threads=1"
VPX = {"deadline": "realtime", "cpu-used": "8", "b": "400k"}
SVT = {"preset": "8", "crf": "16"}
Q = {"qscale": "3", "flags": "+qscale", "global_quality": "354"}


@dataclass(frozen=True)
class Edit:
    """One entry of an edit list: so many pictures from this one on; or, without one, nothing for a time."""

    first: int | None
    count: int


@dataclass(frozen=True)
class Recipe:
    """A film to make.

    Attributes:
        name: unique; says what is special.
        container: FFmpeg's muxer.
        suffix: of the file.
        codec: FFmpeg's encoder, with its ``options``.
        mux: options of the muxer.
        size: of the stored picture.
        rate: pictures a second.
        count: how many pictures.
        gop: every so many pictures a keyframe.
        bframes: between two others.
        ticks: start of every picture, and the end, in ms, where the rate is not constant.
        delay_ms: the video starts that much later than the audio.
        audio: FFmpeg's encoder, or None for a film without sound.
        sar: sample aspect ratio.
        turn: name of a display matrix in `tests.films.boxes.MATRICES`.
        edits: an edit list that replaces the muxer's.
        keep: share of the file's bytes that is kept.
        tag: codec tag.
        holds: boxes or bytes that must be in the file, or must not (with a leading ``!``).
    """

    name: str
    container: str = "mp4"
    suffix: str = ".mp4"
    codec: str = "libx264"
    options: Mapping[str, str] = field(default_factory=lambda: X264)
    mux: Mapping[str, str] = field(default_factory=dict)
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (192, 108)
    rate: Fraction = Fraction(25)
    count: int = 60
    gop: int = 20
    bframes: int = 2
    ticks: tuple[int, ...] = ()
    delay_ms: int = 0
    audio: str | None = None
    sar: Fraction | None = None
    turn: str = "none"
    edits: tuple[Edit, ...] = ()
    keep: Fraction = Fraction(1)
    tag: str | None = None
    holds: tuple[str, ...] = ()


def _irregular(count: int) -> tuple[int, ...]:
    """Durations between 7 and 190 ms, the same at every run."""
    ticks = [0]
    for index in range(count):
        ticks.append(ticks[-1] + (7, 33, 34, 190, 11, 50, 80, 21)[(index * 5 + index // 7) % 8])
    return tuple(ticks)


H264 = Recipe("h264-mp4-end")
FRONT = {"movflags": "faststart"}
HEVC = Recipe("h265-mp4", codec="libx265", options=X265, tag="hvc1", bframes=3)
VP9 = Recipe("vp9-webm", "webm", ".webm", "libvpx-vp9", VPX, bframes=0)
AV1 = Recipe("av1-mp4", codec="libsvtav1", options=SVT, bframes=0)
MPEG4 = Recipe("mpeg4-avi", "avi", ".avi", "mpeg4", Q, bframes=0)
MKV = replace(H264, name="h264-mkv", container="matroska", suffix=".mkv")
TS = replace(H264, name="h264-ts", container="mpegts", suffix=".ts")
_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
FRAGMENTED = replace(H264, name="h264-fragmented-mfra", mux={"movflags": _FRAGMENTS}, holds=("moof", "mfra"))
OPEN_GOP = {**X264, "flags": "-cgop", "x264-params": "open-gop=1"}

CODECS = (
    H264,
    replace(H264, name="h264-all-key", gop=1, bframes=0),
    replace(H264, name="h264-single-picture", count=1),
    replace(H264, name="h264-open-gop", options=OPEN_GOP),
    replace(H264, name="h264-one-gop", gop=250, count=80, bframes=3),
    replace(H264, name="h264-30000-1001", rate=Fraction(30000, 1001)),
    replace(H264, name="h264-10-bit", pix_fmt="yuv420p10le"),
    replace(H264, name="h264-444", pix_fmt="yuv444p"),
    replace(H264, name="h264-444-odd-size", pix_fmt="yuv444p", size=(193, 109)),
    replace(H264, name="h264-vfr", ticks=_irregular(60), rate=Fraction(30)),
    replace(H264, name="h264-sar-16-15", size=(720, 576), sar=Fraction(16, 15), count=8, gop=4),
    replace(H264, name="h264-sar-3-4", size=(216, 120), sar=Fraction(3, 4), count=30),
    HEVC,
    replace(HEVC, name="h265-10-bit", pix_fmt="yuv420p10le"),
    replace(HEVC, name="h265-open-gop-mkv", container="matroska", suffix=".mkv", tag=None),
    VP9,
    replace(VP9, name="vp8-webm", codec="libvpx"),
    replace(VP9, name="vp9-hidden-frames", options={"deadline": "good", "cpu-used": "5", "b": "300k"}),
    replace(VP9, name="vp9-odd-size", size=(161, 91)),
    AV1,
    replace(AV1, name="av1-10-bit", pix_fmt="yuv420p10le"),
    replace(AV1, name="av1-mkv", container="matroska", suffix=".mkv"),
    replace(H264, name="mpeg4-mp4", codec="mpeg4", options=Q),
    MPEG4,
    replace(MPEG4, name="mjpeg-avi", codec="mjpeg", pix_fmt="yuvj420p", gop=1),
    replace(
        H264,
        name="mjpeg-mov-odd-size",
        container="mov",
        suffix=".mov",
        codec="mjpeg",
        options=Q,
        pix_fmt="yuvj422p",
        gop=1,
        bframes=0,
        size=(175, 99),
    ),
    replace(
        H264,
        name="prores-mov",
        container="mov",
        suffix=".mov",
        codec="prores_ks",
        options={},
        pix_fmt="yuv422p10le",
        gop=1,
        bframes=0,
        count=25,
    ),
)

CONTAINERS = (
    replace(H264, name="h264-mp4-front", mux=FRONT, audio="aac"),
    replace(H264, name="h264-mov", container="mov", suffix=".mov", audio="pcm_s16le"),
    FRAGMENTED,
    replace(
        FRAGMENTED,
        name="h264-fragmented",
        mux={"movflags": _FRAGMENTS + "+skip_trailer"},
        holds=("moof", "!sidx", "!mfra"),
    ),
    replace(
        FRAGMENTED,
        name="h264-fragmented-sidx",
        mux={"movflags": _FRAGMENTS + "+global_sidx"},
        holds=("moof", "sidx"),
    ),
    replace(
        FRAGMENTED,
        name="h264-fragmented-dash",
        mux={"movflags": _FRAGMENTS + "+dash"},
        holds=("moof", "sidx"),
    ),
    replace(
        FRAGMENTED,
        name="h264-fragmented-delay-moov",
        audio="aac",
        mux={"movflags": "frag_keyframe+delay_moov+default_base_moof"},
        holds=("moof", "elst"),
    ),
    replace(
        FRAGMENTED,
        name="h264-fragment-a-picture",
        mux={"movflags": "frag_every_frame+empty_moov"},
        holds=("moof",),
    ),
    replace(HEVC, name="h265-fragmented", mux={"movflags": _FRAGMENTS}, holds=("moof",)),
    MKV,
    replace(MKV, name="h264-mkv-vfr", ticks=_irregular(60), rate=Fraction(30)),
    replace(MKV, name="h264-mkv-30000-1001", rate=Fraction(30000, 1001)),
    replace(MKV, name="h264-mkv-no-cues", mux={"live": "1"}),
    TS,
    replace(TS, name="h264-ts-open-gop", options=OPEN_GOP),
    replace(HEVC, name="h265-ts", container="mpegts", suffix=".ts", tag=None),
    replace(TS, name="mpeg2-ts", codec="mpeg2video", options=Q),
    replace(TS, name="mpeg2-ps", container="vob", suffix=".mpg", codec="mpeg2video", options=Q),
    replace(H264, name="h264-flv", container="flv", suffix=".flv", audio="aac"),
    replace(VP9, name="vp8-ogv", container="ogg", suffix=".ogv", codec="libvpx"),
)

CLOCKS = (
    replace(H264, name="late-video-mp4", delay_ms=520, audio="aac"),
    replace(MKV, name="late-video-mkv", delay_ms=520, audio="pcm_s16le"),
    replace(TS, name="late-video-ts", delay_ms=520, audio="aac"),
    replace(H264, name="edit-delay-alone", edits=(Edit(None, 13), Edit(0, 60))),
    replace(H264, name="edit-delay-with-audio", edits=(Edit(None, 13), Edit(0, 60)), audio="aac"),
    replace(H264, name="edit-cut-both-ends", edits=(Edit(27, 26),)),
    replace(H264, name="edit-delay-and-deep-cut", edits=(Edit(None, 13), Edit(38, 20))),
    replace(H264, name="edit-delay-and-cut-with-audio", edits=(Edit(None, 13), Edit(7, 40)), audio="aac"),
    replace(H264, name="edit-cut-at-keyframe", edits=(Edit(20, 30),), mux=FRONT),
    # Whole GOPs: where an edit ends between B-frames, FFmpeg's demuxer lets the next start a picture late.
    replace(H264, name="edit-several", edits=(Edit(0, 10), Edit(20, 20), Edit(50, 10)), gop=10),
    replace(H264, name="edit-reordered", edits=(Edit(30, 20), Edit(5, 20)), gop=10, bframes=0),
    replace(H264, name="edit-none-with-bframes", edits=(), mux={"use_editlist": "0"}, holds=("!elst",)),
)

TURNS = tuple(
    replace(H264, name=f"turn-{turn}", turn=turn, size=size, count=20, gop=10)
    for turn, size in (
        ("90", (320, 192)),
        ("180", (192, 108)),
        ("270", (320, 192)),
        ("mirrored", (192, 108)),
        ("mirrored-90", (320, 192)),
        ("mirrored-180", (192, 108)),
        ("mirrored-270", (320, 192)),
    )
)

CUT = (
    replace(H264, name="truncated-mp4-front", mux=FRONT, keep=Fraction(6, 10)),
    replace(FRAGMENTED, name="truncated-fragmented", holds=(), keep=Fraction(6, 10)),
    replace(MKV, name="truncated-mkv", keep=Fraction(6, 10)),
    replace(TS, name="truncated-ts", keep=Fraction(6, 10)),
)

ALL = (*CODECS, *CONTAINERS, *CLOCKS, *TURNS, *CUT)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in ALL}
