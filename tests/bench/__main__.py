"""``scripts/bench``: makes the films, measures, and writes tables, figures and a plot."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import av

from tests.bench import cases, plot, report
from tests.bench.bars import bars
from tests.bench.limits import limit
from tests.bench.measure import REPOSITORY, Case, Server, measure
from tests.bench.publish import IncompleteRunError, publish
from tests.bench.results import Done, Results
from tests.bench.starts import PARSED, all_starts
from tests.bench.stock import film
from tests.bench.ways import TORCH, absent

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAKERS = ("clips.py", "loops.py", "muxing.py", "shelf.py", "stock.py")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench.

    Returns:
        1 with ``--check`` where a bar is not met, else 0.
    """
    options = _parser().parse_args(arguments)
    output: Path = options.output
    if options.publish:
        return _publish(output)
    output.mkdir(parents=True, exist_ok=True)
    folder = film_folder(output)
    wanted = [one for one in cases.cases(quick=options.quick) if not options.only or options.only in one.name]
    results = Results(machine(with_torch=options.with_torch), options.quick)
    results.left_out = _left_out(wanted, with_torch=options.with_torch)
    if not options.with_torch:
        wanted = [_without_torch(case) for case in wanted]

    for case in wanted:
        film(case.film, folder)
    server = Server(folder)
    try:
        for case in wanted:
            _say(f"{case.name}: {len(case.ways)} ways, {len(case.latencies_ms)} latencies, {case.runs} runs")
            shelved = film(case.film, folder)
            least = limit(shelved, case.at_ms, fast=case.fast)
            rows = measure(case, server, least.time_ms)
            results.done[case.name] = Done(case, least, shelved.size, rows)
    finally:
        server.close()
    if not options.only:
        _say("imports, parsing, refusals")
        for name in PARSED:
            film(name, folder)
        results.starts = all_starts(folder, PARSED)
    return _write(results, output, check=options.check)


def _write(results: Results, output: Path, *, check: bool) -> int:
    text = report.markdown(results)
    (output / "results.md").write_text(text, "utf-8")
    (output / "results.json").write_text(json.dumps(results.as_json(), indent=1), "utf-8")
    if cases.MAIN not in results.done:
        pass
    elif importlib.util.find_spec("matplotlib") is None:
        _say("no plot: needs matplotlib")
    else:
        plot.draw(results, output / "plot.png")
    sys.stdout.write(report.check(results) + "\n" if check else text)
    _say(f"written: results.md, results.json and plot.png in {output}")
    return int(check and any(bar.met is False for bar in bars(results)))


def _publish(output: Path) -> int:
    try:
        written = publish(output)
    except IncompleteRunError as error:
        _say(str(error))
        return 1
    _say(f"written: {', '.join(str(path.relative_to(REPOSITORY)) for path in written)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases and runs: two minutes")
    parser.add_argument(
        "--check", action="store_true", help="print the bars only; exit code 1: one is not met"
    )
    parser.add_argument("--only", metavar="TEXT", help="cases with this in their name, and nothing else")
    parser.add_argument("--with-torch", action="store_true", help="torchcodec too, where it is installed")
    parser.add_argument(
        "--publish", action="store_true", help="measure nothing: write the last full run into the manual"
    )
    parser.add_argument(
        "--output", type=Path, default=REPOSITORY / ".bench", help="films, tables and plot (default: .bench)"
    )
    return parser


def film_folder(output: Path) -> Path:
    """Where the films are that these recipes make; films of other recipes are removed."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join((here / name).read_bytes() for name in _MAKERS))
    digest.update(av.__version__.encode())
    folder = output / f"films-{digest.hexdigest()[:12]}"
    for old in output.glob("films-*"):
        if old != folder:
            shutil.rmtree(old)
    folder.mkdir(exist_ok=True)
    return folder


def machine(*, with_torch: bool) -> dict[str, str]:
    """What the figures were found on, and with what."""
    versions = av.library_versions["libavcodec"]
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{os.cpu_count()} x {_processor()} ({platform.machine()})",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"Python {platform.python_version()}",
        "pyav": f"PyAV {av.__version__} (libavcodec {'.'.join(map(str, versions))})",
    }
    if shutil.which("ffmpeg"):
        said = subprocess.run(["ffmpeg", "-version"], capture_output=True, check=True, text=True).stdout
        found["ffmpeg"] = " ".join(said.split()[:3])
    for package in ("fsspec", "opencv-python-headless", *(("torch", "torchcodec") if with_torch else ())):
        with suppress(PackageNotFoundError):
            found[package] = f"{package} {version(package)}"
    return found


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def _left_out(wanted: Sequence[Case], *, with_torch: bool) -> dict[str, str]:
    names = dict.fromkeys(way for case in wanted for way in case.ways)
    found = {name: why for name in names if (why := absent(name)) is not None}
    if not with_torch and TORCH in names:
        found[TORCH] = "needs --with-torch"
    return found


def _without_torch(case: Case) -> Case:
    return replace(case, ways=tuple(way for way in case.ways if way != TORCH))


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


if __name__ == "__main__":
    sys.exit(main())
