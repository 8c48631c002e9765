"""Runs cases in child processes, so that one that ends its process, or hangs, is seen and kept.

Prints what came of them, and writes the film of each that went wrong to ``fuzz-finds``.
"""

from __future__ import annotations

import argparse
import resource
import select
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from framefetch.server.allocator import return_freed_memory
from tests.fuzz.cases import KINDS
from tests.fuzz.seeds import write_seeds

COUNTS = {"parsers": 100_000, "decodes": 2_000, "operations": 400}
FULL_COUNTS = {"parsers": 100_000, "decodes": 50_000, "operations": 5_000}
FIRST = {"parsers": 0, "decodes": 1_000_000, "operations": 2_000_000}
"""The numbers of the first cases: a case is its number, for ever."""
WHAT = {
    "parsers": "inputs for our own parsers",
    "decodes": "films for the whole service",
    "operations": "films for sheets, animations, facts and t_auto",
}
_SILENT_S = 60
"""A child that says nothing for so long hangs, on however busy a machine; its work is counted by itself."""
_MOST_MB = 512


def child(kind: str, folder: Path, first: int, stop: int) -> None:
    """Runs cases, and says before each which it is; in a process as `framefetch serve` has it."""
    return_freed_memory()
    with tempfile.TemporaryDirectory() as work:
        cases = KINDS[kind](folder, Path(work))
        for number in range(first, stop):
            print("at", number, flush=True)
            print("came", number, cases.run(number))
        print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, flush=True)


class Run:
    """All cases of one kind."""

    def __init__(self, kind: str, folder: Path, finds: Path) -> None:
        self._kind = kind
        self._folder = folder
        self._finds = finds
        self.came: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.peak_mb = 0

    def cases(self, first: int, stop: int) -> None:
        """Runs cases by as many children as it takes: after one that ended, from the next case on."""
        while first < stop:
            ended, last = self._child(first, stop)
            if ended:
                self._keep(last, ended)
            first = last + 1

    def _child(self, first: int, stop: int) -> tuple[str, int]:
        """Why the child ended before its time, if it did, and where it was."""
        command = [
            sys.executable,
            "-m",
            "tests.fuzz",
            "--child",
            self._kind,
            str(self._folder),
            str(first),
            str(stop),
        ]
        last = first
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as running:
            assert running.stdout is not None
            while True:
                if not select.select([running.stdout], [], [], _SILENT_S)[0]:
                    running.kill()
                    return f"silent for {_SILENT_S} s", last
                line = running.stdout.readline()
                if not line:
                    break
                word, number, *rest = line.split(maxsplit=2)
                if word == "peak":
                    self.peak_mb = max(self.peak_mb, int(number))
                    last = stop - 1
                elif word == "at":
                    last = int(number)
                else:
                    self._note(int(number), rest[0].strip())
        return (f"ended with {running.returncode}" if running.returncode else ""), last

    def _note(self, number: int, what: str) -> None:
        if what.startswith("!"):
            self._keep(number, what[1:])
        else:
            self.came[what] += 1

    def _keep(self, number: int, what: str) -> None:
        self.wrong.append(f"{self._kind} {number}: {what}")
        self._finds.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            film = KINDS[self._kind](self._folder, Path(work)).film(number)
        (self._finds / f"{self._kind}-{number}").write_bytes(film)


def main() -> int:
    """Runs what was asked for; 1 when anything went wrong."""
    if sys.argv[1:2] == ["--child"]:
        kind, folder, first, stop = sys.argv[2:]
        child(kind, Path(folder), int(first), int(stop))
        return 0
    asked = argparse.ArgumentParser(prog="scripts/fuzz")
    for kind, what in WHAT.items():
        asked.add_argument(f"--{kind}", type=int, metavar="N", help=f"{what} ({COUNTS[kind]:,})")
    asked.add_argument("--full", action="store_true", help=f"so many: {FULL_COUNTS}")
    asked.add_argument("--from", type=int, default=0, dest="skip", help="leaves out the first cases of each")
    given = asked.parse_args()
    counts = dict(FULL_COUNTS if given.full else COUNTS)
    counts |= {kind: getattr(given, kind) for kind in counts if getattr(given, kind) is not None}
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        write_seeds(Path(folder))
        for kind, count in counts.items():
            run = Run(kind, Path(folder), Path("fuzz-finds"))
            run.cases(FIRST[kind] + given.skip, FIRST[kind] + given.skip + count)
            print(f"{kind}: {sum(run.came.values()):,} of {count:,} as they should, peak {run.peak_mb} MB")
            print("  " + ", ".join(f"{what}: {times:,}" for what, times in run.came.most_common()))
            print(*run.wrong, sep="\n", end="\n" if run.wrong else "")
            is_good = is_good and not run.wrong and run.peak_mb < _MOST_MB
            is_good = is_good and sum(run.came.values()) == count
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
