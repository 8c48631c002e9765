"""What a Range header means to a server: the arithmetic that all of the test servers share."""

from __future__ import annotations

import re


def cut(wanted: str, size: int) -> tuple[int, int] | None:
    """The half-open range that is asked for, all of it for what is no range; None where no byte is in it."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
    if found is None or not (found[1] or found[2]):
        return 0, size
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
    return (start, stop) if start < stop else None
