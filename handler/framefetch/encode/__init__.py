"""An sRGB image -> the bytes of the answer. The same image and settings always give the same bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from framefetch.encode.srgb import PROFILE
from framefetch.process import Format

if TYPE_CHECKING:
    from framefetch.settings import Settings

_PERCEPTUAL = b"\0"
"""A rendering intent (ISO/IEC 15948 §11.3.2.5)."""


def encode(image: Image.Image, form: Format, settings: Settings) -> bytes:
    """Encodes an image; nothing of the film's metadata goes along, and each says that it is sRGB.

    What is transparent stays so in formats that have it, and shows `background` in the others.
    """
    body = io.BytesIO()
    if form is Format.PNG:
        tags = PngInfo()
        tags.add(b"sRGB", _PERCEPTUAL)
        image.save(body, "PNG", compress_level=settings.png_level, pnginfo=tags)
    else:
        opaque = _over(image, settings.background)
        opaque.save(
            body,
            "JPEG",
            quality=settings.quality,
            subsampling="4:2:0",
            progressive=settings.jpg == "progressive",
            icc_profile=PROFILE,
            comment=b"",
        )
    return body.getvalue()


def _over(image: Image.Image, background: str) -> Image.Image:
    """The image without transparency."""
    if image.mode == "RGB":
        return image
    behind = Image.new("RGBA", image.size, f"#{background}")
    return Image.alpha_composite(behind, image).convert("RGB")
