"""``video/snapshot``: one picture of the film, drawn and encoded as asked."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING

from framefetch.draw import draw
from framefetch.encode import encode
from framefetch.operations.made import Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.ffmpeg.decode import Picture
    from framefetch.film.opened import FilmObject
    from framefetch.observe import Record
    from framefetch.operations.studio import Studio
    from framefetch.process import SnapshotRequest


def make(
    opened: FilmObject, request: SnapshotRequest, studio: Studio, record: Record, max_bytes: int | None
) -> Made:
    """Takes, draws and encodes the picture. See `operations.make`."""
    headers: tuple[tuple[str, str], ...] = ()
    with _picture(opened, request, studio, record) as picture:
        record.budget.check()
        with record.stage("draw"):
            image = draw(picture, request, studio.settings)
        # An encoder that has begun is not interrupted.
        record.budget.check()
        with record.stage("encode"):
            body = encode(image, request, studio.settings)
            if max_bytes is not None and len(body) > max_bytes:
                from framefetch.operations.oversize import fitted  # noqa: PLC0415 - rare: no part of a start

                body, (width, height) = fitted(
                    image, request, studio.settings, body, max_bytes, budget=record.budget
                )
                headers = (("x-framefetch-shrunk", f"{width}x{height}"),)
    record.facts["taken_ms"] = float(picture.time_ms)
    return Made(body, (*headers, ("x-framefetch-time", f"{float(picture.time_ms):.3f}")))


@contextmanager
def _picture(
    opened: FilmObject, request: SnapshotRequest, studio: Studio, record: Record
) -> Iterator[Picture]:
    """The picture at t, at a share of the film's length, or the best one."""
    if request.is_auto:
        from framefetch.operations.best import best_picture  # noqa: PLC0415 - rare: no part of a start

        yield best_picture(opened, studio, record)
        return
    if request.at_percent is not None:
        at_ms = floor(studio.length_ms(opened, record) * request.at_percent / 100)
        request = replace(request, at_ms=at_ms, at_percent=None)
    with studio.picture(opened, request, record) as picture:
        yield picture
