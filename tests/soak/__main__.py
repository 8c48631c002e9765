"""The long runs: ``scripts/soak``. Prints a line a figure, and fails when one is not held."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.conftest import CORPUS, REPOSITORY
from tests.serving import serving
from tests.soak.films import loaded, make_films
from tests.soak.load import Load, press

GROWTH = 0.05
LATE_MS = 200
"""What an answer may come after the end of its time, whatever stalled."""
SLOWEST = 4.0
"""The 99th percentile of the waits, in medians."""
PARTS = ("warm", "load", "rush", "deadlines")
CLIENTS, MANY, QUEUE = 50, 200, 64
PEAK_MB = 1000


def warm(folder: Path, requests: int, first: int) -> dict[str, Any]:
    """Runs the requests in a process and a TMPDIR of their own."""
    with tempfile.TemporaryDirectory() as alone:
        done = subprocess.run(
            [sys.executable, "-m", "tests.soak.warm", str(folder.resolve()), str(requests), str(first)],
            env=os.environ | {"TMPDIR": alone, "PYTHONPATH": str(REPOSITORY)},
            cwd=alone,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def under_load(folder: Path, clients: int, seconds: float, queue: int = 256) -> tuple[Load, float]:
    """Loads a server, and tells also how much memory it took at most, in MB."""
    film = loaded(folder)
    with serving(folder, settings={"FRAMEFETCH_QUEUE": str(queue), "FRAMEFETCH_TIMEOUT_S": "60"}) as server:
        return press(server, film, clients, seconds), server.peak_mb


def tell(name: str, value: object, *, held: bool) -> bool:
    """Writes a figure, and whether it holds."""
    sys.stdout.write(f"{'held  ' if held else 'BROKEN'} {name}: {value}\n")
    sys.stdout.flush()
    return held


def tell_warm(folder: Path, requests: int) -> list[bool]:
    """Many requests in one process: nothing grows, nothing is left."""
    films = CORPUS / "files"
    if not films.is_dir():
        make_films(folder)
        films = folder
    found = warm(films, requests, 500)
    sys.stdout.write(json.dumps(found) + "\n")
    left = found["written"] + found["left"]
    ends = found["descriptors_first"], found["descriptors_last"]
    return [
        tell("memory after the first 500", f"{found['growth']:+.1%}", held=found["growth"] <= GROWTH),
        tell("descriptors", ends, held=ends[0] == ends[1]),
        tell("files beside the cache", left, held=not left),
        tell("answers", found["statuses"], held=all(int(one) < 500 for one in found["statuses"])),
    ]


def tell_load(folder: Path, seconds: float) -> list[bool]:
    """A full house: everybody gets the right picture, and nobody waits much longer than others."""
    load, peak_mb = under_load(folder, CLIENTS, seconds)
    ratio = load.percentile_s(0.99) / load.percentile_s(0.5)
    waits = [round(load.percentile_s(share) * 1000) for share in (0.5, 0.9, 0.99, 1)]
    return [
        tell(f"{CLIENTS} at once", dict(load.statuses), held=set(load.statuses) == {200}),
        tell("wrong answers", load.wrong[:3], held=not load.wrong),
        tell("p99 / p50", f"{ratio:.2f} of {waits} ms; {peak_mb:.0f} MB", held=ratio <= SLOWEST),
    ]


def tell_rush(folder: Path, seconds: float) -> list[bool]:
    """More than fit: those let in get their picture, the others are told to come again."""
    load, peak_mb = under_load(folder, MANY, seconds, QUEUE)
    return [
        tell(f"{MANY} at once", dict(load.statuses), held=set(load.statuses) <= {200, 429, 503}),
        tell("wrong answers", load.wrong[:3], held=not load.wrong),
        tell("memory", f"{peak_mb:.0f} MB", held=peak_mb <= PEAK_MB),
    ]


def tell_deadlines(_: Path) -> list[bool]:
    """Every stall that the tests know, at every stage, held to the figure."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", "tests/faults"],
        env=os.environ | {"LATE_MS": str(LATE_MS)},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stdout.write(done.stdout)
    found = done.stdout.strip().rpartition("\n")[2]
    return [tell(f"answers within {LATE_MS} ms of their time", found, held=not done.returncode)]


def main() -> int:
    """Runs all, or what is named."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("what", nargs="*", default=list(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--requests", type=int, default=10_000, help="of warm (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=120, help="of load; rush takes a quarter of it")
    options = parser.parse_args()
    bars: list[bool] = []
    with tempfile.TemporaryDirectory() as made:
        for what in options.what:
            folder = Path(made, what)
            folder.mkdir()
            if what == "warm":
                bars += tell_warm(folder, options.requests)
            elif what == "load":
                bars += tell_load(folder, options.seconds)
            elif what == "rush":
                bars += tell_rush(folder, options.seconds / 4)
            else:
                bars += tell_deadlines(folder)
    return 0 if all(bars) else 1


if __name__ == "__main__":
    sys.exit(main())
