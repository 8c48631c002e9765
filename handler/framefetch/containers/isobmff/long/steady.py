"""Whether all closed keyframes of a film are shown equally long after they are decoded. Pure.

In go the first entries of a long ``ctts``, out comes that delay, or None. At a constant frame rate
without gaps, a picture that no earlier one is shown after and no later one before (an IDR picture of
H.264, §7.4.1.2.4 there) has as many pictures before it in either order: its delay is that of the first
sample. The gaps are looked for in the entries given; that the picture is such a one is left to the caller.
"""

from __future__ import annotations

from array import array
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from framefetch.containers.isobmff.boxes import Box
from framefetch.containers.isobmff.run_table import LIST_AT, Runs

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_GROUPS = 3
"""Groups of pictures that have to be seen."""


def steady_delay(delays: Runs, deltas: Runs, keys: Sequence[int] | None) -> int | None:
    """The delay of all closed keyframes.

    Args:
        delays: cts minus dts of the film's first samples.
        deltas: from one sample's dts to the next one's, of the whole film.
        keys: numbers of its keyframes; None: all are.
    """
    if keys is None or len(set(deltas.values)) != 1 or not deltas.values[0]:
        return None
    step = deltas.values[0]
    seen = [key for key in keys[: delays.total] if key < delays.total]
    if len(seen) <= _LEAST_GROUPS or seen[0] != 0:
        return None
    delay = delays.values[0]
    for first, stop in pairwise(seen):
        shown = [number * step + late for number, late in enumerate(delays.spelled_out(first, stop), first)]
        if shown[0] != min(shown) or sorted(shown) != list(
            range(first * step + delay, stop * step + delay, step)
        ):
            return None
    return delay


def first_delays(body: memoryview) -> Runs | None:
    """The runs of a ``ctts`` as far as they are there; None when one of them is empty.

    Args:
        body: of the box, or the start of it.
    """
    whole = (len(body) - LIST_AT) // 8
    if whole <= 0:
        return None
    box = Box(b"ctts", body, body, 0)
    entries = min(whole, box.u32(4))
    counts = box.numbers(LIST_AT, 2 * entries, "I")[0::2]
    values = box.numbers(LIST_AT, 2 * entries, "i")[1::2]
    return None if not entries or 0 in counts else Runs(array("Q", accumulate(counts)), values)


def steady_runs(delay: int, count: int) -> Runs:
    """The same delay for all samples."""
    return Runs(array("Q", [count]), array("i", [delay]))
