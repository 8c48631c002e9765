"""Source archives, by their sha256: from a folder, from Debian's source packages, or from upstream.

Whatever an origin gives is checked before it is used; an origin that fails makes room for the next.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUITES = ("sid", "forky", "experimental", "trixie")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_TIMEOUT_S = 120


class NoSource(Exception):  # noqa: N818 - ends the build with its message
    """No origin has the archive that `versions.lock` pins."""


@dataclass(frozen=True, slots=True)
class Source:
    """A row of `versions.lock`."""

    name: str
    version: str
    sha256: str
    debian: list[str]
    upstream: str
    licence: str
    licence_files: list[str]

    @property
    def file_name(self) -> str:
        """The archive's name, in the cache and in a folder that is given."""
        return self.debian[2]


def fetch(source: Source, cache: Path, given: Path | None) -> Path:
    """The archive, in the cache.

    Args:
        source: which one.
        cache: a folder that is kept.
        given: a folder in which it may be, under any name.

    Raises:
        NoSource: no origin has it any more.
    """
    target = cache / source.file_name
    if _is_right(target, source):
        return target
    tried = []
    for origin in (_given(source, given), _debian(source), _upstream(source)):
        for place, data in origin:
            if hashlib.sha256(data).hexdigest() == source.sha256:
                cache.mkdir(parents=True, exist_ok=True)
                unfinished = target.with_suffix(".new")
                unfinished.write_bytes(data)
                unfinished.replace(target)
                return target
            tried.append(f"{place} has another content")
    message = (
        f"{source.name} {source.version} is to be had nowhere ({'; '.join(tried) or 'no origin answered'}). "
        f"Give its folder with --sources, or pin another version of {source.name} in layer/versions.lock, "
        "with its sha256. `layer/build.py --stock` needs no sources."
    )
    raise NoSource(message)


def _is_right(path: Path, source: Source) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == source.sha256


def _given(source: Source, folder: Path | None) -> Iterator[tuple[str, bytes]]:
    if folder is not None:
        for path in sorted(folder.iterdir()):
            if path.is_file() and _is_right(path, source):
                yield str(path), path.read_bytes()


def _debian(source: Source) -> Iterator[tuple[str, bytes]]:
    """From the archive that this machine's own apt is set up for, without changing anything of it."""
    uri = _debian_uri()
    if uri is None or not source.debian[0]:
        return
    name, version, file_name = source.debian
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "lists" / "partial").mkdir(parents=True)
        lines = [f"deb-src [signed-by={_KEYRING}] {uri} {suite} main\n" for suite in _SUITES]
        (folder / "sources.list").write_text("".join(lines))
        options = [
            f"Dir::Etc::sourcelist={folder}/sources.list",
            "Dir::Etc::sourceparts=/dev/null",
            f"Dir::State::lists={folder}/lists",
            f"Dir::Cache={folder}/cache",
            "APT::Sandbox::User=root",
        ]
        apt = ["apt-get", "-qq", *(word for one in options for word in ("-o", one))]
        subprocess.run([*apt, "update"], check=False, capture_output=True, timeout=_TIMEOUT_S)
        # Of an older revision apt may find the archive only, and not what Debian adds to it: that is enough.
        wanted = [*apt, "source", "--download-only", f"{name}={version}"]
        subprocess.run(wanted, check=False, capture_output=True, cwd=folder, timeout=_TIMEOUT_S)
        path = folder / file_name
        if path.is_file():
            yield f"Debian's {name} {version}", path.read_bytes()


def _debian_uri() -> str | None:
    for path in (*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt/sources.list.d").glob("*")):
        for line in path.read_text(errors="replace").splitlines():
            words = line.split()
            if words[:1] in (["URIs:"], ["deb"]) and words[-1:] and "/debian" in line:
                uri = next(word for word in words if "://" in word)
                if uri.rstrip("/").endswith("/debian"):
                    return uri
    return None


def _upstream(source: Source) -> Iterator[tuple[str, bytes]]:
    if not source.upstream:
        return
    try:
        with urllib.request.urlopen(source.upstream, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - https, pinned
            yield source.upstream, answer.read()
    except (urllib.error.URLError, OSError):
        return


def read_sources(lock: dict[str, Any]) -> list[Source]:
    """The sources of `versions.lock`."""
    return [Source(**row) for row in lock["source"]]
