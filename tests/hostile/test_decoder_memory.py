"""What a stream says that it needs is counted, and refused where no decoder has to have it."""

from __future__ import annotations

import av
import pytest

from framefetch.errors import ImageTooLarge
from framefetch.ffmpeg.decoder_memory import DecoderMemory, Outgrown
from framefetch.settings import Settings
from tests.hostile.streams import sps

EIGHT_K, FOUR_K = (7680, 4320), (3840, 2176)


def memory_of(size: tuple[int, int], references: int, memory_mb: int = 512) -> DecoderMemory:
    """Of an H.264 stream whose decoder was not opened yet."""
    context = av.CodecContext.create("h264", "r")
    context.extradata = b"\0\0\0\1" + sps(size, references)
    return DecoderMemory(context, Settings(memory_mb=memory_mb, threads=2))


def test_memory_grows_with_references() -> None:
    """Each reference is a picture, with its motion vectors."""
    picture = FOUR_K[0] * FOUR_K[1] * (1.5 + 0.55)
    four, five = (memory_of(FOUR_K, references).bytes for references in (4, 5))
    assert five - four == pytest.approx(picture, abs=1)
    assert four == pytest.approx(picture * (4 + 3 + 1 + 2), abs=1)


def test_what_the_standard_allows_is_taken() -> None:
    """8K with 5 references is within H.264's level 6.2, whatever memory_mb says; 6 are beyond it."""
    assert memory_of(EIGHT_K, 5, memory_mb=64).bytes > 64 << 20
    with pytest.raises(ImageTooLarge, match=r"above the limit of 512.*fewer reference frames: it has 6"):
        memory_of(EIGHT_K, 6)
    assert memory_of(EIGHT_K, 6, memory_mb=2048).bytes < 2048 << 20


def test_a_film_that_outgrows_its_room() -> None:
    """It says how much it needs."""
    memory = memory_of(FOUR_K, 4)
    memory.check(memory.bytes)
    with pytest.raises(Outgrown) as fault:
        memory.check(memory.bytes - 1)
    assert fault.value.wanted_bytes == memory.bytes
