"""``scripts/bench-init``: INIT of the Lambda handler beside one that only imports PyAV and Pillow.

Both are started by Lambda's own runtime client, under a bare Python, with byte code, from the same
packages, in turn. INIT ends when the client asks for the first event, and is measured by whom it asks.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import py_compile
import shutil
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.artifact.emulator import runtime_client
from tests.bench.measure import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CPU_BAR, COLD_BAR = 1.8, 1.6
_LONGEST_S = 60
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_BASELINE = "import av\nfrom PIL import Image\n\n\ndef handler(event, context):\n    pass\n"
_SETTINGS = {
    # As the template has them; the keys of nobody. No store is asked anything before the first event.
    "FRAMEFETCH_SOURCE": "s3://films?region=us-east-1",
    "FRAMEFETCH_ACCESS": "signed",
    "FRAMEFETCH_KEYS": "LTAIbench:secret",
    "FRAMEFETCH_CONCURRENCY": "1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


@dataclass(frozen=True, slots=True)
class Init:
    """What one start cost: CPU time of all threads, and wall time from the start of the process."""

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Platform:
    """What Lambda has beside a function: its Python, its runtime client, and the layer."""

    client: Path
    layer: Path
    nothing: Path
    """An empty folder."""

    def _authorities(self) -> dict[str, str]:
        """Amazon Linux has all in one file; Debian has a folder of 280 links as well, for obstore to read."""
        if not _AUTHORITIES.is_file():
            return {}
        return {"SSL_CERT_FILE": str(_AUTHORITIES), "SSL_CERT_DIR": str(self.nothing)}

    def start(self, function: Path, handler: str, *, cold: bool) -> Init:
        """Starts a function, and ends it when it asks for its first event.

        Args:
            function: the folder with its code.
            handler: its name.
            cold: none of the files that it reads is in the page cache. The interpreter itself is.

        Raises:
            RuntimeError: it ends before, or reports an error.
        """
        library = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix}))
        if cold:
            for folder in (function, self.layer, self.client, library):
                forget(folder)
        with socket.create_server(("127.0.0.1", 0)) as api:
            api.settimeout(_LONGEST_S)
            port = api.getsockname()[1]
            started = time.perf_counter()
            with subprocess.Popen(
                [sys._base_executable, "-S", "-m", "awslambdaric", handler],  # type: ignore[attr-defined]  # the venv's own would find the venv
                env={
                    "PYTHONPATH": f"{function}:{self.layer}:{self.client}",
                    "LAMBDA_TASK_ROOT": str(function),
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
                    "AWS_LAMBDA_FUNCTION_NAME": "framefetch",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
                    "AWS_REGION": "us-east-1",
                    **self._authorities(),
                    **_SETTINGS,
                },
                stdout=subprocess.DEVNULL,
            ) as process:
                try:
                    connection, _ = api.accept()
                    with connection, connection.makefile("rb") as lines:
                        asked = lines.readline().decode().strip()
                        wall_ms = (time.perf_counter() - started) * 1000
                        cpu_ms = _cpu_ms(process.pid)
                        if not (asked.startswith("GET ") and "/invocation/next" in asked):
                            message = f"{handler} does not start: {asked}, {lines.peek()!r}"
                            raise RuntimeError(message)
                        # Before it learns that nobody answers.
                        process.kill()
                finally:
                    process.kill()
        return Init(cpu_ms, wall_ms)


def _cpu_ms(pid: int) -> float:
    """CPU time of a process until now (Documentation/scheduler/sched-stats.rst)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text("ascii").split()[0]) for one in tasks) / 1e6


def forget(folder: Path) -> None:
    """Drops the files of a folder from the page cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _with_byte_code(folder: Path) -> Path:
    """A function's folder as handler/Makefile leaves it, on the disk."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=1, invalidation_mode=mode)
    return folder


