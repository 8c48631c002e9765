"""What goes into a layer: its packages, made small, with byte code, licences and a bill of materials."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sources import Source

_FFMPEG = re.compile(r"lib(av|sw)\w+-[0-9a-f]+\.so\.\d+")
_VERSION = re.compile(r"\bGLIBC_(\d+)\.(\d+)")
# crcmod's C is compiled by the machine that builds, for that machine; the Python beside it runs everywhere.
# RECORD lists what is installed, and not what is left of it.
_NOT_NEEDED = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "py.typed", "_crcfunext*.so", "RECORD")
_CLASSIFIER = "License :: OSI Approved :: "
_NOT_NEEDED_FOLDERS = ("__pycache__", "tests", "test", "SelfTest")


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
    for path in sorted(site.rglob("*.so")):
        path.with_name(path.name.partition(".")[0] + ".py").unlink(missing_ok=True)
    for path in sorted(site.rglob("*")):
        if path.is_dir() and path.name in _NOT_NEEDED_FOLDERS:
            shutil.rmtree(path)


def newest_glibc(library: Path, objdump: str) -> tuple[int, int]:
    """The newest version of glibc that a library asks for; (0, 0) if it asks for none."""
    asked = subprocess.run([objdump, "-T", str(library)], check=True, capture_output=True, text=True).stdout
    return max(((int(major), int(minor)) for major, minor in _VERSION.findall(asked)), default=(0, 0))


def check_glibc(site: Path, objdump: str, floor: str) -> None:
    """Refuses a layer that needs a newer glibc than the functions' machines have.

    Raises:
        SystemExit: a library of it does.
    """
    limit = tuple(int(part) for part in floor.split("."))
    for path in sorted(site.rglob("*.so*")):
        newest = newest_glibc(path, objdump)
        if newest > limit:
            message = f"{path.relative_to(site)} needs glibc {newest[0]}.{newest[1]}, which is above {floor}"
            raise SystemExit(message)


def compile_all(site: Path, python: str) -> None:
    """Adds byte code, which a function cannot keep by itself: its folders cannot be written to.

    Args:
        site: the packages.
        python: a command of exactly the version that will run them.
    """
    # By one process and in one order: what byte code looks like depends on what was compiled before it.
    command = [
        python, "-W", "ignore", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
        "-s", str(site), "-p", "/", str(site),
    ]  # fmt: skip
    subprocess.run(command, check=True, env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"})


def licences(site: Path, target: Path, sources: Path | None) -> None:
    """Collects the licences of all that is in a layer, one folder each."""
    for info in sorted(site.glob("*.dist-info")):
        name = info.name.removesuffix(".dist-info")
        for path in sorted(info.rglob("*")):
            if path.is_file() and re.search(r"licen[cs]e|copying|notice", path.name, re.IGNORECASE):
                (target / name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target / name / path.name)
        if not (target / name).exists():
            # Its wheel brings none; which one it is, and whose, it says.
            (target / name).mkdir(parents=True)
            shutil.copy(info / "METADATA", target / name / "METADATA")
    if sources is not None:
        shutil.copytree(sources, target, dirs_exist_ok=True)


def bill_of_materials(name: str, site: Path, sources: Iterable[Source]) -> str:
    """What a layer is made of, in CycloneDX 1.5 (JSON)."""
    components: list[dict[str, Any]] = []
    for info in sorted(site.glob("*.dist-info")):
        fields = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
        said = [
            one.removeprefix(_CLASSIFIER) for one in fields.get_all("Classifier", []) if _CLASSIFIER in one
        ]
        licence = fields["License-Expression"] or fields["License"] or " AND ".join(said)
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
