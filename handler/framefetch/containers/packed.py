"""A `VideoIndex` or `IndexBytes` as bytes and back, to be kept outside the process that made it.

A format of our own: a checksum over all that follows, a head in JSON, then the columns of the sample
table as they are in memory, or the pieces. Reading never runs anything, and refuses whatever is not
exactly right.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from array import array
from dataclasses import fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from framefetch.containers.index import FlatTable, IndexBytes, Segment, VideoIndex
from framefetch.containers.isobmff.run_table import Runs, RunTable

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b"framefetch index 2\n"
"""Changes with every change of the format, so that an older file is not read."""
_CHECKSUM_BYTES = 16
_HEAD_LENGTH = struct.Struct(">I")
_APART = ("header", "zero", "segments", "table", "streams")
"""Fields that are packed in their own way; streams are not, as no picture needs them."""
_PLAIN = [one.name for one in fields(VideoIndex) if one.name not in _APART]
"""The fields of an index that JSON knows as they are."""


class NotPacked(Exception):  # noqa: N818 - a signal, never answered
    """The bytes are not a packed index of this version."""


def pack(index: VideoIndex | IndexBytes, label: dict[str, Any]) -> bytes:
    """The bytes for an index.

    Args:
        index: a whole one, or what was read of one.
        label: whatever else is to be kept with it, as JSON knows it.
    """
    if isinstance(index, IndexBytes):
        pieces = [[start, len(piece)] for start, piece in index.pieces]
        seen = {"label": label, "machine": sys.byteorder, "size": index.size, "pieces": pieces}
        return _sealed(seen, [piece for _, piece in index.pieces])
    columns: list[bytes] = []
    head = {
        "label": label,
        "machine": sys.byteorder,
        "plain": {name: getattr(index, name) for name in _PLAIN},
        "zero": [index.zero.numerator, index.zero.denominator],
        "segments": [[one.first, one.stop, one.from_cts, one.until_cts, one.shift] for one in index.segments],
        "table": _pack_table(index.table, columns),
        "header": len(index.header),
    }
    return _sealed(head, [index.header, *columns])


def _sealed(head: dict[str, Any], columns: list[bytes]) -> bytes:
    text = json.dumps(head, separators=(",", ":")).encode()
    payload = b"".join([_HEAD_LENGTH.pack(len(text)), text, *columns])
    return MAGIC + _checksum(payload) + payload


def unpack(data: bytes) -> tuple[VideoIndex | IndexBytes, dict[str, Any]]:
    """The index and the label that bytes were made of.

    Raises:
        NotPacked: they were made of none, by another version, or are damaged.
    """
    start = len(MAGIC) + _CHECKSUM_BYTES
    payload = memoryview(data)[start:]
    if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : start] != _checksum(payload):
        raise NotPacked
    try:
        (length,) = _HEAD_LENGTH.unpack_from(payload)
        at = _HEAD_LENGTH.size + length
        head = json.loads(bytes(payload[_HEAD_LENGTH.size : at]))
        if head["machine"] != sys.byteorder:
            raise NotPacked
        if "pieces" in head:
            return _unpack_pieces(head, payload[at:]), head["label"]
        header = bytes(payload[at : at + head["header"]])
        table = _unpack_table(head["table"], payload[at + head["header"] :])
        index = VideoIndex(
            **{name: head["plain"][name] for name in _PLAIN},
            header=header,
            zero=Fraction(*head["zero"]),
            segments=tuple(Segment(*one) for one in head["segments"]),
            table=table,
        )
    except (ValueError, KeyError, TypeError, IndexError, struct.error) as fault:
        raise NotPacked from fault
    return index, head["label"]


def _unpack_pieces(head: dict[str, Any], data: memoryview) -> IndexBytes:
    pieces = []
    at = 0
    for start, length in head["pieces"]:
        pieces.append((start, bytes(data[at : at + length])))
        at += length
    if not pieces or pieces[0][0] != 0 or at != len(data):
        raise NotPacked
    return IndexBytes(head["size"], tuple(pieces))


def _checksum(payload: bytes | memoryview) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECKSUM_BYTES).digest()


def _pack_table(table: object, columns: list[bytes]) -> list[Any]:
    if isinstance(table, RunTable):
        parts: tuple[Any, ...] = (
            table.deltas.stops,
            table.deltas.values,
            table.run_ends,
            table.spread.stops if table.spread else None,
            table.spread.values if table.spread else None,
            table.sizes,
            table.chunks,
            *table.chunk_runs,
            table.keys,
        )
        return ["runs", table.count, *(_pack_column(part, columns) for part in parts)]
    if isinstance(table, FlatTable):
        parts = (table.times, table.shifts, table.offsets, table.sizes, table.keys)
        return ["flat", table.end, *(_pack_column(part, columns) for part in parts)]
    message = f"a table of the type {type(table).__name__}"
    raise NotPacked(message)


def _pack_column(column: Sequence[int] | int | None, columns: list[bytes]) -> Any:  # noqa: ANN401 - JSON
    """What the head says of a column; its numbers, where it has some, go into `columns`."""
    if column is None or isinstance(column, int):
        return column
    if isinstance(column, range):
        return [column.start, column.stop]
    numbers = column if isinstance(column, array) else array("q", column)
    columns.append(numbers.tobytes())
    return {"code": numbers.typecode, "bytes": len(columns[-1])}


def _unpack_table(head: list[Any], data: memoryview) -> RunTable | FlatTable:
    kind, number, *described = head
    columns: list[Any] = []
    at = 0
    for one in described:
        if isinstance(one, dict):
            numbers = array(one["code"])
            numbers.frombytes(data[at : at + one["bytes"]])
            at += one["bytes"]
            columns.append(numbers)
        else:
            columns.append(range(*one) if isinstance(one, list) else one)
    if kind == "flat":
        times, shifts, offsets, sizes, keys = columns
        return FlatTable(times, shifts, offsets, sizes, keys, number)
    stops, values, run_ends, spread_stops, spread_values, sizes, chunks, *runs, keys = columns
    return RunTable(
        count=number,
        deltas=Runs(stops, values),
        run_ends=run_ends,
        spread=Runs(spread_stops, spread_values) if spread_values is not None else None,
        sizes=sizes,
        chunks=chunks,
        chunk_runs=(runs[0], runs[1], runs[2]),
        keys=keys,
    )
