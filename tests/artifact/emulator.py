"""A built function as Lambda runs it, without AWS: the real emulator and runtime client.

/var/task and /opt are the folders that `sam build` made, read-only, in a mount namespace, which needs root.
The environment is Lambda's alone; the interpreter is bare, so that what the layer lacks is lacking.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.conftest import REPOSITORY
from tests.servers import free_port, wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUILT = REPOSITORY / ".aws-sam" / "build"
_EMULATOR = "samcli/local/rapid/aws-lambda-rie-x86_64"
_RUNTIME = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
_ENTER = """
mount --bind "$1" /var/task && mount -o remount,ro,bind /var/task || exit 1
mount --bind "$2" /opt && mount -o remount,ro,bind /opt || exit 1
shift 2
exec "$@"
"""


def ready() -> Path:
    """The emulator; skips where something is missing."""
    if platform.machine() != "x86_64" or sys.version_info[:2] != (3, 13):
        pytest.skip("not here: what is built is for Python 3.13 on x86-64")
    if os.geteuid() != 0:
        pytest.skip("not here: a mount namespace needs root")
    found = next((REPOSITORY / ".venv-deploy").glob(f"lib/python3.*/site-packages/{_EMULATOR}"), None)
    if found is None:
        pytest.skip("needs sam: `scripts/sam --setup-only` installs it")
    if not (BUILT / "PictureFunction").is_dir():
        pytest.skip("needs the built function: `ARCHITECTURE=x86_64 FFMPEG=stock scripts/sam build`")
    return found


def runtime_client(folder: Path) -> Path:
    """Lambda's runtime client alone, as the platform has it beside the function."""
    for name in _RUNTIME:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        if spec.submodule_search_locations:
            shutil.copytree(origin.parent, folder / name)
        else:
            shutil.copy(origin, folder)
    return folder


@contextmanager
def running(function: str, handler: str, settings: Mapping[str, str], folder: Path) -> Iterator[Lambda]:
    """Starts a function, and ends it."""
    emulator = ready()
    # The platform has these folders; a machine that is none may not.
    for name in ("/var/task", "/opt"):
        Path(name).mkdir(exist_ok=True)
    port = free_port()
    client = runtime_client(folder)
    variables = {
        "PATH": "/usr/bin:/bin",
        "LAMBDA_TASK_ROOT": "/var/task",
        "PYTHONPATH": f"/var/task:/opt/python:{client}",
        "AWS_LAMBDA_FUNCTION_NAME": "framefetch",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "20",
        "AWS_REGION": "us-east-1",
        **settings,
    }
    python = str(Path(sys.base_prefix) / "bin" / "python3.13")
    command = [
        *("unshare", "--mount", "sh", "-c", _ENTER, "sh", str(BUILT / function), str(BUILT / "FfmpegLayer")),
        *("env", "-i", *(f"{name}={value}" for name, value in variables.items())),
        *(str(emulator), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
        *(python, "-m", "awslambdaric", handler),
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process,
    ):
        try:
            wait_for_port(port, process, folder)
            yield Lambda(port, folder / "log")
        finally:
            os.killpg(process.pid, 9)


class Lambda:
    """A running function.

    Args:
        port: of the emulator.
        log: of the emulator and the function.
    """

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self.log = log

    def invoke(self, event: object) -> Any:
        """What the function makes of an event."""
        with urllib3.PoolManager() as pool:
            answer = pool.request("POST", self.url, body=json.dumps(event), timeout=60, retries=False)
        return json.loads(answer.data)
