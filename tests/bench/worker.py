"""A process that gets pictures in one way, so that its CPU and memory are that way's alone.

A way that is a program is started from here too, for a new process begins with its parent's memory:
this one is small.

``python -m tests.bench.worker WAY``: a line of JSON in, a line out, for each step: ``prepare``, ``run``.
"""

from __future__ import annotations

import base64
import gc
import json
import logging
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.bench.ways import CALLS, Ask, Way, command

_STATUS = Path("/proc/self/status")
_REFS = Path("/proc/self/clear_refs")


def memory_kib(name: str) -> int:
    """``VmRSS`` or ``VmHWM`` of this process; on systems without /proc its peak, either way."""
    with suppress(OSError):
        for line in _STATUS.read_text("ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """From now on the peak is counted anew."""
    with suppress(OSError):
        _REFS.write_text("5", "ascii")


def cpu_s() -> float:
    """User and system time of all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(way: Way, ask: Ask) -> dict[str, Any]:
    """One measured run."""
    # The collector is not asked to leave; it only has nothing left over from before.
    gc.collect()
    forget_peak()
    cpu, started = cpu_s(), time.perf_counter()
    picture, time_ms = way.run(ask)
    wall, spent = time.perf_counter() - started, cpu_s() - cpu
    return {
        "wall_ms": wall * 1000,
        "cpu_ms": spent * 1000,
        "peak_kib": memory_kib("VmHWM"),
        "time_ms": time_ms,
        "picture": base64.b64encode(picture).decode("ascii"),
    }


def launch(name: str, ask: Ask) -> dict[str, Any]:
    """One measured run of a program."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command(name, ask),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    with process.stdout as output:
        picture = output.read()
    # Not Popen's own wait: this one tells what the process used.
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not picture:
        return {"fault": f"ended with {process.returncode}"}
    return {
        "wall_ms": wall * 1000,
        "cpu_ms": (used.ru_utime + used.ru_stime) * 1000,
        "peak_kib": used.ru_maxrss,
        "idle_kib": 0,
        "picture": base64.b64encode(picture).decode("ascii"),
    }


def main() -> None:
    """Until standard input ends."""
    logging.disable()
    # What a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    name = sys.argv[1]
    way = CALLS[name]() if name in CALLS else Way()
    gc.collect()
    idle_kib = memory_kib("VmRSS")
    for line in sys.stdin:
        step = json.loads(line)
        ask = Ask(**step["ask"])
        try:
            if step["do"] == "prepare":
                way.prepare(ask)
                answer: dict[str, Any] = {}
            elif name not in CALLS:
                answer = launch(name, ask)
            else:
                answer = run(way, ask) | {"idle_kib": idle_kib}
        except Exception as fault:  # noqa: BLE001 - the bench goes on, and tells what failed
            answer = {"fault": f"{type(fault).__name__}: {fault}"[:500]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
