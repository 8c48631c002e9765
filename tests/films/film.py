"""A film that was made, and the right answer to any t, by DESIGN.md's rules and exact fractions."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from PIL import Image


class Shown(NamedTuple):
    """A picture: the number that it carries, and its time on the presentation clock."""

    number: int
    time_ms: Fraction


@dataclass(frozen=True)
class Film:
    """A file, and what is true of it.

    Attributes:
        name: of its recipe.
        path: where it is.
        container: FFmpeg's name of the muxer.
        codec: FFmpeg's name of the encoder.
        pix_fmt: FFmpeg's name of what the encoder was given.
        pictures: as they are shown; times are on the presentation clock and ascend.
        keyframes: positions in `pictures` from which decoding can start.
        end_ms: end of the last picture.
        end_is_certain: the file says how long the last picture is shown.
        whole_until_ms: pictures before this time are all there; None where the file is not cut.
        width: of the stored picture.
        height: of the stored picture.
        display: width and height with the sample aspect ratio applied to the width; not turned.
        rotation: degrees clockwise that make the stored picture upright, after mirroring.
        mirrored: the stored picture has to be flipped left to right first.
        turns: what Pillow has to do, one after the other, to make the stored picture upright.
    """

    name: str
    path: Path
    container: str
    codec: str
    pix_fmt: str
    pictures: tuple[Shown, ...]
    keyframes: tuple[int, ...]
    end_ms: Fraction
    end_is_certain: bool
    whole_until_ms: Fraction | None
    width: int
    height: int
    display: tuple[int, int]
    rotation: int
    mirrored: bool
    turns: tuple[Image.Transpose, ...]

    @property
    def frame_times_ms(self) -> tuple[Fraction, ...]:
        """The pictures' times alone."""
        return tuple(picture.time_ms for picture in self.pictures)

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as ``ar_auto`` shows it."""
        width, height = self.display
        return (height, width) if self.rotation % 180 else (width, height)

    def exact(self, t_ms: int) -> Shown:
        """The picture that a player shows at t; past the end, the last keyframe."""
        if t_ms > self.end_ms:
            return self.last_keyframe
        return self.pictures[max(0, self._shown_at(t_ms))]

    def fast(self, t_ms: int) -> Shown | None:
        """The nearest keyframe at or before t; None where there is none: any shown picture will do."""
        if t_ms > self.end_ms:
            return self.last_keyframe
        position = max(0, self._shown_at(t_ms))
        before = [keyframe for keyframe in self.keyframes if keyframe <= position]
        return self.pictures[before[-1]] if before else None

    @property
    def last_keyframe(self) -> Shown:
        """The answer past the end; the first picture where an edit list cut all keyframes away."""
        return self.pictures[self.keyframes[-1] if self.keyframes else 0]

    def _shown_at(self, t_ms: int) -> int:
        return bisect_right(self.frame_times_ms, t_ms) - 1

    def moments(self) -> tuple[int, ...]:
        """Times worth asking for, in ms: edges of the film, of GOPs and of pictures, and between them."""
        times = self.frame_times_ms
        middle = [position for position in self.keyframes if position]
        chosen = {0, ceil(times[0]) - 1, ceil(times[0]), ceil(times[-1]), ceil(times[-1]) - 1}
        chosen |= {ceil(times[len(times) // 2]), floor(times[len(times) // 3]) + 3}
        for position in (*middle[:2], *middle[-1:]):
            at = ceil(times[position])
            chosen |= {at - 1, at, at + 1, floor(times[position - 1]) - 1}
        if self.end_is_certain:
            chosen |= {floor(self.end_ms), floor(self.end_ms) + 1}
        chosen |= {ceil(self.end_ms) + 5000}
        if self.whole_until_ms is not None:
            chosen = {t for t in chosen if t < self.whole_until_ms}
        return tuple(sorted(t for t in chosen if t >= 0))
