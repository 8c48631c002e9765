"""What goes into a layer: its packages, made small, with byte code, licences and a bill of materials."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sources import Source

_FFMPEG = re.compile(r"lib(av|sw)\w+-[0-9a-f]+\.so\.\d+")
_NOT_NEEDED = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "py.typed")


def put_slim_ffmpeg(site: Path, libraries: Path, patchelf: Path) -> None:
    """Puts our FFmpeg in the place of the one that PyAV's wheel brings.

    Args:
        site: the folder with ``av`` and ``av.libs``.
        libraries: ``lib*.so.N`` of the same major versions.
        patchelf: the program.

    Raises:
        SystemExit: PyAV wants another major version of a library.
    """
    theirs = site / "av.libs"
    shutil.rmtree(theirs)
    theirs.mkdir()
    ours = {path.name for path in libraries.iterdir()}
    for name in sorted(ours):
        shutil.copy(libraries / name, theirs / name)
    for module in sorted((site / "av").rglob("*.so")):
        wanted = subprocess.run(
            [str(patchelf), "--print-needed", str(module)], check=True, capture_output=True, text=True
        ).stdout.split()
        changes = []
        for name in filter(_FFMPEG.match, wanted):
            short = f"{name.partition('-')[0]}.so.{name.partition('.so.')[2].partition('.')[0]}"
            if short not in ours:
                message = (
                    f"PyAV wants {short}, which FFmpeg of this version does not have: pin another version"
                )
                raise SystemExit(message)
            changes += ["--replace-needed", name, short]
        if changes:
            depth = "/".join([".."] * (len(module.relative_to(site).parts) - 1))
            path = f"$ORIGIN/{depth}/av.libs"
            subprocess.run([str(patchelf), *changes, "--set-rpath", path, str(module)], check=True)


def strip(site: Path, program: str) -> None:
    """Takes out of libraries what only debuggers read. To be done before their paths are changed."""
    for path in sorted(site.rglob("*.so*")):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            subprocess.run([program, "--strip-unneeded", str(path)], check=True)


def drop_what_nobody_imports(site: Path) -> None:
    """Takes out sources of compiled modules, types, tests and caches."""
    for pattern in _NOT_NEEDED:
        for path in sorted(site.rglob(pattern)):
            path.unlink()
    for path in sorted(site.rglob("*")):
        if path.is_dir() and path.name in ("__pycache__", "tests", "test"):
            shutil.rmtree(path, ignore_errors=True)


def compile_all(site: Path, python: str) -> None:
    """Adds byte code, which a function cannot keep by itself: its folders cannot be written to.

    Args:
        site: the packages.
        python: a command of exactly the version that will run them.
    """
    command = [
        python, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(site),
        "-p", "/", str(site),
    ]  # fmt: skip
    subprocess.run(command, check=True)


def licences(site: Path, target: Path, sources: Path | None) -> None:
    """Collects the licences of all that is in a layer, one folder each."""
    for info in sorted(site.glob("*.dist-info")):
        name = info.name.removesuffix(".dist-info")
        for path in sorted(info.rglob("*")):
            if path.is_file() and re.search(r"licen[cs]e|copying|notice", path.name, re.IGNORECASE):
                (target / name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target / name / path.name)
    if sources is not None:
        shutil.copytree(sources, target, dirs_exist_ok=True)


def bill_of_materials(name: str, site: Path, sources: Iterable[Source]) -> str:
    """What a layer is made of, in CycloneDX 1.5 (JSON)."""
    components: list[dict[str, Any]] = []
    for info in sorted(site.glob("*.dist-info")):
        fields = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
        licence = fields["License-Expression"] or fields["License"] or ""
        component = {
            "type": "library",
            "name": fields["Name"],
            "version": fields["Version"],
            "purl": f"pkg:pypi/{fields['Name'].lower()}@{fields['Version']}",
        }
        if licence and len(licence) < 60:
            component["licenses"] = (
                [{"expression": licence}] if " OR " in licence else [{"license": {"name": licence}}]
            )
        components.append(component)
    components += [
        {
            "type": "library",
            "name": one.name,
            "version": one.version,
            "purl": f"pkg:generic/{one.name}@{one.version}",
            "hashes": [{"alg": "SHA-256", "content": one.sha256}],
            "licenses": [{"license": {"id": one.licence}}],
        }
        for one in sources
    ]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": name}},
        "components": components,
    }
    return json.dumps(bill, indent=1) + "\n"


def size(folder: Path) -> int:
    """Bytes of all files, as a platform counts them."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
