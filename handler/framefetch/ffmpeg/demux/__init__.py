"""The generic way to a picture: FFmpeg's own demuxer, with seeks that are checked.

In goes an opened `Film`, t and the mode; out comes the `Picture`. Used for every container that has
no index reader of ours.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood
from framefetch.errors import CorruptFilm
from framefetch.ffmpeg.demux.timed import Timed
from framefetch.ffmpeg.demux.untimed import Untimed
from framefetch.process import Mode

if TYPE_CHECKING:
    from framefetch.ffmpeg.decode import Film, Picture
    from framefetch.ffmpeg.demux.shown import Shown
    from framefetch.ffmpeg.reader import RangeReader

SEARCHED = frozenset({"mpegts", "mpeg", "flv"})
"""Containers (by FFmpeg's name) that have no index, and are searched for a time."""
_UNTIMED = frozenset({"h264", "hevc", "obu"})
"""Raw streams."""


def find_picture(film: Film, at_ms: int, mode: Mode, *, reader: RangeReader | None = None) -> Picture:
    """Decodes the picture that answers t.

    Args:
        film: freshly opened, at its start.
        reader: what the film reads from; without it, FFmpeg alone finds the places to read.
        at_ms: on the presentation clock.
        mode: exact: the last picture whose time is <= t; fast: the nearest keyframe at or before t.
            Past the end, both give the last keyframe; before the first picture, the first picture.

    Raises:
        CorruptFilm: there is a video stream, but no picture could be decoded where it should be.
        FramefetchError: as `Film` and its reader raise.
    """
    found = _find(film, Fraction(at_ms, 1000), mode, reader)
    if film.damaged and not film.is_steady:
        film.make_steady()
        found = _find(film, Fraction(at_ms, 1000), mode, reader)
    if found is None:
        raise CorruptFilm(hint="No picture could be decoded there; try another t.")
    return film.picture(found.frame, found.time_s * 1000)


def find_key_after(film: Film, place: int, reader: RangeReader) -> Picture:
    """Decodes the first keyframe from a place in the file on, where the container has no index.

    Args:
        film: freshly opened, at its start.
        place: in bytes.
        reader: what the film reads from.

    Raises:
        NotUnderstood: there is none near, or this container is not searched.
        FramefetchError: as `Film` and its reader raise.
    """
    found = None if film.demuxer in _UNTIMED else Timed(film, reader).key_after(place)
    if found is None or film.damaged:
        raise NotUnderstood("no keyframe soon after the place")
    return film.picture(found.frame, found.time_s * 1000)


def _find(film: Film, at_s: Fraction, mode: Mode, reader: RangeReader | None) -> Shown | None:
    search = Untimed(film) if film.demuxer in _UNTIMED else Timed(film, reader)
    return search.fast(at_s) if mode is Mode.FAST else search.exact(at_s)
