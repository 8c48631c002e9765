"""When the pictures are of which a request wants several. In: where, how many, how far apart. Pure."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


def times_of(start_ms: int, interval_ms: int, most: int, length_ms: Fraction) -> list[int]:
    """When the pictures are, in ms: at least one, and none after the film's end but the first.

    Args:
        start_ms: of the first one.
        interval_ms: from one to the next; 0: they are spread evenly over the rest of the film.
        most: how many there may be.
        length_ms: of the film.
    """
    left_ms = length_ms - start_ms
    if interval_ms:
        # A film that ends just with an interval has no picture there.
        there = max(1, -floor(-left_ms / interval_ms)) if left_ms > 0 else 1
        return [start_ms + number * interval_ms for number in range(min(most, there))]
    if left_ms <= 0:
        return [start_ms]
    return [start_ms + floor(left_ms * number / most) for number in range(most)]
