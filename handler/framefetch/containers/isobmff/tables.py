"""Reading the sample tables of a track (ISO/IEC 14496-12 §8.6, §8.7).

In go the boxes of one ``stbl``, out comes a `RunTable`. Tables that contradict each other are not
understood; claims that no film makes, or that the object is too small for, are refused.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import replace
from itertools import accumulate, chain
from operator import le, lt, mul, sub
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.counts import check_count, sample_count
from framefetch.containers.isobmff.run_table import LIST_AT, Runs, RunTable
from framefetch.errors import CorruptFilm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from framefetch.containers.isobmff.boxes import Box

MAX_SPREAD = 1 << 28
"""The largest distance between decoding and showing that FFmpeg believes."""
_MAX_DELTA = 1 << 31


def read_tables(boxes: dict[bytes, Box], size: int) -> RunTable:
    """Reads the tables of a track.

    Args:
        boxes: the children of its ``stbl``, by kind.
        size: of the object, in bytes.

    Raises:
        NotUnderstood: a table is missing, or they contradict each other.
        ImageTooLarge: more samples than any film has.
        CorruptFilm: more samples than the object has bytes.
    """
    count = sample_count(boxes, size)
    if count > size:
        raise CorruptFilm("The video's index claims more than the file has.", detail=f"{count} samples")
    check_count(count)
    if not count:
        raise NotUnderstood("a track without samples")
    table = read_columns(boxes, count, read_delays(boxes, count), _sizes(boxes, count), _chunks(boxes))
    there = _samples_there(table, size)
    return table if there == count else replace(table, count=there)


def read_columns(
    boxes: dict[bytes, Box],
    count: int,
    spread: Runs | None,
    sizes: Sequence[int] | int,
    chunks: Sequence[int],
) -> RunTable:
    """Joins the tables of a track.

    Args:
        boxes: as `read_tables` has them.
        count: how many samples there are.
        spread: as `RunTable` has it, and the next two; the latter may be there in part only.
        sizes: of the samples.
        chunks: where each chunk starts.

    Raises:
        NotUnderstood: a table is missing, or they contradict each other.
    """
    deltas = read_steps(boxes, count)
    steps: Iterable[int] = deltas.values
    if len(deltas.stops) != count:
        steps = map(mul, map(sub, deltas.stops, chain((0,), deltas.stops)), deltas.values)
    table = RunTable(
        count=count,
        deltas=deltas,
        run_ends=array("Q", accumulate(steps)),
        spread=spread,
        sizes=sizes,
        chunks=chunks,
        chunk_runs=_chunk_runs(_wanted(boxes, b"stsc"), len(chunks), count),
        keys=read_keys(boxes, count),
    )
    if table.greatest_delay >= MAX_SPREAD or table.least_delay <= -MAX_SPREAD:
        raise NotUnderstood("a picture is shown hours before or after it is decoded")
    return table


def read_steps(boxes: dict[bytes, Box], count: int) -> Runs:
    """§8.6.1.2 stts: from one sample's dts to the next one's.

    Raises:
        NotUnderstood: it is missing, or not of all samples.
    """
    deltas = Runs.read(_wanted(boxes, b"stts"), "I")
    if deltas.total != count:
        raise NotUnderstood(f"stts has {deltas.total} samples, stsz {count}")
    if max(deltas.values) >= _MAX_DELTA:
        raise NotUnderstood("a negative step in stts")
    return deltas


def read_delays(boxes: dict[bytes, Box], count: int) -> Runs | None:
    """§8.6.1.3 ctts: cts minus dts; None where they are the same.

    Raises:
        NotUnderstood: it is not of all samples.
    """
    if b"ctts" not in boxes:
        return None
    spread = Runs.read(boxes[b"ctts"], "i")
    if spread.total != count:
        raise NotUnderstood(f"ctts has {spread.total} samples, stsz {count}")
    return spread


def _wanted(boxes: dict[bytes, Box], kind: bytes) -> Box:
    if kind not in boxes:
        raise NotUnderstood(f"no {kind!r}")
    return boxes[kind]


def _sizes(boxes: dict[bytes, Box], count: int) -> Sequence[int] | int:
    """§8.7.3: one size for all, or one each of 32 bits (stsz), or of 4, 8 or 16 (stz2)."""
    if b"stsz" in boxes:
        box = boxes[b"stsz"]
        return box.u32(4) or box.numbers(12, count, "I")
    box = boxes[b"stz2"]
    width = box.u32(4) & 0xFF
    if width == 4:
        halves = box.numbers(12, (count + 1) // 2, "B")
        return array("I", [part for byte in halves for part in (byte >> 4, byte & 15)][:count])
    code = {8: "B", 16: "H"}.get(width)
    if code is None:
        raise NotUnderstood(f"stz2 with {width} bits a sample")
    return box.numbers(12, count, code)


def _chunks(boxes: dict[bytes, Box]) -> Sequence[int]:
    if b"stco" in boxes and b"co64" in boxes:
        raise NotUnderstood("stco and co64 in one track")
    if b"co64" in boxes:
        box, code = boxes[b"co64"], "Q"
    else:
        box, code = _wanted(boxes, b"stco"), "I"
    return box.numbers(LIST_AT, box.u32(4), code)


def _chunk_runs(box: Box, chunks: int, count: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """§8.7.4: runs of chunks with the same number of samples each."""
    entries = box.numbers(LIST_AT, 3 * box.u32(4), "I")
    firsts, per_chunk, descriptions = entries[0::3], entries[1::3], entries[2::3]
    if not firsts or not runs_in_order(firsts, chunks):
        raise NotUnderstood("the runs of stsc are not in order")
    if not all(per_chunk):
        raise NotUnderstood("a chunk without samples")
    if len(set(descriptions)) != 1:
        raise NotUnderstood("several sample descriptions are in use")
    lengths = map(sub, (*firsts[1:], chunks + 1), firsts)
    starts = array("Q", accumulate(map(mul, lengths, per_chunk), initial=0))
    if starts.pop() != count:
        raise NotUnderstood("stsc and stsz do not have the same number of samples")
    return starts, array("I", [first - 1 for first in firsts]), per_chunk


def runs_in_order(firsts: Sequence[int], chunks: int) -> bool:
    """Whether runs of chunks follow each other, from the first chunk on and none after the last.

    Args:
        firsts: for each run its first chunk, from 1; at least one.
        chunks: how many there are.
    """
    return firsts[0] == 1 and firsts[-1] <= chunks and all(map(lt, firsts, firsts[1:]))


def description_used(boxes: dict[bytes, Box]) -> int:
    """Which sample description the track's samples have, from 1; 1 for a track without samples."""
    box = boxes.get(b"stsc")
    if box is None or not box.u32(4):
        return 1
    return box.u32(LIST_AT + 8)


