"""The results as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.bars import bars
from tests.bench.cases import GROWTH
from tests.bench.results import Figures
from tests.bench.ways import CALLS, COLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.results import Done, Results

_UNLIKE = 8.0
"""Two scalers differ by 2 levels; another picture by more than 10."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first to the right."""
    align = "|".join([" --- ", *([" ---: "] * (len(head) - 1))])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{align}|", *lines])


def markdown(results: Results) -> str:
    """All tables, the bars among them."""
    machine = ", ".join(results.machine.values())
    parts = [f"{machine}. Medians; the least wall and the most memory in brackets."]
    parts += [_case(done) for name, done in results.done.items() if not name.startswith(GROWTH)]
    if any(name.startswith(GROWTH) for name in results.done):
        parts.append(_growth(results))
    parts += [_starts(results), check(results)]
    if faults := _faults(results):
        parts.append("Failed:\n\n" + "\n".join(faults))
    if results.left_out:
        parts.append(
            "Left out: " + "; ".join(f"{way} ({why})" for way, why in results.left_out.items()) + "."
        )
    return "\n\n".join(part for part in parts if part) + "\n"


def _faults(results: Results) -> list[str]:
    rows = [row for done in results.done.values() for row in done.rows if row.fault]
    found = [f"- {row.way}, {row.case}: {' '.join((row.fault or '').split())[:300]}" for row in rows]
    return list(dict.fromkeys(found))


def check(results: Results) -> str:
    """The bars, each with whether it is met."""
    verdicts = {True: "met", False: "**not met**", None: "-"}
    rows = [(bar.what, bar.wanted, bar.found, verdicts[bar.met]) for bar in bars(results)]
    return "### Bars\n\n" + table(("bar", "wanted", "found", ""), rows)


def _case(done: Done) -> str:
    case, limit = done.case, done.limit
    latencies = case.latencies_ms
    title = f"### {case.name[0].upper()}{case.name[1:]}"
    about = (
        f"{done.film_bytes / 1e6:,.1f} MB, t = {case.at_ms / 1000} s, {'fast' if case.fast else 'exact'}. "
        f"Limit: {limit.bytes / 1e6:.3f} MB: index {limit.index / 1e6:.3f}, "
        f"samples {limit.samples / 1e6:.3f}."
    )
    walls = [f"wall ms, {ms} ms latency" for ms in latencies]
    head = ("way", "MB", "of limit", "requests", "rounds", *walls, "to framefetch", "CPU ms", "memory MB")
    return f"{title}\n\n{about}\n\n" + table(head, [list(_row(done, way)) for way in _ways(done)])


def _ways(done: Done) -> list[str]:
    return list(dict.fromkeys(row.way for row in done.rows))


def _row(done: Done, way: str) -> Iterator[str]:
    rows = {row.latency_ms: row for row in done.rows if row.way == way}
    found = {ms: Figures.of(row) for ms, row in rows.items()}
    # Bytes and requests are the same at every latency, within what a client that hangs up lets through.
    shown_ms = 15 if 15 in found else next(iter(found))
    one = found[shown_ms]
    if one is None:
        yield from (way, "failed", *[""] * (len(found) + 6))
        return
    unlike = rows[shown_ms].unlike
    yield way + (" (another picture)" if unlike is not None and unlike > _UNLIKE else "")
    yield f"{one.bytes / 1e6:.2f}"
    yield f"{one.bytes / done.limit.bytes:.2f}" if one.bytes else ""
    yield f"{one.requests:g}"
    yield f"{one.rounds:g}"
    for figures in found.values():
        yield f"{figures.wall_ms:.0f} ({figures.least_ms:.0f})" if figures else "-"
    mine = done.figures(COLD, shown_ms)
    yield f"{one.wall_ms / mine.wall_ms:.2f}x" if mine else ""
    yield f"{one.cpu_ms:.0f}"
    sign = "+" if way in CALLS else ""
    yield f"{sign}{one.memory_mb:.0f} ({one.most_memory_mb:.0f})"


def _growth(results: Results) -> str:
    rows = []
    for name, done in results.done.items():
        if not name.startswith(GROWTH):
            continue
        for way in _ways(done):
            figures = done.figures(way, 15)
            length = name.removeprefix(f"{GROWTH}: ")
            size = f"{done.film_bytes / 1e6:,.0f}"
            if figures:
                cost = (f"{figures.bytes / 1e6:.2f}", f"{figures.requests:g}", f"{figures.rounds:g}")
                rows.append((length, way, size, *cost, f"{figures.wall_ms:.0f}"))
            else:
                rows.append((length, way, size, "failed", "", "", ""))
    head = ("length", "way", "film MB", "MB", "requests", "rounds", "wall ms")
    return "### Cost grows with the GOP, not with the film\n\n" + table(head, rows)


def _starts(results: Results) -> str:
    if not results.starts:
        return ""
    rows = []
    for name, found in results.starts["import_ms"].items():
        rows.append((f"import framefetch.{name}", _ms(found), ""))
    for name, found in results.starts["parse"].items():
        memory = f"+{found['growth_mb']:.0f}" if "growth_mb" in found else ""
        rows.append((f"parse the index of {name}", _ms(found), memory))
    rows.append(("refuse an unsigned request", _ms(results.starts["refuse"]), ""))
    return "### Without a film\n\n" + table(("what", "ms", "memory MB"), rows)


def _ms(found: dict[str, float | str]) -> str:
    return f"{found['ms']:.2f}" if "ms" in found else str(found["fault"])
