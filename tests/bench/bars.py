"""The bars that framefetch is held to, each with what was measured. Only printed: no test is timed."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from tests.bench import cases
from tests.bench.ways import BLOCKS, CACHED, COLD, DOWNLOAD, FFMPEG, FFMPEG_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.results import Figures, Results


NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Bar:
    """`met` is None where it was not measured."""

    what: str
    wanted: str
    found: str
    met: bool | None


def bars(results: Results) -> list[Bar]:
    """All bars."""
    return [
        *_main(results),
        *_ratios(results),
        *_lengths(results),
        *_containers(results),
        *_memory(results),
        *_starts(results),
    ]


def _most(what: str, most: float, found: float | None, unit: str = "", digits: int = 0) -> Bar:
    if found is None:
        return Bar(what, f"≤ {most:g}{unit}", NOT_MEASURED, None)
    shown = "failed" if isnan(found) else f"{found:.{digits}f}{unit}"
    return Bar(what, f"≤ {most:g}{unit}", shown, found <= most)


def _least(what: str, least: float, found: float | None) -> Bar:
    if found is None:
        return Bar(what, f"≥ {least:g}x", NOT_MEASURED, None)
    return Bar(what, f"≥ {least:g}x", "failed" if isnan(found) else f"{found:.2f}x", found >= least)


def _of(figures: Figures | None, name: str, unit: float = 1) -> float | None:
    return None if figures is None else float(getattr(figures, name) / unit)


def _ratio(one: Figures | None, other: Figures | None, of: str = "wall_ms") -> float | None:
    if one is None or other is None:
        return None
    return float(getattr(one, of) / getattr(other, of))


def _bytes(results: Results, case: str, way: str, divisor: Callable[[str], float]) -> float | None:
    figures = results.figures(case, way)
    return figures.bytes / divisor(case) if figures else None


def _main(results: Results) -> Iterator[Bar]:
    def limit(case: str) -> float:
        return results.done[case].limit.bytes

    def samples(case: str) -> float:
        return results.done[case].limit.samples

    main, cached = results.figures(cases.MAIN, COLD), results.figures(cases.MAIN, CACHED)
    yield _most("cold: requests", 3, _of(main, "requests"))
    yield _most("cold: dependent rounds", 2, _of(main, "rounds"))
    yield _most("cold: bytes of the limit", 1.45, _bytes(results, cases.MAIN, COLD, limit), "x", 2)
    yield _most("index cached: requests", 1, _of(cached, "requests"))
    found = _bytes(results, cases.MAIN, CACHED, samples)
    yield _most("index cached: bytes of the samples'", 1.05, found, "x", 3)
    front = results.figures(cases.FRONT, COLD)
    yield _most(
        "index at the front: bytes of the limit", 1.25, _bytes(results, cases.FRONT, COLD, limit), "x", 2
    )
    yield _most("index at the front: rounds", 2, _of(front, "rounds"))
    small = results.figures(cases.SMALL, COLD)
    yield _most("a file under 1 MiB: requests", 2, _of(small, "requests"))

    def whole(case: str) -> float:
        return results.done[case].film_bytes

    found = _bytes(results, cases.SMALL, COLD, whole)
    yield _most("a file under 1 MiB: bytes of its size", 1, found, "x", 2)


def _ratios(results: Results) -> Iterator[Bar]:
    def wall(other: str, case: str, latency_ms: int = 15, mine: str = COLD) -> float | None:
        return _ratio(results.figures(case, other, latency_ms), results.figures(case, mine, latency_ms))

    yield _least("faster than `ffmpeg -ss`, 15 ms", 2.5, wall(FFMPEG, cases.MAIN))
    yield _least("faster than 256 KiB blocks, 15 ms", 2.2, wall(BLOCKS, cases.MAIN))
    yield _least("faster than download-all, 15 ms", 12, wall(DOWNLOAD, cases.MAIN))
    yield _least("faster than 256 KiB blocks, 60 ms", 2.5, wall(BLOCKS, cases.MAIN, 60))
    yield _least("fast mode, than `ffmpeg -skip_frame nokey`", 4, wall(FFMPEG_KEY, cases.MAIN_FAST))
    found = wall(FFMPEG_KEY, cases.MAIN_FAST, mine=CACHED)
    yield _least("fast mode, cached, than `ffmpeg -skip_frame nokey`", 6, found)
    cpu = _ratio(results.figures(cases.MAIN, COLD), results.figures(cases.MAIN, FFMPEG), "cpu_ms")
    yield _most("CPU of `ffmpeg -ss`'s", 0.55, cpu, "x", 2)


def _lengths(results: Results) -> Iterator[Bar]:
    for case, choices in (
        (cases.HOURS, ((5.5, 3), (4.0, 4))),
        (cases.HOURS_FAST, ((0.6, 5), (5.0, 2))),
    ):
        wanted = " or ".join(f"≤ {most} MB in ≤ {rounds} rounds" for most, rounds in choices)
        figures = results.figures(case, COLD)
        if figures is None:
            yield Bar(case, wanted, NOT_MEASURED, None)
            continue
        met = any(figures.bytes <= most * 1e6 and figures.rounds <= rounds for most, rounds in choices)
        shown = f"{figures.bytes / 1e6:.2f} MB in {figures.rounds:g} rounds"
        yield Bar(case, wanted, "failed" if isnan(figures.bytes) else shown, met)
    parse = results.starts.get("parse", {}).get("two-hours.mp4", {})
    yield _most("two hours: parsing the index", 25, parse.get("ms"), " ms", 1)
    found = _ratio(results.figures(cases.HOLE, COLD), results.figures(cases.MAIN, COLD), "bytes")
    yield _most("5 GB with co64, as any other: bytes of the main case's", 1.05, found, "x", 2)


def _containers(results: Results) -> Iterator[Bar]:
    for case in (cases.SIDX, cases.MFRA):
        figures, done = results.figures(case, COLD), results.done.get(case)
        most = (2 * done.limit.gop + 200_000) / 1e6 if done else 0
        yield _most(f"{case}: MB", round(most, 2), _of(figures, "bytes", 1e6), digits=2)
        yield _most(f"{case}: requests", 4, _of(figures, "requests"))
    figures, done = results.figures(cases.MKV, COLD), results.done.get(cases.MKV)
    most = (1.3 * done.limit.bytes + 200_000) / 1e6 if done else 0
    yield _most(f"{cases.MKV}: MB", round(most, 2), _of(figures, "bytes", 1e6), digits=2)
    yield _most(f"{cases.MKV}: requests", 4, _of(figures, "requests"))
    figures = results.figures(cases.TS, COLD)
    yield _most(f"{cases.TS}, 10 min: MB", 6, _of(figures, "bytes", 1e6), digits=2)
    yield _most(f"{cases.TS}, 10 min: requests", 12, _of(figures, "requests"))


def _memory(results: Results) -> Iterator[Bar]:
    for case, most in ((cases.MAIN, 40), (cases.FOUR_K, 210)):
        figures = results.figures(case, COLD)
        yield _most(f"memory, {case}", most, _of(figures, "memory_mb"), " MB")
    parse = results.starts.get("parse", {}).get("million-samples.mp4", {})
    yield _most("memory, indexing a million samples", 100, parse.get("growth_mb"), " MB")


def _starts(results: Results) -> Iterator[Bar]:
    yield _most("refusing an unsigned request", 1, results.starts.get("refuse", {}).get("ms"), " ms", 3)
