"""What fragments claim is seen however their bytes come, and whatever is claimed in good faith passes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.containers.isobmff.claims.runs import RunClaims
from framefetch.errors import CorruptFilm, ImageTooLarge

SIZE = 1 << 30


def run(count: int, flags: int = 0, columns: int = 0) -> bytes:
    body = struct.pack(">II", flags, count) + bytes(4 * columns * min(count, 1000))
    return struct.pack(">I4s", 8 + len(body), b"trun") + body


def seen(data: bytes, cuts: list[int]) -> None:
    """Has it read in pieces."""
    claims = RunClaims(SIZE)
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        claims.see(start, data[start:stop])


@given(st.lists(st.integers(0, 60), max_size=6))
def test_a_claim_across_reads(cuts: list[int]) -> None:
    """It is refused wherever the reads end; a good one is not."""
    cuts.sort()
    with pytest.raises(CorruptFilm):
        seen(bytes(20) + run(SIZE + 1) + bytes(20), cuts)
    seen(bytes(20) + run(3, 0xF00, 4) + bytes(20), cuts)


def test_more_than_its_bytes() -> None:
    """A run with a size for each sample has room for all of them."""
    with pytest.raises(CorruptFilm):
        seen(run(1_000_000, 0x200, 1), [])


def test_together_too_many() -> None:
    """Each claim is small enough, all of them are not; what is read again counts once."""
    two = run(2_000_000) + run(2_000_000)
    seen(two, [])
    claims = RunClaims(SIZE)
    for _ in range(10):
        claims.see(0, two)
    with pytest.raises(ImageTooLarge):
        seen(two + run(1), [])


def test_other_flags() -> None:
    """FFmpeg takes any: where there are fragments, a run that lists nothing is bounded by nothing else."""
    odd = run(60_000_000, 0x020000A8)
    seen(odd, [])
    with pytest.raises(ImageTooLarge):
        seen(b"\0\0\0\x10tfhd" + bytes(8) + odd, [])


def test_other_bytes() -> None:
    """The letters alone are no run: video has them by chance."""
    seen(bytes(8) + b"trun" + b"\xff" * 40, [])
    seen(struct.pack(">I4sII", 4, b"trun", 0, 0xFFFFFFFF), [])
