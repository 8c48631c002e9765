"""Small Matroska films made byte by byte, so that each test can damage the one element that it speaks of.

Their blocks are no pictures: the index reader never looks inside, but at whether VP8 shows one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

from framefetch.containers.index import Need, VideoIndex
from framefetch.containers.matroska import ebml
from framefetch.containers.matroska.walk import Walk

VIDEO, SOUND = 1, 2
AVC = bytes.fromhex("01640028ffe000")
"""An AVC configuration without parameter sets: sixteen pictures may be reordered."""
UNKNOWN_SIZE = b"\x01" + b"\xff" * 7


def element(kind: int, *parts: bytes, unknown: bool = False) -> bytes:
    made = ebml.element(kind, b"".join(parts))
    id_bytes = (kind.bit_length() + 7) // 8
    return made[:id_bytes] + UNKNOWN_SIZE + made[id_bytes + 8 :] if unknown else made


def number(kind: int, value: int) -> bytes:
    return element(kind, value.to_bytes(8, "big"))


@dataclass(frozen=True)
class Shot:
    """One block."""

    time: int
    key: bool = False
    size: int = 20
    track: int = VIDEO
    duration: int | None = None
    lacing: int = 0
    start: bytes = b"\x10"

    def element(self, cluster_time: int, *, group: bool) -> bytes:
        frame = (self.start + bytes(self.size))[: self.size]
        head = bytes([0x80 | self.track]) + struct.pack(">h", self.time - cluster_time)
        if not group and self.duration is None:
            flags = (0x80 if self.key else 0) | self.lacing
            return element(ebml.SIMPLE_BLOCK, head, bytes([flags]), frame)
        parts = [element(ebml.BLOCK, head, bytes([self.lacing]), frame)]
        if self.duration is not None:
            parts.append(number(ebml.BLOCK_DURATION, self.duration))
        if not self.key:
            parts.append(element(ebml.REFERENCE_BLOCK, b"\x01"))
        return element(ebml.BLOCK_GROUP, *parts)


def shots(pattern: str, step: int = 40, first: int = 0, size: int = 20) -> tuple[Shot, ...]:
    """``KppKpp``: keyframes and others, shown as they are stored."""
    return tuple(
        Shot(first + step * nth, letter == "K", size, start=b"\x10") for nth, letter in enumerate(pattern)
    )


@dataclass(frozen=True)
class MatroskaFilm:
    """A film, and what may be wrong with it.

    Args:
        clusters: the shots of each.
        cues: ``end``, ``front`` or none.
        cued: which keyframes have a cue: every n-th.
        muxer: the library that says it wrote the film.
        live: segment and clusters are of unknown size.
    """

    clusters: tuple[tuple[Shot, ...], ...] = field(
        default_factory=lambda: (shots("Kppp"), shots("Kppp", first=160))
    )
    cues: str = "end"
    cued: int = 1
    muxer: str = "Lavf62.3.100"
    live: bool = False
    relative: bool = True
    groups: bool = False
    codec: str = "V_VP9"
    private: bytes = b""
    duration: float = 0.0
    scale_ns: int = 1_000_000
    default_ns: int = 40_000_000
    video_extra: bytes = b""
    sound: bool = False
    attachment: int = 0

    def but(self, **changes: object) -> MatroskaFilm:
        return replace(self, **changes)  # type: ignore[arg-type]

    def _track(self, track: int, kind: int, codec: str, *more: bytes) -> bytes:
        return element(
            ebml.TRACK_ENTRY,
            number(ebml.TRACK_NUMBER, track),
            number(ebml.TRACK_TYPE, kind),
            element(ebml.CODEC_ID, codec.encode()),
            *more,
        )

    def _tracks(self) -> bytes:
        sides = element(ebml.VIDEO, number(ebml.PIXEL_WIDTH, 64), number(ebml.PIXEL_HEIGHT, 48))
        private = element(ebml.CODEC_PRIVATE, self.private) if self.private else b""
        lasts = number(ebml.DEFAULT_DURATION, self.default_ns) if self.default_ns else b""
        video = self._track(VIDEO, 1, self.codec, sides, private, lasts, self.video_extra)
        sound = self._track(SOUND, 2, "A_OPUS") if self.sound else b""
        return element(ebml.TRACKS, sound, video)

    def _cluster(self, cluster: tuple[Shot, ...]) -> tuple[bytes, list[int]]:
        """A cluster, and where its blocks are in its body."""
        time = min(max(0, cluster[0].time), max(0, min(shot.time for shot in cluster) + 30_000))
        body = number(ebml.TIMESTAMP, time)
        places = []
        for shot in cluster:
            places.append(len(body))
            body += shot.element(time, group=self.groups)
        return element(ebml.CLUSTER, body, unknown=self.live), places

    def _cue_points(self, first: int) -> bytes:
        points, at, nth = [], first, 0
        for cluster in self.clusters:
            made, places = self._cluster(cluster)
            for shot, place in zip(cluster, places, strict=True):
                if shot.track != VIDEO or not shot.key:
                    continue
                nth += 1
                if (nth - 1) % self.cued:
                    continue
                relative = number(ebml.CUE_RELATIVE_POSITION, place) if self.relative else b""
                position = element(
                    ebml.CUE_TRACK_POSITIONS,
                    number(ebml.CUE_TRACK, VIDEO),
                    number(ebml.CUE_CLUSTER_POSITION, at),
                    relative,
                )
                points.append(element(ebml.CUE_POINT, number(ebml.CUE_TIME, shot.time), position))
            at += len(made)
        return element(ebml.CUES, *points)

    def bytes(self) -> bytes:
        head = element(ebml.EBML, element(ebml.DOC_TYPE, b"matroska"))
        info = element(
            ebml.INFO,
            number(ebml.TIMESTAMP_SCALE, self.scale_ns),
            element(ebml.DURATION, struct.pack(">d", self.duration)),
            element(ebml.MUXING_APP, self.muxer.encode()),
            element(ebml.WRITING_APP, self.muxer.encode()),
        )
        clusters = b"".join(self._cluster(cluster)[0] for cluster in self.clusters)
        rest = info + self._tracks() + element(ebml.ATTACHMENTS, bytes(self.attachment))

        def seek_head(at: int) -> bytes:
            return element(
                ebml.SEEK_HEAD,
                element(
                    ebml.SEEK,
                    element(ebml.SEEK_ID, bytes.fromhex("1c53bb6b")),
                    number(ebml.SEEK_POSITION, at),
                ),
            )

        first = len(seek_head(0)) + len(rest)
        if self.cues == "end":
            body = seek_head(first + len(clusters)) + rest + clusters + self._cue_points(first)
        elif self.cues == "front":
            first += len(self._cue_points(0))
            body = seek_head(first) + rest + self._cue_points(first) + clusters
        else:
            body = rest + clusters
        return head + element(ebml.SEGMENT, body, unknown=self.live)


def index_and_needs(
    film: bytes, at_ms: int = 0, *, fast: bool = False, head_bytes: int = 4096
) -> tuple[VideoIndex, list[Need]]:
    """The index of a film by feeding just what is asked for, and the ranges that were."""
    walk = Walk(len(film), at_ms, fast=fast)
    needs: list[Need] = []
    found = walk.feed(0, film[:head_bytes])
    while isinstance(found, Need):
        assert 0 <= found.start < found.stop <= len(film)
        needs.append(found)
        assert len(needs) < 300
        found = walk.feed(found.start, film[found.start : found.stop])
    return found, needs
