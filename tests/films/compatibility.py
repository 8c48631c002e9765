"""Which codecs, at which depths, are read out of which containers: one small film for each that there is.

A row a codec and depth, with containers that FFmpeg's muxers take it into. The manual's table is made of
these rows; tests/media/test_compatibility.py takes pictures of each film.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.films.recipes import SVT, VPX, X264, X265, Q, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONTAINERS = {
    "MP4": ("mp4", ".mp4"),
    "MOV": ("mov", ".mov"),
    "MKV": ("matroska", ".mkv"),
    "WebM": ("webm", ".webm"),
    "TS": ("mpegts", ".ts"),
    "PS": ("vob", ".mpg"),
    "FLV": ("flv", ".flv"),
    "AVI": ("avi", ".avi"),
    "Ogg": ("ogg", ".ogv"),
    "ASF": ("asf", ".wmv"),
}
"""Columns of the table: FFmpeg's muxer and the file's suffix."""


@dataclass(frozen=True)
class Row:
    """A codec at a depth.

    Attributes:
        name: for people.
        bits: a sample.
        encoder: FFmpeg's.
        pix_fmt: FFmpeg's.
        containers: names in `CONTAINERS`.
        options: of the encoder.
        size: of the stored picture.
        bframes: between two others.
        gop: every so many pictures a keyframe.
    """

    name: str
    bits: int
    encoder: str
    pix_fmt: str
    containers: str
    options: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (192, 108)
    bframes: int = 0
    gop: int = 4

    def recipes(self) -> Iterator[tuple[str, Recipe]]:
        """A film for each container."""
        base = Recipe("", codec=self.encoder, pix_fmt=self.pix_fmt, size=self.size, count=12)
        for column in self.containers.split():
            muxer, suffix = CONTAINERS[column]
            # Neither has presentation times that B-frames could be told by.
            ordered = muxer in ("avi", "asf")
            options = {**self.options, "bf": "0"} if self.bframes and ordered else self.options
            yield (
                column,
                replace(
                    base,
                    name=f"{self.name}-{self.bits}-{column}".lower().replace(" ", "-").replace(".", ""),
                    container=muxer,
                    suffix=suffix,
                    options=options,
                    bframes=0 if ordered else self.bframes,
                    gop=self.gop,
                    tag="hvc1" if self.encoder == "libx265" and muxer in ("mp4", "mov") else None,
                ),
            )


ROWS = (
    Row("H.264", 8, "libx264", "yuv420p", "MP4 MOV MKV TS PS FLV AVI ASF", X264, bframes=2),
    Row("H.264", 10, "libx264", "yuv420p10le", "MP4 MOV MKV TS PS FLV AVI ASF", X264, bframes=2),
    Row("H.265", 8, "libx265", "yuv420p", "MP4 MOV MKV TS PS FLV", X265, bframes=2),
    Row("H.265", 10, "libx265", "yuv420p10le", "MP4 MOV MKV TS PS FLV", X265, bframes=2),
    Row("H.265", 12, "libx265", "yuv420p12le", "MP4 MOV MKV TS PS FLV", X265, bframes=2),
    Row("AV1", 8, "libsvtav1", "yuv420p", "MP4 MKV WebM FLV AVI ASF", SVT),
    Row("AV1", 10, "libsvtav1", "yuv420p10le", "MP4 MKV WebM FLV AVI ASF", SVT),
    Row("VP8", 8, "libvpx", "yuv420p", "MKV WebM AVI Ogg ASF", VPX),
    Row("VP9", 8, "libvpx-vp9", "yuv420p", "MP4 MKV WebM FLV AVI ASF", VPX),
    Row("MPEG-4", 8, "mpeg4", "yuv420p", "MP4 MOV MKV TS PS AVI ASF", Q),
    Row("MPEG-2", 8, "mpeg2video", "yuv420p", "MP4 MOV MKV TS PS", Q, bframes=2),
    Row("MPEG-1", 8, "mpeg1video", "yuv420p", "MP4 MOV MKV TS PS", Q),
    Row("H.263", 8, "h263", "yuv420p", "MOV ASF", Q, size=(176, 144)),
    Row("WMV 8", 8, "wmv2", "yuv420p", "AVI ASF", Q),
    Row("Sorenson H.263", 8, "flv", "yuv420p", "FLV AVI ASF", Q),
    Row("Motion JPEG", 8, "mjpeg", "yuvj420p", "MP4 MOV MKV AVI ASF", Q, gop=1),
    Row("ProRes 422", 10, "prores_ks", "yuv422p10le", "MOV MKV", gop=1),
    Row("ProRes 4444", 12, "prores_ks", "yuva444p10le", "MOV MKV", gop=1),
    Row("DNxHR", 8, "dnxhd", "yuv422p", "MOV", {"profile": "dnxhr_sq"}, size=(256, 144), gop=1),
    Row("DNxHR", 10, "dnxhd", "yuv422p10le", "MOV", {"profile": "dnxhr_hqx"}, size=(256, 144), gop=1),
    Row("FFV1", 8, "ffv1", "yuv420p", "MP4 MKV AVI ASF"),
    Row("FFV1", 10, "ffv1", "yuv420p10le", "MP4 MKV AVI ASF"),
    Row("FFV1", 16, "ffv1", "yuv420p16le", "MP4 MKV AVI ASF"),
    Row("PNG", 8, "png", "rgb24", "MP4 MOV AVI ASF", gop=1),
    Row("QuickTime Animation", 8, "qtrle", "rgb24", "MOV", gop=1),
    Row("Cinepak", 8, "cinepak", "rgb24", "MOV AVI ASF"),
)
