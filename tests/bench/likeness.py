"""Whether two ways got the same picture."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageStat


def likeness(one: bytes, other: bytes) -> float:
    """Mean difference of two encoded pictures of one size, in levels of 255, of grey."""
    pictures = [Image.open(io.BytesIO(encoded)).convert("L") for encoded in (one, other)]
    if pictures[0].size != pictures[1].size:
        return 255.0
    return float(ImageStat.Stat(ImageChops.difference(*pictures)).mean[0])
