"""The results as one picture: bars of time and bytes, and time over latency."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tests.bench import cases
from tests.bench.results import FAILED
from tests.bench.ways import (
    BLOCKS,
    CACHED,
    COLD,
    DOWNLOAD,
    FFMPEG,
    FSSPEC,
    GENERIC,
    OPENCV,
    PROCESS,
    TORCH,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.results import Results

_ORDER = (CACHED, COLD, PROCESS, GENERIC, FFMPEG, BLOCKS, FSSPEC, TORCH, OPENCV, DOWNLOAD)
_LINES = (CACHED, COLD, FFMPEG, BLOCKS, FSSPEC)
_OURS, _OTHERS, _INK = "#0b6e4f", "#9aa5b1", "#24292f"
_MARKS = {CACHED: "o", COLD: "s", FFMPEG: "^", BLOCKS: "D", FSSPEC: "v"}


def draw(results: Results, path: Path) -> None:
    """Writes the plot of the main case."""
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    pyplot.rcParams.update({"font.size": 9, "text.color": _INK, "axes.edgecolor": "#d0d7de"})
    figure, (walls, sizes, curves) = pyplot.subplots(1, 3, figsize=(13, 4), width_ratios=(1.1, 1, 1))
    _bars(results, walls, "wall_ms", 1, "ms, 15 ms latency")
    _bars(results, sizes, "bytes", 1e6, "MB read")
    limit_mb = results.done[cases.MAIN].limit.bytes / 1e6
    sizes.axvline(limit_mb, color=_INK, linewidth=1, linestyle=":")
    sizes.text(limit_mb, -0.75, f"limit {limit_mb:.2f}", ha="center", va="bottom", fontsize=8)
    sizes.tick_params(labelleft=False)
    _curves(results, curves)
    size_mb = results.done[cases.MAIN].film_bytes / 1e6
    figure.suptitle(f"One exact picture of a film of ten minutes (1080p, H.264, GOP 250, {size_mb:.0f} MB)")
    figure.tight_layout()
    figure.savefig(path, dpi=120, facecolor="white")
    pyplot.close(figure)


def _bars(results: Results, axes: Any, of: str, unit: float, label: str) -> None:
    found = [(way, results.figures(cases.MAIN, way)) for way in _ORDER]
    shown = [(way, getattr(one, of) / unit) for way, one in found if one and one is not FAILED]
    # Whoever loads the whole film would leave the others no room: that bar is cut, its figure is not.
    widest = 1.2 * max([value for way, value in shown if way != DOWNLOAD], default=1)
    ways, values = [way for way, _ in shown], [value for _, value in shown]
    colours = [_OURS if way.startswith("framefetch") else _OTHERS for way in ways]
    drawn = axes.barh(ways, [min(value, widest) for value in values], color=colours)
    labels = [f"{value:,.0f}" if value >= 100 else f"{value:.2f}" for value in values]
    labels = [text + (" →" if value > widest else "") for text, value in zip(labels, values, strict=True)]
    axes.bar_label(drawn, labels, padding=3)
    axes.set_xlim(0, widest * 1.25)
    axes.set_xlabel(label)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def _curves(results: Results, axes: Any) -> None:
    latencies = results.done[cases.MAIN].case.latencies_ms
    for way in _LINES:
        found = [(ms, results.figures(cases.MAIN, way, ms)) for ms in latencies]
        points = [(ms, one.wall_ms) for ms, one in found if one and one is not FAILED]
        if not points:
            continue
        colour = _OURS if way.startswith("framefetch") else "#6b7683"
        style = "--" if way == CACHED else "-"
        axes.plot(*zip(*points, strict=True), style, marker=_MARKS[way], color=colour, label=way)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("latency before each answer, ms")
    axes.set_ylabel("wall, ms")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
