"""An image that is too large for the platform's answer -> a smaller one that fits, or advice what to ask for.

Nothing is read or decoded again: what was drawn is made smaller until its encoded form fits. Of sheets and
animations there is only the advice: a track says where on its sheet each tile is.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, NoReturn

from PIL.Image import Resampling

from framefetch.encode import encode
from framefetch.errors import RequestTimeout, ResponseTooLarge
from framefetch.process import Format
from framefetch.process.many import LEAST_SIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from framefetch.budget import Budget
    from framefetch.process import SnapshotRequest
    from framefetch.settings import Settings

_ROOM = 0.93
"""Of the limit: the same size asked for again is scaled from the film itself, and may come out larger."""
_ROOM_OF_MANY = 0.85
"""The same for many pictures at once, which have as many chances to come out larger."""
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

    def encoded(size: tuple[int, int]) -> bytes:
        return encode(smaller(image, size), request, settings)

    found, size = _shrunk(image.size, len(body), max_bytes * _ROOM, encoded, budget)
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


def smaller(image: Image, size: tuple[int, int]) -> Image:
    """An image, made smaller as all are here."""
    return image.resize(size, Resampling.BOX)


def refuse(
    what: str,
    sides: tuple[str, str],
    size: tuple[int, int],
    body: bytes,
    encoded: Callable[[tuple[int, int]], bytes],
    *,
    max_bytes: int,
    budget: Budget,
) -> NoReturn:
    """Says how large each of many pictures may be, so that what they make together fits.

    Args:
        what: they are together.
        sides: what width and height of each are called.
        size: of each, in pixels.
        body: of all; longer than `max_bytes`.
        encoded: all of them, each in a smaller size.
        max_bytes: that the answer's body may have.
        budget: looked at before each try.

    Raises:
        ResponseTooLarge: always.
    """
    hint = "Ask for fewer (num_) or smaller pictures."
    try:
        _, (width, height) = _shrunk(size, len(body), max_bytes * _ROOM_OF_MANY, encoded, budget)
    except (RequestTimeout, ResponseTooLarge):
        width = height = 0
    if min(width, height) >= LEAST_SIDE:
        hint = f"Ask for less: {sides[0]}{width},{sides[1]}{height} fits; or for fewer of them (num_)."
    raise ResponseTooLarge(
        f"The {what} has {len(body)} bytes, and this platform returns {max_bytes} at most.", hint=hint
    )


def _shrunk(
    size: tuple[int, int],
    length: int,
    most: float,
    encoded: Callable[[tuple[int, int]], bytes],
    budget: Budget,
) -> tuple[bytes, tuple[int, int]]:
    """What `encoded` gives for the first size, in the same shape, for which it is no longer than `most`."""
    width, height = size
    scale = 1.0
    for _ in range(_TRIES):
        budget.check()
        scale *= min(0.95, sqrt(most / length))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        body = encoded(size)
        length = len(body)
        if length <= most:
            return body, size
    raise ResponseTooLarge(detail=f"{size[0]} x {size[1]} still has {length} bytes")
