"""Many requests in one process: ``python -m tests.soak.warm FOLDER REQUESTS FIRST`` prints what it cost.

Memory and descriptors are looked at after the first requests, when every decoder has been loaded, and at
the end. A file that is opened for writing outside of the index cache is named.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from framefetch.http.call import Call
from framefetch.server.allocator import give_back, return_freed_memory, settle
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.soak.films import questions

CACHE_MB = 8
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def rss_bytes() -> int:
    """What of the process is in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def descriptors() -> int:
    """Open descriptors, without the one that looks."""
    return len(list(Path("/proc/self/fd").iterdir())) - 1


def soak(folder: Path, requests: int, first: int, cache: Path) -> dict[str, Any]:
    """Answers so many requests; what is measured before the first ones are over does not count."""
    written: set[str] = set()

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        # The cache opens its files by their names alone, below a descriptor. What were written so into the
        # working directory would be found there.
        if event != "open" or not str(arguments[0]).startswith("/"):
            return
        if arguments[2] & (os.O_WRONLY | os.O_RDWR):
            written.add(str(arguments[0]))

    sys.addaudithook(watch)
    settings = Settings(index_cache="folder", cache_folder=str(cache), cache_mb=CACHE_MB)
    service = Service(settings, FolderSource(folder))
    settle()
    names = sorted(one.name for one in folder.iterdir() if one.is_file())
    statuses: Counter[int] = Counter()
    early: list[int] = []
    late: list[int] = []
    open_first = 0
    for number, (name, parameters) in enumerate(questions(names), start=1):
        answer = service.answer(Call("GET", f"/{name}", f"x-oss-process=video/snapshot,{parameters}"))
        statuses[answer.status] += 1
        # As the server does when it has answered everybody.
        give_back()
        if number == first:
            open_first = descriptors()
        if first - len(names) < number <= first:
            early.append(rss_bytes())
        if number > requests - len(names):
            late.append(rss_bytes())
        if number == requests:
            break
    return {
        "requests": requests,
        "films": len(names),
        "statuses": dict(statuses),
        "rss_first_mb": round(median(early) / 1e6, 1),
        "rss_last_mb": round(median(late) / 1e6, 1),
        "rss_most_mb": round(max(early + late) / 1e6, 1),
        # Of one round of all films each: after a large one there is more in memory than after a small one.
        "growth": round(median(late) / median(early) - 1, 4),
        "descriptors_first": open_first,
        "descriptors_last": descriptors(),
        "cache_mb": round(sum(one.stat().st_size for one in cache.rglob("*") if one.is_file()) / 1e6, 2),
        "written": sorted(written),
        "left": sorted(one.name for one in cache.parent.iterdir() if one != cache),
    }


def main() -> None:
    """Soaks in an empty TMPDIR of its own, and prints the figures as JSON."""
    return_freed_memory()
    folder, requests, first = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    cache = Path(tempfile.gettempdir()) / "framefetch"
    sys.stdout.write(json.dumps(soak(folder, requests, first, cache)) + "\n")


if __name__ == "__main__":
    main()
