"""An index survives being packed, and nothing else is ever taken for one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.containers.index import IndexBytes, VideoIndex
from framefetch.containers.isobmff.walk import Walk
from framefetch.containers.packed import NotPacked, pack, unpack
from framefetch.plan import make_plan
from framefetch.process import Mode
from tests.conftest import CORPUS, NO_CORPUS
from tests.containers.films import Film, shots

if TYPE_CHECKING:
    from pathlib import Path


def index_of(data: bytes) -> VideoIndex:
    step = Walk(len(data)).feed(0, data)
    assert isinstance(step, VideoIndex)
    return step


def plans(index: VideoIndex) -> list[Any]:
    return [make_plan(index, at_ms, mode) for at_ms in range(0, 600, 40) for mode in Mode]


FILMS = {
    "plain": Film(),
    "co64": Film(co64=True),
    "all keyframes": Film(shots=shots("KKKK")),
    "delays": Film(shots=shots("KppKpp", delay=80)),
    "edits": Film(edits=((120, 40),)),
}


@pytest.mark.parametrize("name", FILMS)
def test_a_packed_index_leads_to_the_same_samples(name: str) -> None:
    """Every plan made from the unpacked index is the one made from the index itself."""
    index = index_of(FILMS[name].bytes())
    again, label = unpack(pack(index, {"name": "film"}))
    assert isinstance(again, VideoIndex)
    assert label == {"name": "film"}
    assert plans(again) == plans(index)
    assert again.header == index.header


@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
def test_real_indexes_survive(corpus: Path) -> None:
    """The plans of real films are the same after packing."""
    for row in json.loads((corpus / "expected.json").read_text()):
        if row["container"] not in ("mp4", "mov") or row.get("refuse") or row["fragmented"]:
            continue
        data = (corpus / "files" / row["file"]).read_bytes()
        step = Walk(len(data)).feed(0, data)
        if isinstance(step, VideoIndex):
            again, _ = unpack(pack(step, {}))
            assert isinstance(again, VideoIndex)
            for moment in row["times"]:
                assert make_plan(again, moment["t_ms"], Mode.EXACT) == make_plan(
                    step, moment["t_ms"], Mode.EXACT
                )


@given(st.integers(0), st.integers(0, 255))
def test_a_damaged_file_is_noticed(place: int, value: int) -> None:
    """A changed byte, wherever it is, makes the whole unreadable."""
    data = bytearray(pack(index_of(Film().bytes()), {}))
    if data[place % len(data)] == value:
        value ^= 1
    data[place % len(data)] = value
    with pytest.raises(NotPacked):
        unpack(bytes(data))


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    """Bytes that were never packed are told apart, whatever they are."""
    with pytest.raises(NotPacked):
        unpack(data)


def test_a_file_cut_short_is_noticed() -> None:
    """Every shorter piece of a packed index is refused."""
    data = pack(index_of(Film().bytes()), {})
    for length in range(0, len(data), 7):
        with pytest.raises(NotPacked):
            unpack(data[:length])


def test_bytes_of_an_index_survive() -> None:
    """What was read of an index bit by bit comes back as it was, each piece at its place."""
    kept = IndexBytes(1 << 40, ((0, b"head"), (1 << 33, b"moof"), (77, b"")))
    assert unpack(pack(kept, {"name": "film"})) == (kept, {"name": "film"})
