"""Codecs that framefetch does not decode: refused by name, whether this build of FFmpeg has them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framefetch.containers.codecs.marks import HEAD_BYTES, codec_mark
from framefetch.containers.sniff import sniff
from framefetch.errors import UnsupportedCodec
from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import make_film
from tests.films.unsupported import UNSUPPORTED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.films.recipes import Recipe


@pytest.mark.parametrize(
    ("recipe", "mark"),
    [(recipe, mark) for row, mark in UNSUPPORTED for _, recipe in row.recipes()],
    ids=lambda one: getattr(one, "name", ""),
)
def test_refused_by_name(tmp_path: Path, recipe: Recipe, mark: str) -> None:
    """The answer names the codec as FFmpeg does; the file's own name for it is the mark."""
    path = make_film(recipe, tmp_path).path
    call = Call("GET", f"/{path.name}", "x-oss-process=video/snapshot,t_300")
    answer = Service(Settings(), FolderSource(str(tmp_path))).answer(call)
    assert answer.status == 400
    assert f"<Message>The video codec {recipe.codec} is not supported.</Message>" in answer.body.decode()
    assert f"<EC>{UnsupportedCodec.default_ec}</EC>" in answer.body.decode()
    head = path.read_bytes()[:HEAD_BYTES]
    assert codec_mark(_with_its_index(path), str(sniff(head))) == mark


@pytest.mark.parametrize("demuxer", ["mov", "matroska", "avi", "asf", "flv", "mpegts"])
@pytest.mark.parametrize(
    "head",
    [b"", b"vmhdstsd", b"\x86\x84V_\n\0", b"vidsstrf" + bytes(16) + b"\xff" * 4, b"\x86\x8fV_MS/VFW/FOURCC"],
)
def test_no_mark(demuxer: str, head: bytes) -> None:
    """A head that ends early, or whose mark cannot be printed, has none."""
    assert codec_mark(head, demuxer) is None


def _with_its_index(path: Path) -> bytes:
    """A film's head; of MP4 what is from its index on, which our own reader puts first."""
    data = path.read_bytes()
    return data[max(data.find(b"moov"), 0) :][:HEAD_BYTES]
