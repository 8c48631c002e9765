"""Films as the server knows them: lists of parts, so that ten hours take no more disk than a minute.

A film is a JSON file ``NAME.json`` beside its parts. A part is a stretch of a file, given a number of
times one after the other, or a hole of zeros.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """`length` bytes of a file from `offset` on, `times` times; without a file: zeros."""

    file: str | None
    offset: int
    length: int
    times: int = 1

    @property
    def size(self) -> int:
        return self.length * self.times


@dataclass(frozen=True)
class Shelved:
    """A film and what its maker knows of it (see `tests.bench.limits.Facts`)."""

    name: str
    folder: Path
    parts: tuple[Part, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def etag(self) -> str:
        """Strong, and another one when the film is."""
        return f'"{self.name}-{self.size}"'

    def save(self) -> None:
        """Writes the film's own file, last of all: a film that is there is whole."""
        row = {"parts": [asdict(part) for part in self.parts], "facts": self.facts}
        new = self.folder / f"{self.name}.json.new"
        new.write_text(json.dumps(row), "utf-8")
        new.replace(self.folder / f"{self.name}.json")

    def pieces(self, start: int, stop: int, most: int) -> Iterator[tuple[Path | None, int, int]]:
        """What lies in a range: file (None: zeros), offset in it, and length, at most `most` each."""
        starts = [0, *accumulate(part.size for part in self.parts)]
        at = start
        while at < stop:
            nth = bisect_right(starts, at) - 1
            part = self.parts[nth]
            within = (at - starts[nth]) % part.length
            count = min(most, part.length - within, stop - at)
            path = None if part.file is None else self.folder / part.file
            yield path, part.offset + within, count
            at += count

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of a range."""
        found = []
        for path, offset, count in self.pieces(start, stop, 1 << 20):
            if path is None:
                found.append(bytes(count))
                continue
            with path.open("rb") as file:
                file.seek(offset)
                found.append(file.read(count))
        return b"".join(found)


def load(folder: Path, name: str) -> Shelved | None:
    """The film of this name, if it is made."""
    path = folder / f"{name}.json"
    if "/" in name or not path.is_file():
        return None
    row = json.loads(path.read_text("utf-8"))
    return Shelved(name, folder, tuple(Part(**part) for part in row["parts"]), row["facts"])
