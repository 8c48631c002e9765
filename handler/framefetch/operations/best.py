"""``t_auto``: of a handful of pictures spread over the film, the one that is most worth showing.

In: a film. Out: the picture. Looks at a fixed number of pictures and at no more, so the same film gives the
same one, and costs a bounded number of requests.
"""

from __future__ import annotations

from contextlib import closing
from math import floor
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.draw import draw
from framefetch.operations.worth import worth
from framefetch.plan import make_plan
from framefetch.process import Mode, SnapshotRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framefetch.containers.index import VideoIndex
    from framefetch.ffmpeg.decode import Picture
    from framefetch.film.opened import FilmObject
    from framefetch.observe import Record
    from framefetch.operations.studio import Studio

PERCENTS = (12, 28, 44, 60, 76)
"""Where in the film the pictures are: openings and credits are at its ends."""
FEWER_PERCENTS = (20, 44, 70)
"""The same where each picture is searched for by itself. Where nothing tells when what is shown, these are
places in the file: any keyframe that comes after them will do, and is one request away."""
_SMALL = SnapshotRequest(long_side=256)
_ENOUGH_KEYS = 3
_MAX_SAMPLES = 1500
"""Samples that may be decoded where there are too few keyframes to choose from: a minute of film."""


def best_picture(opened: FilmObject, studio: Studio, record: Record) -> Picture:
    """Takes the picture; of equals the first.

    Raises:
        FramefetchError: as reading, decoding and drawing do.
    """
    index = studio.index(opened, record)
    if index is None:
        places = [opened.info.size * one // 100 for one in FEWER_PERCENTS]
        with closing(studio.keyframes_after(opened, places, record)) as pictures:
            best = _best(pictures, studio, record)
        if best is not None:
            return best
    length_ms = studio.length_ms(opened, record)
    percents = FEWER_PERCENTS if index is None else PERCENTS
    times_ms = [floor(length_ms * one / 100) for one in percents]
    mode = Mode.FAST if index is None else _mode(index, times_ms)
    with closing(studio.pictures(opened, times_ms, mode, record)) as numbered:
        best = _best((picture for _, picture in numbered), studio, record)
    assert best is not None  # noqa: S101 - each time has its picture, or an error
    return best


def _best(pictures: Iterable[Picture], studio: Studio, record: Record) -> Picture | None:
    best: tuple[float, Picture] | None = None
    for picture in pictures:
        with record.stage("draw"):
            value = worth(draw(picture, _SMALL, studio.settings).convert("RGB"))
        if best is None or (value, -picture.time_ms) > (best[0], -best[1].time_ms):
            best = value, picture
    return best[1] if best is not None else None


def _mode(index: VideoIndex, times_ms: list[int]) -> Mode:
    """Keyframes; where there are hardly any, the pictures between them, if that is not too much to decode."""
    try:
        keys = {make_plan(index, one, Mode.FAST).samples[-1].number for one in times_ms}
        if len(keys) >= _ENOUGH_KEYS:
            return Mode.FAST
        samples = sum(len(make_plan(index, one, Mode.EXACT).samples) for one in times_ms)
    except NotUnderstood:
        return Mode.FAST
    return Mode.EXACT if samples <= _MAX_SAMPLES else Mode.FAST
