from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.containers.codecs.droppable import droppable
from framefetch.containers.index import NotUnderstood
from framefetch.plan import make_plan
from framefetch.process import Mode
from tests.conftest import CORPUS
from tests.containers.driving import decoded, index_of, md5

if TYPE_CHECKING:
    from pathlib import Path


def units(*bodies: bytes, length_bytes: int = 4) -> bytes:
    return b"".join(len(body).to_bytes(length_bytes, "big") + body for body in bodies)


def h264(kind: int, reference: int = 0) -> bytes:
    return bytes([reference << 5 | kind]) + b"slice"


def hevc(kind: int, layer: int = 0) -> bytes:
    return bytes([kind << 1, layer + 1]) + b"slice"


@pytest.mark.parametrize(
    ("sample", "wanted"),
    [
        (units(h264(1)), True),
        (units(h264(9), h264(6), h264(1), h264(1)), True),
        (units(h264(1), h264(1, reference=1)), False),
        (units(h264(5, reference=3)), False),
        (units(h264(7, reference=3), h264(1)), False),
        (units(h264(6)), False),
        (units(h264(1))[:-1], False),
        (units(h264(1)) + b"\0", False),
        (b"", False),
    ],
)
def test_h264_goes_by_nal_ref_idc(sample: bytes, wanted: bool) -> None:  # noqa: FBT001
    """Only a sample whose every slice says that nothing refers to it can be left out."""
    assert droppable("avc1", 4, sample) is wanted


@pytest.mark.parametrize(
    ("sample", "top_layer", "wanted"),
    [
        (units(hevc(0)), 0, True),
        (units(hevc(1)), 0, False),
        (units(hevc(0, layer=1)), 2, False),
        (units(hevc(0, layer=2)), 2, True),
        (units(hevc(8)), 0, True),
        (units(hevc(19)), 0, False),
        (units(hevc(32), hevc(0)), 0, False),
        (units(hevc(35), hevc(39), hevc(0)), 0, True),
        (units(hevc(0)), None, False),
    ],
)
def test_hevc_goes_by_type_and_temporal_layer(sample: bytes, top_layer: int | None, wanted: bool) -> None:  # noqa: FBT001
    """Only non-reference pictures of the highest temporal layer can be left out."""
    assert droppable("hvc1", 4, sample, top_layer) is wanted


def test_other_codecs_keep_every_sample() -> None:
    """What is not H.264 or H.265 is never looked at."""
    assert not droppable("av01", 4, units(h264(1)), 0)


@given(st.sampled_from(["avc1", "hvc1"]), st.integers(0, 4), st.binary(max_size=50))
def test_any_bytes_have_an_answer(codec: str, length_bytes: int, sample: bytes) -> None:
    """Whatever a sample is, the answer is yes or no."""
    assert droppable(codec, length_bytes, sample, 0) in (True, False)


def rows() -> list[Any]:
    if not CORPUS.is_dir():
        return []
    every: list[dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text())
    wanted = (".mp4", ".mov", ".f4v")
    return [
        pytest.param(row, id=row["file"])
        for row in every
        if row["codec"] in ("h264", "hevc") and row["file"].lower().endswith(wanted) and "times" in row
    ]


@pytest.mark.parametrize("row", rows())
def test_leaving_samples_out_changes_no_pixel(corpus: Path, row: dict[str, Any]) -> None:
    """On every H.264 and H.265 film of the corpus, the picture without the droppable samples is the same."""
    film = (corpus / "files" / row["file"]).read_bytes()
    for time in row["times"]:
        try:
            index = index_of(film, time["t_ms"])
            plan = make_plan(index, time["t_ms"], Mode.EXACT)
        except NotUnderstood:
            continue
        kept = tuple(
            one
            for one in plan.samples
            if one is plan.samples[-1]
            or not droppable(
                index.codec,
                index.nal_length_bytes,
                film[one.offset : one.offset + one.size],
                index.top_temporal_layer,
            )
        )
        if kept != plan.samples and time["gate_md5"] and "decode_errors" not in row["tags"]:
            frame = decoded(index, dataclasses.replace(plan, samples=kept), film)
            assert frame is not None
            assert md5(frame) == time["exact"]["md5"]
