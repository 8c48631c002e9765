"""An image that is too large for the platform's answer -> a smaller one that fits, or advice what to ask for.

Nothing is read or decoded again: the drawn image is made smaller until its encoded form fits.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

from PIL.Image import Resampling

from framefetch.encode import encode
from framefetch.errors import ResponseTooLarge
from framefetch.process import Format

if TYPE_CHECKING:
    from PIL.Image import Image

    from framefetch.budget import Budget
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings

_ROOM = 0.93
"""Of the limit: the same size asked for again is scaled from the film itself, and may come out larger."""
_TRIES = 12


def fitted(
    image: Image,
    request: SnapshotRequest,
    settings: Settings,
    body: bytes,
    max_bytes: int,
    *,
    budget: Budget,
) -> tuple[bytes, tuple[int, int]]:
    """The picture of the same shape that is as large as fits, where the settings have it made smaller.

    Args:
        image: as it was drawn.
        request: what it is encoded as.
        settings: `oversize` among them.
        body: `image`, encoded; longer than `max_bytes`.
        max_bytes: that the answer's body may have.
        budget: looked at before each try.

    Returns:
        Its bytes, and its width and height in pixels.

    Raises:
        ResponseTooLarge: `oversize` is ``error``, or not even a small picture fits.
        RequestTimeout: the time is over.
    """
    found, size = _shrunk(image, request, settings, len(body), max_bytes, budget=budget)
    if settings.oversize == "shrink":
        return found, size
    advice = f"w_{size[0]},h_{size[1]} fits"
    as_jpg = replace(request, format=Format.JPG)
    if request != as_jpg and len(encode(image, as_jpg, settings)) <= max_bytes * _ROOM:
        advice += ", and so does f_jpg in this size"
    raise ResponseTooLarge(
        f"The picture has {len(body)} bytes, and this platform returns {max_bytes} at most.",
        hint=f"Ask for less: {advice}.",
    )


def _shrunk(
    image: Image,
    request: SnapshotRequest,
    settings: Settings,
    length: int,
    max_bytes: int,
    *,
    budget: Budget,
) -> tuple[bytes, tuple[int, int]]:
    width, height = image.size
    scale = 1.0
    for _ in range(_TRIES):
        budget.check()
        scale *= min(0.95, sqrt(max_bytes * _ROOM / length))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        body = encode(image.resize(size, Resampling.BOX), request, settings)
        length = len(body)
        if length <= max_bytes * _ROOM:
            return body, size
    raise ResponseTooLarge(detail=f"{size[0]} x {size[1]} still has {length} bytes")
