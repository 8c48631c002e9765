"""``video/snapshot``: one picture of the film, drawn and encoded as asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.draw import draw
from framefetch.encode import encode
from framefetch.operations.made import Made
from framefetch.oversize import fitted

if TYPE_CHECKING:
    from framefetch.finder import FilmObject
    from framefetch.observe import Record
    from framefetch.operations.studio import Studio
    from framefetch.process import SnapshotRequest


def make(
    opened: FilmObject, request: SnapshotRequest, studio: Studio, record: Record, max_bytes: int | None
) -> Made:
    """Takes, draws and encodes the picture. See `operations.make`."""
    headers: tuple[tuple[str, str], ...] = ()
    with studio.picture(opened, request, record) as picture:
        with record.stage("draw"):
            image = draw(picture, request, studio.settings)
        with record.stage("encode"):
            body = encode(image, request, studio.settings)
            if max_bytes is not None and len(body) > max_bytes:
                body, (width, height) = fitted(image, request, studio.settings, body, max_bytes)
                headers = (("x-framefetch-shrunk", f"{width}x{height}"),)
    record.facts["taken_ms"] = float(picture.time_ms)
    return Made(body, (*headers, ("x-framefetch-time", f"{float(picture.time_ms):.3f}")))