def find_layer(given: Path | None, folder: Path) -> tuple[Path, str]:
    """The folder of the layer's packages, and what to call it.

    Args:
        given: a layer's zip, or its folder as `sam build` leaves it.
        folder: to unpack it into.

    Returns:
        Without a layer, the packages of the Python that runs.
    """
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), "")
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    built = REPOSITORY / "layer" / "dist" / f"layer-{machine}-py{version}.zip"
    layer = given or (built if built.is_file() else None)
    if layer is None:
        return Path(sysconfig.get_path("purelib")), "the wheels"
    if layer.is_dir():
        return layer / "python", str(layer)
    with zipfile.ZipFile(layer) as file:
        file.extractall(folder)
    return folder / "python", layer.name


@contextmanager
def functions(given: Path | None) -> Iterator[tuple[Platform, Path, Path, str]]:
    """The platform, the two functions, and what the packages are called."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        names = ("baseline", "function", "client", "nothing", "layer")
        baseline, function, client, nothing, layer = (folder / name for name in names)
        for one in (baseline, function, client, nothing):
            one.mkdir()
        (baseline / "baseline.py").write_text(_BASELINE, "utf-8")
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "handler" / "framefetch", function / "framefetch", ignore=ignored)
        packages, name = find_layer(given, layer)
        runtime_client(client)
        for one in (baseline, function, client):
            _with_byte_code(one)
        # What is not on the disk cannot be dropped from the cache.
        os.sync()
        yield Platform(client, packages, nothing), baseline, function, name


def measure(given: Path | None, rounds: int) -> tuple[str, dict[str, tuple[list[Init], list[Init]]]]:
    """Starts both functions in turn.

    Args:
        given: the layer; None: the one that was built, or the wheels.
        rounds: how often each is started, warm and cold.

    Returns:
        What the packages are called, and by temperature the starts of the baseline and of framefetch.
    """
    found: dict[str, tuple[list[Init], list[Init]]] = {"warm": ([], []), "cold": ([], [])}
    with functions(given) as (lambda_, baseline, function, name):
        handlers = ((baseline, "baseline.handler"), (function, "framefetch.aws.handler"))
        for folder, handler in handlers:
            lambda_.start(folder, handler, cold=False)
        for _ in range(rounds):
            for temperature, starts in found.items():
                for (folder, handler), inits in zip(handlers, starts, strict=True):
                    inits.append(lambda_.start(folder, handler, cold=temperature == "cold"))
    return name, found


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the medians.

    Returns:
        1 with ``--check`` where a bar is not met, else 0.
    """
    parser = argparse.ArgumentParser("scripts/bench-init", description=__doc__)
    parser.add_argument("--layer", type=Path, help="a layer's zip, or its folder in .aws-sam/build")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--check", action="store_true", help="fail where a bar is not met")
    options = parser.parse_args(arguments)
    name, found = measure(options.layer, options.rounds)
    _say(f"INIT with {name}, Python {platform.python_version()}, medians of {options.rounds}, in ms")
    ratios = {}
    for kind, attribute in (("warm", "cpu_ms"), ("warm", "wall_ms"), ("cold", "cpu_ms"), ("cold", "wall_ms")):
        base, ours = (statistics.median(getattr(one, attribute) for one in inits) for inits in found[kind])
        ratios[kind, attribute] = ours / base
        what = f"{kind} {attribute.removesuffix('_ms')}"
        _say(f"{what:9}  av and PIL {base:6.1f}  framefetch {ours:6.1f}  {ours / base:.2f}x")
    bars = {("warm", "cpu_ms"): CPU_BAR, ("cold", "wall_ms"): COLD_BAR}
    met = all(ratios[one] <= bar for one, bar in bars.items())
    _say(f"bars: CPU {CPU_BAR}x, cold wall {COLD_BAR}x: {'met' if met else 'NOT MET'}")
    return int(options.check and not met)


if __name__ == "__main__":
    sys.exit(main())
