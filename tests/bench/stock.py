"""The films of the bench, each made when it is first asked for and kept in one folder."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from tests.bench.clips import CLIPS, RATE
from tests.bench.loops import boxes, is_video, loop, traks
from tests.bench.muxing import mux
from tests.bench.shelf import Part, Shelved, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MINUTE = Fraction(200, 3)
"""2000 pictures, 8 GOPs of 250, 3125 packets of sound: both end at the same time."""
_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
_CUES = b"\x1c\x53\xbb\x6b"
_CUES_ARE_IN_BYTES = 4 << 20


@dataclass(frozen=True)
class Looped:
    """A film whose samples are one stretch of a file, many times over (`tests.bench.loops`)."""

    name: str
    clip: str
    times: int
    unit_s: Fraction = MINUTE
    front: bool = False
    hole_bytes: int = 0
    sound: bool = True

    @property
    def seconds(self) -> Fraction:
        return self.unit_s * self.times

    def make(self, folder: Path, clips: Path) -> Shelved:
        unit = folder / f"unit-{self.clip}{'' if self.sound else '-silent'}-{float(self.unit_s):.0f}s.mp4"
        if not unit.exists():
            new = unit.with_suffix(".new")
            mux(new, clips, self.clip, self.unit_s, sound=self.sound)
            new.replace(unit)
        made = loop(unit, self.name, self.times, front=self.front, hole_bytes=self.hole_bytes)
        return Shelved(self.name, folder, made.parts, {"index_bytes": made.video_trak_bytes})


@dataclass(frozen=True)
class Muxed:
    """A film that FFmpeg's muxer writes from beginning to end."""

    name: str
    clip: str
    seconds: Fraction
    container: str = "mp4"
    options: Mapping[str, str] = field(default_factory=dict)

    def make(self, folder: Path, clips: Path) -> Shelved:
        path = folder / f"{self.name}.film"
        mux(path, clips, self.clip, self.seconds, container=self.container, options=self.options)
        part = Part(path.name, 0, path.stat().st_size)
        return Shelved(self.name, folder, (part,), {"index_bytes": _index_bytes(path, self.container)})


def _index_bytes(path: Path, container: str) -> int:
    """What such a container tells of the places of its pictures, as far as one picture needs it."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        if container == "mp4":
            mapped_film = cast("bytes", mapped)
            found = {kind: stop - start for kind, start, _, stop in boxes(mapped_film)}
            if b"moof" not in found:
                return next(len(trak) + 8 for trak in traks(mapped_film) if is_video(trak))
            return found.get(b"sidx", found.get(b"mfra", 0)) + found[b"moof"]
        at = mapped.rfind(_CUES, max(0, len(mapped) - _CUES_ARE_IN_BYTES)) if container == "matroska" else -1
        if at < 0:
            return 0
        # The size that follows an element's name: its first set bit tells how many bytes it takes.
        first = mapped[at + 4]
        width = 9 - first.bit_length()
        size = int.from_bytes(mapped[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
        return 4 + width + size


_HD, _TEN = "h264-gop-250", 9 * MINUTE

FILMS: dict[str, Looped | Muxed] = {
    film.name: film
    for film in (
        Looped("ten-minutes.mp4", _HD, 9),
        Looped("ten-minutes-front.mp4", _HD, 9, front=True),
        Looped("one-minute.mp4", _HD, 1),
        Looped("two-hours.mp4", _HD, 108),
        Looped("ten-hours.mp4", _HD, 540),
        Looped("gop-60.mp4", "h264-gop-60", 75, unit_s=Fraction(8)),
        Looped("hevc-4k-10-bit.mp4", "hevc-4k-10", 8, unit_s=Fraction(8)),
        Looped("five-gigabytes.mp4", _HD, 1, hole_bytes=5 << 30),
        Looped("million-samples.mp4", "h264-small", 500, sound=False),
        Muxed("small.mp4", "h264-small", Fraction(25, 3)),
        Muxed("fragmented-sidx.mp4", _HD, _TEN, options={"movflags": _FRAGMENTS + "+global_sidx"}),
        Muxed("fragmented-mfra.mp4", _HD, _TEN, options={"movflags": _FRAGMENTS}),
        Muxed("fragmented-bare.mp4", _HD, _TEN, options={"movflags": _FRAGMENTS + "+skip_trailer"}),
        Muxed("cues.mkv", _HD, _TEN, "matroska"),
        Muxed("no-cues.mkv", _HD, _TEN, "matroska", {"live": "1"}),
        Muxed("stream.ts", _HD, _TEN, "mpegts"),
    )
}


def film(name: str, folder: Path) -> Shelved:
    """The film, made when it is not there."""
    found = load(folder, name)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    made = FILMS[name].make(folder, folder)
    recipe = FILMS[name]
    clip = CLIPS[recipe.clip]
    made.facts.update(clip=clip.name, seconds=float(recipe.seconds), rate=RATE, size=list(clip.size))
    made.save()
    return made
