"""Encoders without memory say so in words of their own, which Pillow passes on. Out: a MemoryError."""

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
