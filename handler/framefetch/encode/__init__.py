"""An sRGB image -> the bytes of the answer. The same image and settings always give the same bytes.

Encoders are set for speed: a picture is made while somebody waits for it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from framefetch.draw import over
from framefetch.encode.memory import expect_memory, telling_of_memory
from framefetch.encode.srgb import PROFILE
from framefetch.errors import ImageTooLarge
from framefetch.process import Format

if TYPE_CHECKING:
    from PIL import Image

    from framefetch.process import Moving, SnapshotRequest
    from framefetch.settings import Settings

_PERCEPTUAL = b"\0"
"""A rendering intent (ISO/IEC 15948 §11.3.2.5)."""
_WEBP_SIDE = 16383
"""The longest that its 14 bits can say (RFC 9649 §2.6)."""
WEBP_METHOD = 2
"""Half the time of Pillow's 4, for 3 % more bytes."""
_AVIF_SPEED = 9
"""A fifth of the time of 8, for 13 % more bytes; below 7 a 4K picture takes seconds."""
_AVIF_BYTES, _AVIF_BYTES_A_PIXEL = 8 << 20, 36
"""What libaom takes at that speed: 5 MB, and 28 to 30 bytes a pixel, with some room for transparency."""


def encode(image: Image.Image, request: SnapshotRequest, settings: Settings) -> bytes:
    """Encodes an image; nothing of the film's metadata goes along, and each says that it is sRGB.

    What is transparent stays so in formats that have it, and shows `background` in jpg. WebP without a
    profile is sRGB by its definition, and AVIF says so in its own colour box.

    Raises:
        ImageTooLarge: the format cannot be so large.
        MemoryError: there is none for the encoder.
    """
    body = body_for(request.format)
    quality = request.quality
    match request.format:
        case Format.PNG:
            from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415 - rare: no part of a start

            tags = PngInfo()
            tags.add(b"sRGB", _PERCEPTUAL)
            image.save(body, compress_level=settings.png_level, pnginfo=tags)
        case Format.WEBP:
            if max(image.size) > _WEBP_SIDE:
                message = f"A webp has at most {_WEBP_SIDE} pixels a side."
                raise ImageTooLarge(message, hint="Ask for another f_, or for less width or height.")
            with telling_of_memory():
                image.save(body, quality=quality or settings.webp_quality, method=WEBP_METHOD)
        case Format.AVIF:
            expect_memory(_AVIF_BYTES + _AVIF_BYTES_A_PIXEL * image.width * image.height)
            with telling_of_memory():
                image.save(
                    body,
                    quality=quality or settings.avif_quality,
                    speed=_AVIF_SPEED,
                    # With several the bytes depend on the machine.
                    max_threads=1,
                )
        case _:
            over(image, settings.background).save(
                body,
                quality=quality or settings.quality,
                subsampling="4:2:0",
                progressive=settings.jpg == "progressive",
                icc_profile=PROFILE,
                comment=b"",
            )
    return body.getvalue()


def body_for(form: Format | Moving) -> io.BytesIO:
    """An empty file in memory, which is named for Pillow.

    By the ending of its name Pillow finds the one encoder; by the name of a format it would load all the
    common ones first, and a function's first picture would take half as long again to encode.
    """
    body = io.BytesIO()
    body.name = f"picture.{form}"
    return body
