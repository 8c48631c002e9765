"""What is measured: the main case of the measurements behind the design, and every other shape of file."""

from __future__ import annotations

from dataclasses import replace

from tests.bench.measure import Case
from tests.bench.ways import (
    BLOCKS,
    CACHED,
    COLD,
    DOWNLOAD,
    FFMPEG,
    FFMPEG_KEY,
    FFMPEG_KEY_BEFORE,
    FFMPEG_START,
    FSSPEC,
    GENERIC,
    OPENCV,
    PROCESS,
    TORCH,
)

MAIN, MAIN_FAST = "main", "main, fast"
FRONT, FRONT_FAST = "index at the front", "index at the front, fast"
HOURS, HOURS_FAST = "two hours", "two hours, fast"
FOUR_K = "4K HEVC, 10 bits"
SIDX, MFRA, BARE = "fragmented with sidx", "fragmented with mfra", "fragmented without either"
MKV, MKV_NO_CUES, TS = "MKV with Cues", "MKV without Cues", "MPEG-TS"
SMALL, MILLION, HOLE = "under 1 MiB", "a million samples", "5 GB, co64"
GROWTH = "growth"

_AT_MS = 303_100
_SELF = (COLD, CACHED)
_FEW = (COLD, CACHED, FFMPEG, BLOCKS)
_FAST = (COLD, CACHED, PROCESS, FFMPEG_KEY, FFMPEG_KEY_BEFORE, BLOCKS, FFMPEG_START)
_ALL = (COLD, CACHED, GENERIC, PROCESS, FFMPEG, BLOCKS, FSSPEC, OPENCV, TORCH, DOWNLOAD, FFMPEG_START)
_FILMS_OF_LENGTHS = (
    ("1 min", "one-minute.mp4", 53_100),
    ("10 min", "ten-minutes.mp4", 303_100),
    ("2 h", "two-hours.mp4", 3_603_100),
    ("10 h", "ten-hours.mp4", 18_003_100),
)
"""Of one shape, each asked in its middle, 93 pictures after a keyframe."""
LENGTHS = tuple(length for length, _, _ in _FILMS_OF_LENGTHS)


def growth(length: str, *, fast: bool = False) -> str:
    """The name of the case of a film so long."""
    return f"{GROWTH}: {length}{', fast' if fast else ''}"


def _growth(*, fast: bool) -> tuple[Case, ...]:
    ways = (COLD, CACHED, FFMPEG_KEY_BEFORE if fast else FFMPEG)
    return tuple(
        Case(growth(length, fast=fast), film, at_ms, ways, runs=3, fast=fast)
        for length, film, at_ms in _FILMS_OF_LENGTHS
    )


FULL: tuple[Case, ...] = (
    Case(MAIN, "ten-minutes.mp4", _AT_MS, _ALL, (0, 15, 60)),
    Case(MAIN_FAST, "ten-minutes.mp4", _AT_MS, _FAST, (0, 15, 60), fast=True),
    Case(FRONT, "ten-minutes-front.mp4", _AT_MS, _FEW),
    Case(
        FRONT_FAST, "ten-minutes-front.mp4", _AT_MS, (COLD, CACHED, FFMPEG_KEY, FFMPEG_KEY_BEFORE), fast=True
    ),
    Case("GOP 60", "gop-60.mp4", _AT_MS, _FEW),
    Case(FOUR_K, "hevc-4k-10-bit.mp4", 33_100, _FEW),
    Case(HOURS, "two-hours.mp4", 3_603_100, _FEW, (15, 60)),
    Case(HOURS_FAST, "two-hours.mp4", 3_603_100, (COLD, CACHED, FFMPEG_KEY_BEFORE), (15, 60), fast=True),
    Case(SIDX, "fragmented-sidx.mp4", _AT_MS, _FEW),
    Case(MFRA, "fragmented-mfra.mp4", _AT_MS, _FEW),
    Case(BARE, "fragmented-bare.mp4", _AT_MS, _FEW),
    Case(MKV, "cues.mkv", _AT_MS, _FEW),
    Case(MKV_NO_CUES, "no-cues.mkv", _AT_MS, _FEW),
    Case(TS, "stream.ts", _AT_MS, _FEW),
    Case(SMALL, "small.mp4", 5_000, _FEW),
    Case(HOLE, "five-gigabytes.mp4", 53_100, (COLD, CACHED, FFMPEG)),
    Case(MILLION, "million-samples.mp4", 16_603_100, (COLD, CACHED, FFMPEG)),
    *_growth(fast=False),
    *_growth(fast=True),
)

_QUICK = (MAIN, MAIN_FAST, FRONT, HOURS, SIDX, BARE, MKV, TS, SMALL)


def cases(*, quick: bool) -> tuple[Case, ...]:
    """Those of a run; the quick ones are fewer, at fewer latencies and in fewer turns."""
    if not quick:
        return FULL
    few = []
    for case in FULL:
        if case.name in (MAIN, MAIN_FAST):
            # Left for the full run: what takes seconds a picture.
            slow = (DOWNLOAD, OPENCV, BLOCKS) if case.fast else (DOWNLOAD, OPENCV)
            few.append(_without(case, *slow, latencies_ms=(15, 60), runs=3))
        elif case.name in _QUICK:
            few.append(_without(case, BLOCKS, latencies_ms=(15,), runs=2))
        elif case.name.startswith(GROWTH) and not case.fast:
            few.append(replace(case, ways=_SELF, runs=1))
    return tuple(few)


def _without(case: Case, *slow: str, latencies_ms: tuple[int, ...], runs: int) -> Case:
    ways = tuple(one for one in case.ways if one not in slow)
    return replace(case, ways=ways, latencies_ms=latencies_ms, runs=runs)
