"""What is asked of the service while it is soaked: films, times and sizes, the same at every run."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.films import RECIPES, make_film

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.films import Film

NAMES = (
    "h264-mp4-end", "h264-mp4-front", "h264-fragmented-mfra", "h264-mkv", "h264-ts", "h265-mp4", "vp9-webm",
    "av1-mp4", "mpeg4-avi", "h264-10-bit", "truncated-mp4-front",
)  # fmt: skip
LOADED = replace(RECIPES["h264-mp4-end"], name="loaded", size=(640, 360), count=100, gop=25)
"""The film that the server is loaded with; its pictures carry their numbers."""
_SHAPES = ("", ",w_320", ",w_100,h_100,f_png", ",m_fast", ",ar_auto,s_200")


def make_films(folder: Path) -> list[str]:
    """The tests' own films, for where there is no corpus; one that is none is among them."""
    for name in NAMES:
        make_film(RECIPES[name], folder)
    (folder / "none.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(5000))
    return sorted(one.name for one in folder.iterdir())


def loaded(folder: Path) -> Film:
    """Makes the film of the load."""
    return make_film(LOADED, folder)


def questions(names: list[str]) -> Iterator[tuple[str, str]]:
    """Names and parameters without end: every film in turn, at any time, in several shapes."""
    chance = random.Random(7)
    while True:
        for name in names:
            yield name, f"t_{chance.choice((0, 999_999, chance.randrange(8000)))}{chance.choice(_SHAPES)}"
