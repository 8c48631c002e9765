"""What sheets and animations have in common: pictures drawn to one size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framefetch.draw import answer_size
from framefetch.process import Rotate, SnapshotRequest

if TYPE_CHECKING:
    from framefetch.ffmpeg.decode import Picture
    from framefetch.process import Scale
    from framefetch.settings import Settings

BEHIND = "000000"
"""The colour where a picture does not reach."""


def tile_settings(settings: Settings) -> Settings:
    """Sizes are of upright pictures, whatever the order is for a snapshot with ``ar_``."""
    return replace(settings, rotate_order="rotate-first")


def tile_size(picture: Picture, asked: tuple[int, int], settings: Settings) -> tuple[int, int]:
    """Width and height of each, upright, in pixels; a side of 0 follows from the film's shape."""
    width, height = asked
    return answer_size(picture, SnapshotRequest(width=width, height=height, rotate=Rotate.AUTO), settings)


def tile_request(size: tuple[int, int], scale: Scale) -> SnapshotRequest:
    """How each is drawn."""
    width, height = size
    return SnapshotRequest(width=width, height=height, rotate=Rotate.AUTO, fit=scale.fit, background=BEHIND)
