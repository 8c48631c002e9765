"""What the movie box of a film claims, looked at before FFmpeg believes it.

FFmpeg makes room for all that any track claims, wherever in the box a table is, and searches through what
an edit list leaves out at the square of its length, without asking anybody meanwhile. So this reads less
than our index reader and takes more: it knows tables by their names alone, and leaves out what is malformed.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.counts import check_count, sample_count
from framefetch.containers.isobmff.edits import read_edits
from framefetch.containers.isobmff.run_table import LIST_AT
from framefetch.containers.isobmff.tables import read_keys, runs_in_order
from framefetch.errors import CorruptFilm, ImageTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framefetch.containers.isobmff.boxes import Box

MAX_LEFT_OUT = 20_000
"""Samples that an edit list may leave out in a row, behind a keyframe: eleven minutes of film."""
_HOLDING = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"tref", b"wave"})
_TABLES = frozenset({b"stsz", b"stz2", b"stts", b"ctts", b"stsc", b"stco", b"co64", b"stss", b"elst"})
OUT_OF_PLACE = (_HOLDING | _TABLES) - {b"moov", b"udta"}
"""Boxes that FFmpeg reads at the top of a file, too, where no film has them."""


def check_claims(moov: Box, size: int) -> None:
    """Refuses a movie box that claims what no film has.

    Args:
        moov: the box.
        size: of the object, in bytes.

    Raises:
        CorruptFilm: a track claims more samples than the object has bytes, or contradicts itself.
        ImageTooLarge: a track claims more samples than any film has.
    """
    for _ in _claims(moov, size):
        pass


def check_gaps(moov: Box, size: int) -> None:
    """Refuses, beside that, what FFmpeg would search through or spell out, which our own reader does not.

    Raises:
        ImageTooLarge: an edit list lies over a long run of samples without a keyframe; or delays are of more
            samples than any film has.
        FilmError: as `check_claims`.
    """
    for tables, count in _claims(moov, size):
        with suppress(NotUnderstood):
            _check_delays(tables)
        if count > MAX_LEFT_OUT and b"elst" in tables:
            _check_gaps(tables, count)


def _claims(moov: Box, size: int) -> Iterator[tuple[dict[bytes, Box], int]]:
    """The tables of each track, and how many samples it has; of one that cannot be read 0."""
    for trak in _inside(moov, frozenset({b"trak"})):
        tables: dict[bytes, Box] = {}
        for box in _inside(trak, _TABLES):
            if box.kind in tables:
                # FFmpeg takes the last of two, with what it made of the first: it can end the process.
                raise CorruptFilm(
                    "The video's index contradicts itself.", detail=f"two {box.kind!r} in one track"
                )
            tables[box.kind] = box
        with suppress(NotUnderstood):
            _check_chunks(tables)
        count = 0
        with suppress(NotUnderstood):
            count = sample_count(tables, size)
        yield tables, count


def _check_chunks(boxes: dict[bytes, Box]) -> None:
    """Refuses a track whose chunks FFmpeg would look for where there are none: it ends the process then.

    Raises:
        CorruptFilm: the runs of stsc are not in order, or go beyond the chunks.
    """
    if b"stsc" not in boxes:
        return
    firsts = boxes[b"stsc"].numbers(LIST_AT, 3 * boxes[b"stsc"].u32(4), "I")[0::3]
    chunks = max((boxes[kind].u32(4) for kind in (b"stco", b"co64") if kind in boxes), default=0)
    if firsts and not runs_in_order(firsts, chunks):
        raise CorruptFilm("The video's index contradicts itself.", detail="stsc is not in order")


def _check_delays(tables: dict[bytes, Box]) -> None:
    """§8.6.1.3: a run of ``ctts`` has a number of samples, and FFmpeg keeps one delay for each of them."""
    box = tables.get(b"ctts")
    if box is not None:
        check_count(sum(box.numbers(LIST_AT, 2 * box.u32(4), "I")[0::2]))


def _check_gaps(tables: dict[bytes, Box], count: int) -> None:
    with suppress(NotUnderstood):
        if all(edit.media_time <= 0 for edit in read_edits(tables[b"elst"])):
            return
    keys: Sequence[int] | None = ()
    with suppress(NotUnderstood):
        keys = read_keys(tables, count)
    if keys is None:
        return
    if any(after - before > MAX_LEFT_OUT for before, after in pairwise((0, *keys, count))):
        raise ImageTooLarge(
            "The video goes for too long without a keyframe to be cut by its edit list.",
            hint="Remux it without an edit list, or encode it with keyframes closer together.",
            detail=f"more than {MAX_LEFT_OUT} samples",
        )


def _inside(box: Box, wanted: frozenset[bytes]) -> Iterator[Box]:
    """Boxes of some kinds, wherever in another one; what follows a malformed one is left out."""
    with suppress(NotUnderstood):
        for child in box.children():
            if child.kind in wanted:
                yield child
            if child.kind in _HOLDING:
                yield from _inside(child, wanted - {child.kind})
