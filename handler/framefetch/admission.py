"""Who may decode now: memory is shared out before a decoder allocates it.

For the doors that run several requests at once; on Lambda there is only ever one, and it passes
straight through.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from framefetch.errors import RequestTimeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.budget import Budget

_HELD_PICTURES = 8
"""Pictures that a decoder keeps at a time beside those of its threads: references, and those that
wait for their turn. Measured with H.264, H.265, VP9 and AV1; a stream may keep up to 16."""


def decoder_bytes(width: int, height: int, bytes_per_pixel: float, threads: int) -> int:
    """About how much memory a decoder will hold.

    Args:
        width: of the coded picture, in pixels.
        height: likewise.
        bytes_per_pixel: over all planes: 1.5 for 8-bit 4:2:0, 3 for 10-bit 4:2:0.
        threads: pictures that are decoded at the same time.
    """
    return int(width * height * bytes_per_pixel * (_HELD_PICTURES + threads))


class Memory:
    """An allowance of bytes that requests take from and give back. Safe for threads."""

    def __init__(self, allowance_bytes: int) -> None:
        self._free = allowance_bytes
        self._allowance = allowance_bytes
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, wanted_bytes: int, budget: Budget) -> Iterator[None]:
        """Waits until that much is free, and holds it. More than there is in all waits for all of it.

        Raises:
            RequestTimeout: it did not become free in the request's time.
        """
        share = min(wanted_bytes, self._allowance)
        with self._changed:
            if not self._changed.wait_for(lambda: self._free >= share, timeout=budget.remaining_s):
                raise RequestTimeout(
                    "The request waited for other pictures until its time was over.",
                    hint="Ask again, or raise the memory_mb setting.",
                )
            self._free -= share
        try:
            yield
        finally:
            with self._changed:
                self._free += share
                self._changed.notify_all()
