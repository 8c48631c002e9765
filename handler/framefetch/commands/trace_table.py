"""What a request read, as text: a table of the ranges, and the file as a bar with the ranges on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framefetch.observe import Record
    from framefetch.trace import RangeRead

_WIDTH = 64
_MARKS = {"open": "o", "index": "i", "samples": "#"}


def trace_table(record: Record) -> str:
    """The table, the bar and the sums, ready to be printed."""
    size = int(str(record.facts.get("size", 0)))
    reads = record.trace.reads
    rows = [("#", "purpose", "range", "bytes", "ms")]
    for number, read in enumerate(reads, 1):
        # Of an end that was asked for, and never answered, nobody knows where it is.
        where = f"{read.start:,}-{read.stop:,}" if read.start >= 0 else f"the last {-read.start:,}"
        rows.append((str(number), read.purpose, where, f"{read.received:,}", f"{read.ms:.1f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    share = f", {record.trace.received / size:.1%} of the file" if size else ""
    requests = f"{record.trace.requests} request{'' if record.trace.requests == 1 else 's'}"
    lines += [
        "",
        f"0 [{_bar(reads, size)}] {size:,}",
        f"{requests}, {record.trace.received:,} bytes{share}",
        f"stages: {record.server_timing().replace(';dur=', ' ').replace(',', ' ms,')} ms",
    ]
    return "\n".join(lines)


def _bar(reads: list[RangeRead], size: int) -> str:
    bar = ["."] * _WIDTH
    for read in reads:
        if size and read.received:
            first = max(0, read.start) * _WIDTH // size
            last = (max(0, read.start) + read.received - 1) * _WIDTH // size
            for cell in range(first, min(last, _WIDTH - 1) + 1):
                bar[cell] = _MARKS.get(read.purpose, "#")
    return "".join(bar)
