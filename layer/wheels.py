"""The Python packages of a layer, at the versions and hashes of requirements.lock, for another machine.

pip installs them for the target's architecture and Python; nothing of the machine that builds goes in.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

MAIN = ("av", "pillow", "obstore", "urllib3", "aws-lambda-powertools", "jmespath", "typing-extensions")
OSS = (
    "oss2", "aliyun-python-sdk-core", "aliyun-python-sdk-kms", "crcmod", "pycryptodome", "requests", "six",
    "certifi", "charset-normalizer", "idna", "cryptography", "cffi", "pycparser", "jmespath", "urllib3",
)  # fmt: skip
"""What oss2 needs. Those of `MAIN` among them are in the main layer already, and left out here."""
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_GLIBCS = range(28, 16, -1)
"""2.x: what wheels for the functions' machines may ask for, from `versions.lock`'s floor down (PEP 600)."""
_FROM_SOURCE = {"oss2", "aliyun-python-sdk-core", "aliyun-python-sdk-kms", "crcmod"}
"""Those that come as sources alone. What is compiled of any other would be for the machine that builds."""
_ENTRY = re.compile(
    r"^([a-z0-9][a-z0-9.-]*)==(\S+)((?: ;[^\\\n]*)?) \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Package:
    """A row of the lock file."""

    name: str
    version: str
    hashes: tuple[str, ...]


def locked(lock: Path, python: str) -> dict[str, Package]:
    """The packages of requirements.lock that go with a Python version, by name.

    Args:
        lock: the file.
        python: such as ``3.13``.
    """
    found = {}
    for name, version, marker, hashes in _ENTRY.findall(lock.read_text()):
        if _holds(marker, python):
            found[name] = Package(name, version, tuple(re.findall(r"--hash=(\S+)", hashes)))
    return found


def _holds(marker: str, python: str) -> bool:
    """Whether a marker of ours holds: those that ask for the Python version; others are of other systems."""
    asked = re.search(r"python_(?:full_)?version (<|>=) '([\d.]+)'", marker)
    if asked is None:
        return "win32" not in marker and "PyPy" not in marker.partition("==")[2]
    one, other = ([int(part) for part in text.split(".")[:2]] for text in (python, asked[2]))
    return one < other if asked[1] == "<" else one >= other


def platforms(arch: str) -> list[str]:
    """The tags of wheels that run on the functions' machines, best first."""
    machine = _MACHINES[arch]
    return [*(f"manylinux_2_{minor}_{machine}" for minor in _GLIBCS), f"manylinux2014_{machine}"]


def install(packages: list[Package], target: Path, arch: str, python: str, command: str) -> None:
    """Installs packages into a folder, each at its pinned version and hash.

    Args:
        packages: what.
        target: the folder.
        arch: x86_64 or arm64.
        python: the version that they are for.
        command: a Python with pip, of that version.

    Raises:
        SystemExit: pip could not.
    """
    with tempfile.TemporaryDirectory() as temporary:
        wheels = Path(temporary) / "wheels.txt"
        text = "".join(
            f"{one.name}=={one.version} {' '.join(f'--hash={digest}' for digest in one.hashes)}\n"
            for one in packages
        )
        wheels.write_text(text)
        pip = [
            command, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--root-user-action=ignore", "--require-hashes", "--no-compile", "--target", str(target),
            "--implementation", "cp", "--python-version", python, "--requirement", str(wheels),
            "--only-binary", ",".join(one.name for one in packages if one.name not in _FROM_SOURCE),
            *(word for one in platforms(arch) for word in ("--platform", one)),
        ]  # fmt: skip
        if subprocess.run(pip, check=False).returncode:
            message = "pip could not install the layer's packages"
            raise SystemExit(message)
    # Commands for people, with the path of this machine's Python in them.
    for path in sorted((target / "bin").glob("*")) if (target / "bin").is_dir() else []:
        path.unlink()
