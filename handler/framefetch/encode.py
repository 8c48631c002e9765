"""An RGB image -> the bytes of the answer. The same image and settings always give the same bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from framefetch.process import Format

if TYPE_CHECKING:
    from PIL.Image import Image

    from framefetch.settings import Settings


def encode(image: Image, form: Format, settings: Settings) -> bytes:
    """Encodes an image; nothing of the film's metadata goes along."""
    body = io.BytesIO()
    if form is Format.PNG:
        image.save(body, "PNG", compress_level=settings.png_level)
    else:
        image.save(body, "JPEG", quality=settings.quality, subsampling="4:2:0")
    return body.getvalue()
