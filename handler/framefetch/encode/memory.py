"""Encoders without memory say so in their own words, or end the process. Out: a MemoryError in time."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = re.compile(
    # libwebp's VP8_ENC_ERROR_OUT_OF_MEMORY, VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY and WEBP_MUX_MEMORY_ERROR.
    r"encoding error [12]|.*WebPEncodingError: [12]\.|.*assembling WebP: -3\."
    r"|could not create encoder object|quantization error"
    # libavif's, whatever libaom lacked.
    r"|Conversion to YUV failed: Out of memory"
    r"|Failed to encode image: Encoding of (color|alpha) planes failed"
)


@contextmanager
def telling_of_memory() -> Iterator[None]:
    """Around an encoder.

    Raises:
        MemoryError: it had none.
    """
    try:
        yield
    except (ValueError, RuntimeError) as fault:
        if _WORDS.fullmatch(str(fault)):
            raise MemoryError from fault
        raise


def expect_memory(count: int) -> None:
    """Looks whether there is as much as an encoder will take that ends the process where there is not.

    Args:
        count: bytes.

    Raises:
        MemoryError: there is not.
    """
    # Of the system, which gives none of it before it is written to.
    bytearray(count)
