"""The last full run of the bench, written into the manual: README's block, docs/bench.md and the plot."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.bench import cases, plot, report
from tests.bench.bars import bars
from tests.bench.measure import REPOSITORY
from tests.bench.results import FAILED, Results
from tests.bench.ways import BLOCKS, CACHED, COLD, DOWNLOAD, FFMPEG, FFMPEG_KEY, FSSPEC, OPENCV, TORCH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_README_ROWS = (
    ("framefetch", cases.MAIN, COLD),
    ("framefetch, index known", cases.MAIN, CACHED),
    ("framefetch, `m_fast`", cases.MAIN_FAST, COLD),
    ("`ffmpeg -ss`", cases.MAIN, FFMPEG),
    ("`ffmpeg -skip_frame nokey` (fast)", cases.MAIN_FAST, FFMPEG_KEY),
    ("PyAV over 256 KiB blocks", cases.MAIN, BLOCKS),
    ("PyAV over fsspec", cases.MAIN, FSSPEC),
    ("OpenCV", cases.MAIN, OPENCV),
    ("torchcodec", cases.MAIN, TORCH),
    ("download all, then PyAV", cases.MAIN, DOWNLOAD),
)
_LATENCY_MS = 15
_README_VERSIONS = ("date", "processor", "system", "python", "pyav", "ffmpeg")
"""Those of the other ways are in the manual."""


class IncompleteRunError(Exception):
    """There are no results of a full run: what would be written would leave rows out."""


def publish(output: Path) -> list[Path]:
    """Writes the manual anew from `output`/results.json; tells the files.

    Raises:
        IncompleteRunError: the last run was quick, of some cases only, or there was none.
    """
    results = last_full(output)
    picture = REPOSITORY / "docs" / "pictures" / "bench.png"
    plot.draw(results, picture)
    pages = {"README.md": ("bench", readme(results)), "docs/bench.md": ("measured", report.markdown(results))}
    for name, (mark, text) in pages.items():
        path = REPOSITORY / name
        page = path.read_text("utf-8")
        between = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->\n)", re.DOTALL)
        new, count = between.subn(lambda _, text=text: f"\n{text}\n", page)  # type: ignore[misc]
        assert count == 1, f"{name} has no place for {mark}"
        path.write_text(new, "utf-8")
    return [picture, *(REPOSITORY / name for name in pages)]


def last_full(output: Path) -> Results:
    """The results of the last run, which has to be a full one."""
    path = output / "results.json"
    if not path.exists():
        message = f"{path} is not there: scripts/bench makes it."
        raise IncompleteRunError(message)
    results = Results.from_json(json.loads(path.read_text("utf-8")))
    absent = [case.name for case in cases.FULL if case.name not in results.done]
    if results.quick or absent:
        message = f"{path} is not of a full run: it was quick, or lacks cases ({', '.join(absent)})."
        raise IncompleteRunError(message)
    return results


def readme(results: Results) -> str:
    """What README says of the bench."""
    film_mb = results.done[cases.MAIN].film_bytes / 1e6
    machine = ", ".join(results.machine[name] for name in _README_VERSIONS if name in results.machine)
    held = bars(results)
    turns = results.done[cases.MAIN].case.runs
    met = f"{sum(bar.met is True for bar in held)} of {len(held)}"
    plotted = (
        "![One exact picture beside other ways: time, bytes, and time over latency](docs/pictures/bench.png)"
    )
    head = ("Way", "MB read", "Requests / in a row", "Wall ms", "CPU ms")
    return "\n".join(
        [
            f"From `scripts/bench` ({machine}):",
            f"ten minutes of 1080p30 H.264 ({film_mb:.0f} MB, GOP 250, index at the end), t = 303.1 s,",
            f"800x450, {_LATENCY_MS} ms to the first byte, 80 MB/s. Medians of {turns} runs.",
            "",
            plotted,
            "",
            *_table(head, _rows(results)),
            "",
            _growth(results),
            "",
            f"[The bench](docs/bench.md) has all other files and ways, and the bars: {met} are met.",
            "",
        ]
    )


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _rows(results: Results) -> Iterator[tuple[str, ...]]:
    for name, case, way in _README_ROWS:
        one = results.figures(case, way, _LATENCY_MS)
        if one is None or one is FAILED:
            continue
        requests = f"{one.requests:.0f} / {one.rounds:.0f}"
        yield name, f"{one.bytes / 1e6:.1f}", requests, f"{one.wall_ms:.0f}", f"{one.cpu_ms:.0f}"


def _growth(results: Results) -> str:
    """What the picture costs in the longest film."""
    longest = cases.LENGTHS[-1]
    done = results.done[cases.growth(longest)]
    cold, known = done.figures(COLD, _LATENCY_MS), done.figures(CACHED, _LATENCY_MS)
    told = "Cost grows with the GOP, not with the film"
    if not (cold and known):
        return f"{told}."
    film_mb, cold_mb, known_mb = (size / 1e6 for size in (done.film_bytes, cold.bytes, known.bytes))
    return (
        f"{told}: in one of {longest} ({film_mb:,.0f} MB) the picture costs {cold_mb:.2f} MB in "
        f"{cold.requests:.0f} requests,\nand with its index known {known_mb:.2f} MB in {known.requests:.0f}."
    )
