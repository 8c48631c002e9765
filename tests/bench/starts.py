"""What is measured without a film on a server: imports, the parsing of an index, the refusal of a request.

Each in a process of its own: ``python -m tests.bench.starts import MODULE``, ``parse FOLDER FILM`` or
``refuse``; prints JSON.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.measure import start
from tests.bench.shelf import load
from tests.bench.ways import settings_of
from tests.bench.worker import memory_kib

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES = ("signing", "snapshot", "aws", "fc", "asgi", "__main__")
PARSED = ("ten-minutes.mp4", "two-hours.mp4", "million-samples.mp4")
_RUNS = 9
_CALLS = 300


def all_starts(folder: Path, films: tuple[str, ...]) -> dict[str, Any]:
    """Everything of this module; what is not in this version has a ``fault``."""
    return {
        "import_ms": {name: _import(f"framefetch.{name}") for name in MODULES},
        "parse": {film: child("parse", str(folder), film) for film in films},
        "refuse": child("refuse"),
    }


def _import(name: str) -> dict[str, Any]:
    found = [child("import", name) for _ in range(3)]
    if "fault" in found[0]:
        return found[0]
    return {"ms": statistics.median(one["ms"] for one in found)}


def child(*arguments: str) -> dict[str, Any]:
    """What a process of this module prints."""
    said = start("tests.bench.starts", *arguments).communicate()[0]
    found: dict[str, Any] = json.loads(said) if said else {"fault": "no answer"}
    return found


def importing(name: str) -> dict[str, Any]:
    """How long the import of one module takes, in a process that has imported nothing of ours."""
    if importlib.util.find_spec(name) is None:
        return {"fault": "not in this version"}
    # Doors read their settings at once.
    os.environ |= {"FRAMEFETCH_SOURCE": "http://127.0.0.1:9/films", "FRAMEFETCH_ACCESS": "public"}
    os.environ["FRAMEFETCH_NETWORKS"] = "127.0.0.0/8"
    started = time.perf_counter()
    importlib.import_module(name)
    return {"ms": (time.perf_counter() - started) * 1000}


def parsing(folder: str, name: str) -> dict[str, Any]:
    """How long our own reader takes from the bytes of an index to the index, and in how much memory."""
    from framefetch.containers.index import Need  # noqa: PLC0415 - must not count as the bench's own
    from framefetch.containers.isobmff.walk import Walk  # noqa: PLC0415

    film = load(Path(folder), name)
    assert film is not None

    def once() -> float:
        walk, spent, start_, piece = Walk(film.size), 0.0, 0, b""
        while True:
            began = time.perf_counter()
            found = walk.feed(start_, piece)
            spent += time.perf_counter() - began
            if not isinstance(found, Need):
                return spent * 1000
            start_, piece = found.start, film.read(found.start, found.stop)

    idle_kib = memory_kib("VmRSS")
    first = once()
    growth_mb = (memory_kib("VmHWM") - idle_kib) * 1024 / 1e6
    gc.collect()
    spans = [first, *(once() for _ in range(_RUNS - 1))]
    return {"ms": statistics.median(spans), "min_ms": min(spans), "growth_mb": growth_mb}


def refusing() -> dict[str, Any]:
    """How long the service takes to refuse a request that nobody signed."""
    from framefetch.http.call import Call  # noqa: PLC0415 - must not count as the bench's own
    from framefetch.settings import Settings  # noqa: PLC0415
    from framefetch.snapshot import Service  # noqa: PLC0415
    from framefetch.sources.locate import open_source  # noqa: PLC0415

    if not {"access", "keys"} <= {one.name for one in Settings.table()}:
        return {"fault": "not in this version"}
    settings = settings_of(
        access="signed", keys="LTAIbench:secret", bucket="films", networks=("127.0.0.0/8",)
    )
    service = Service(settings, open_source("http://127.0.0.1:9/films", settings))
    call = Call("GET", "/clip.mp4", "x-oss-process=video/snapshot,t_1000", (("host", "films.example"),))
    spans = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        answer = service.answer(call)
        spans.append((time.perf_counter() - began) * 1000)
        if answer.status != 403:
            return {"fault": f"answered {answer.status}"}
    return {"ms": statistics.median(spans)}


_COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "import": importing,
    "parse": parsing,
    "refuse": refusing,
}


def main() -> None:
    """Prints what one command found."""
    command, *arguments = sys.argv[1:]
    try:
        found = _COMMANDS[command](*arguments)
    except Exception as fault:  # noqa: BLE001 - the bench goes on, and tells what failed
        found = {"fault": f"{type(fault).__name__}: {fault}"[:300]}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
