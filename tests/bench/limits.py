"""What a picture costs at least: the index entries of the video track, and the samples that decoding needs.

Known from how the films are made, and by a walk over the boxes that shares nothing with framefetch's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.bench.clips import CLIPS, RATE, clip_path
from tests.bench.muxing import samples

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.shelf import Shelved


@dataclass(frozen=True, slots=True)
class Limit:
    """Bytes.

    Attributes:
        index: the video's `trak` box, or what else tells where the pictures are; the whole of it, though
            some of its tables can be read in slices.
        samples: of the video, keyframe to wanted picture in decode order; fast mode: the keyframe.
        gop: of the video, the whole GOP.
        time_ms: of the right picture.
    """

    index: int
    samples: int
    gop: int
    time_ms: float

    @property
    def bytes(self) -> int:
        return self.index + self.samples


@cache
def _sizes(path: Path) -> tuple[tuple[int, int, bool], ...]:
    """Size, number in order of display, and whether it is a keyframe, of the clip's samples."""
    found = samples(path)
    step = found[0].duration
    return tuple((len(one.payload), round(one.pts / step), one.is_key) for one in found)


def limit(film: Shelved, at_ms: int, *, fast: bool) -> Limit:
    """The limit of one picture of one film."""
    clip = CLIPS[film.facts["clip"]]
    sizes = _sizes(clip_path(film.folder, clip.name))
    number = at_ms * RATE // 1000
    wanted = number % clip.count
    last = next(at for at, (_, shown, _) in enumerate(sizes) if shown == wanted)
    first = max(at for at, (_, shown, is_key) in enumerate(sizes) if is_key and shown <= wanted)
    shown_number = number - wanted + sizes[first][1] if fast else number
    stop = first + 1 if fast else last + 1
    return Limit(
        index=film.facts["index_bytes"],
        samples=sum(size for size, _, _ in sizes[first:stop]),
        gop=sum(size for size, _, _ in sizes[first : first + clip.gop]),
        time_ms=shown_number * 1000 / RATE,
    )