def read_keys(boxes: dict[bytes, Box], count: int) -> Sequence[int] | None:
    """§8.6.2 stss; QuickTime's stps (partial: open GOP); §10.4 the group ``rap ``. None: all."""
    more = set(_numbers_of(boxes[b"stps"], count)) if b"stps" in boxes else set()
    if b"rap " in boxes:
        more.update(_random_access_points(boxes[b"rap "], count))
    if b"stss" not in boxes:
        if more:
            raise NotUnderstood("partial keyframes without full ones")
        return None
    keys = _numbers_of(boxes[b"stss"], count)
    if not keys and not more:
        return array("I", [0])
    return array("I", sorted(more.union(keys))) if more else keys


def _random_access_points(box: Box, count: int) -> Iterator[int]:
    """The samples that a sample-to-group box has in any group (§8.9.2)."""
    at = 12 if box.version == 1 else LIST_AT
    entries = box.numbers(at + 4, 2 * box.u32(at), "I")
    number = 0
    for length, group in zip(entries[0::2], entries[1::2], strict=True):
        if number + length > count:
            raise NotUnderstood("a sample group goes on after the last sample")
        if group:
            yield from range(number, number + length)
        number += length


def _numbers_of(box: Box, count: int) -> array[int]:
    """Sample numbers from 1, in order; given from 0."""
    numbers = box.numbers(LIST_AT, box.u32(4), "I")
    if numbers and (numbers[0] == 0 or numbers[-1] > count or not all(map(lt, numbers, numbers[1:]))):
        raise NotUnderstood(f"the numbers of {box.kind!r} are not in order")
    return array("I", [number - 1 for number in numbers])


def _samples_there(table: RunTable, size: int) -> int:
    """How many samples, from the first on, the object has in full: fewer than all when it is cut short.

    Raises:
        NotUnderstood: it is cut short, and its samples are not in order.
        CorruptFilm: it has none of them.
    """
    chunks = table.chunks
    if table.chunk_stop(len(chunks) - 1) <= size:
        # One before it that is outside the object all the same is found by whoever plans to read of it.
        return table.count
    if not all(map(le, chunks, chunks[1:])):
        raise NotUnderstood("the object is cut short, and its chunks are not in order")
    chunk = bisect_left(chunks, size) - 1
    if chunk < 0:
        raise CorruptFilm("The video is cut short before its first picture.", hint="Is the upload complete?")
    if chunk and table.chunk_stop(chunk - 1) > chunks[chunk]:
        raise NotUnderstood("the object is cut short, and its chunks overlap")
    first, stop = table.chunk_samples(chunk)
    there = first
    for offset, length in table.places(first, stop):
        if offset + length > size:
            break
        there += 1
    if not there:
        raise CorruptFilm("The video is cut short before its first picture.", hint="Is the upload complete?")
    return there
