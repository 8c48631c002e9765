"""How much a picture is worth showing: a small RGB image in, a number out; the same each time.

Black, blank, blurred and faded pictures are worth little: what counts is the range of its lights, how evenly
they are used, how sharp its edges are, and how much of it is neither black nor burnt out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import ImageFilter, ImageStat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

_EDGES = ImageFilter.Kernel((3, 3), (-1, -1, -1, -1, 8, -1, -1, -1, -1), scale=1)
_SHARP = 24.0
"""The mean of what is left by the filter above in a picture that is as sharp as it needs to be."""
_DARK, _BRIGHT = 28, 244
"""Levels below and above which nothing is seen."""


def worth(image: Image) -> float:
    """From 0, for one flat colour, to 1."""
    grey = image.convert("L")
    counts = grey.histogram()
    total = sum(counts)
    low, high = _level_at(counts, total * 0.05), _level_at(counts, total * 0.95)
    spread = (high - low) / 255
    sharp = min(1.0, ImageStat.Stat(grey.filter(_EDGES)).mean[0] / _SHARP)
    lit = sum(counts[_DARK : _BRIGHT + 1]) / total
    return spread * (grey.entropy() / 8) * sharp * lit


def _level_at(counts: Sequence[int], rank: float) -> int:
    """The level up to which that many pixels lie."""
    below = 0
    for level, count in enumerate(counts):
        below += count
        if below >= rank:
            return level
    return len(counts) - 1
