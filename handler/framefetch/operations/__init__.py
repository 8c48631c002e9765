"""What can be made of a film: one module an action of the process string, each with a function ``make``.

In go an opened film, the request and the `Studio`; out comes what was `Made`. Whether the film may be
read at all, and whether the caller has the answer already, has been decided before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.operations import snapshot
from framefetch.operations.made import Made
from framefetch.operations.studio import Studio
from framefetch.process import AnimationRequest, InfoRequest, SheetRequest

if TYPE_CHECKING:
    from framefetch.film.opened import FilmObject
    from framefetch.observe import Record
    from framefetch.process import Request

__all__ = ["Made", "Studio", "make"]


def make(opened: FilmObject, request: Request, studio: Studio, record: Record, max_bytes: int | None) -> Made:
    """Makes what a request asks for.

    Args:
        opened: the film.
        request: of any action.
        studio: what it is made with.
        record: of the request.
        max_bytes: that the answer's body may have; None: any number.

    Raises:
        FramefetchError: it cannot be made of this film, or not within the limits.
    """
    # Nearly all requests are for one picture: the others' parts are no part of a function's start.
    if isinstance(request, InfoRequest):
        from framefetch.operations import info  # noqa: PLC0415

        return info.make(opened, studio, record)
    if isinstance(request, AnimationRequest):
        from framefetch.operations import animation  # noqa: PLC0415

        return animation.make(opened, request, studio, record, max_bytes)
    if isinstance(request, SheetRequest):
        from framefetch.operations import sheet  # noqa: PLC0415

        return sheet.make(opened, request, studio, record, max_bytes)
    return snapshot.make(opened, request, studio, record, max_bytes)
