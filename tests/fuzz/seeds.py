"""The good films that are damaged: small ones of every container and codec, and the corpus where it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import CORPUS
from tests.films import RECIPES, make_film
from tests.fuzz.mutate import Seed

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 400_000
_LARGEST_PARSED = 40_000


def write_seeds(folder: Path) -> None:
    """Writes the films, once for all children."""
    for name in RECIPES:
        make_film(RECIPES[name], folder)
    if CORPUS.is_dir():
        for path in sorted((CORPUS / "files").iterdir()):
            if 0 < path.stat().st_size <= _LARGEST:
                (folder / f"corpus-{path.name}").write_bytes(path.read_bytes())


def read_seeds(folder: Path, *, parsed: bool) -> list[Seed]:
    """The films in a fixed order.

    Args:
        folder: where they were written.
        parsed: only those whose index a parser of ours reads, and the small ones: there it is the index
            that matters.
    """
    found = [Seed(path.name, path.read_bytes()) for path in _films(folder)]
    return [one for one in found if not parsed or _is_parsed(one.film)]


def _films(folder: Path) -> Iterator[Path]:
    return iter(sorted(Path(folder).iterdir()))


def _is_parsed(film: bytes) -> bool:
    own = film[:4] == b"\x1a\x45\xdf\xa3" or film[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free")
    return own and len(film) <= _LARGEST_PARSED
