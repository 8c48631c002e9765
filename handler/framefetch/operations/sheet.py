"""``video/sprite`` and ``video/snapshots``: many pictures of the film on one sheet, or the track into it.

Each picture is the nearest keyframe at or before its time. They are drawn one by one, straight to the size of
their tile: beside the sheet there is never more than one picture.
"""

from __future__ import annotations

from contextlib import closing
from math import floor
from typing import TYPE_CHECKING, NoReturn

from framefetch.draw import draw
from framefetch.encode import encode
from framefetch.errors import ImageTooLarge
from framefetch.operations.made import Made
from framefetch.operations.montage import Sheet, track
from framefetch.operations.tiles import tile_request, tile_settings, tile_size
from framefetch.operations.times import times_of
from framefetch.process import Mode, SnapshotRequest, check_size

if TYPE_CHECKING:
    from fractions import Fraction

    from framefetch.budget import Budget
    from framefetch.ffmpeg.decode import Picture
    from framefetch.film.opened import FilmObject
    from framefetch.observe import Record
    from framefetch.operations.studio import Studio
    from framefetch.process import SheetRequest
    from framefetch.settings import Settings


def make(
    opened: FilmObject, request: SheetRequest, studio: Studio, record: Record, max_bytes: int | None
) -> Made:
    """Makes the sheet, or its track. See `operations.make`."""
    settings = tile_settings(studio.settings)
    length_ms = studio.length_ms(opened, record)
    times_ms = times_of(request.start_ms, request.interval_ms, request.most, length_ms)
    if len(times_ms) > settings.max_tiles:
        raise ImageTooLarge(
            f"{len(times_ms)} pictures are asked for, and a sheet has {settings.max_tiles} at most.",
            hint=f"Ask for num_{settings.max_tiles}, or a longer inter_.",
        )
    if request.is_track:
        with studio.picture(opened, SnapshotRequest(at_ms=times_ms[0], mode=Mode.FAST), record) as picture:
            sheet = _sheet(picture, request, len(times_ms), settings)
        return Made(_track(sheet, request.link, times_ms, length_ms).encode())
    filled: Sheet | None = None
    with closing(studio.pictures(opened, times_ms, Mode.FAST, record)) as pictures:
        for numbers, picture in pictures:
            record.budget.check()
            with record.stage("draw"):
                if filled is None:
                    filled = _sheet(picture, request, len(times_ms), settings)
                tile = draw(picture, tile_request(filled.tile, request.scale), settings)
                for number in numbers:
                    filled.put(number, tile)
    assert filled is not None  # noqa: S101 - there is always a first time, and each has its picture
    # An encoder that has begun is not interrupted.
    record.budget.check()
    with record.stage("encode"):
        body = encode(filled.image, SnapshotRequest(format=request.format), settings)
    if max_bytes is not None and len(body) > max_bytes:
        _refuse(
            filled,
            request,
            body,
            settings,
            count=len(times_ms),
            max_bytes=max_bytes,
            budget=record.budget,
        )
    width, height = filled.tile
    return Made(body, (("x-framefetch-tiles", f"{len(times_ms)} of {width}x{height}"),))


def _refuse(
    sheet: Sheet,
    request: SheetRequest,
    body: bytes,
    settings: Settings,
    *,
    count: int,
    max_bytes: int,
    budget: Budget,
) -> NoReturn:
    from framefetch.operations.oversize import refuse, smaller  # noqa: PLC0415 - rare

    def encoded(tile: tuple[int, int]) -> bytes:
        size = Sheet(tile, count, request.across, request.pad, request.margin).size
        return encode(smaller(sheet.image, size), SnapshotRequest(format=request.format), settings)

    refuse("sheet", request.side_names, sheet.tile, body, encoded, max_bytes=max_bytes, budget=budget)


def _track(sheet: Sheet, link: str, times_ms: list[int], length_ms: Fraction) -> str:
    ends_ms = [*times_ms[1:], max(floor(length_ms), times_ms[-1] + 1)]
    return track(
        [
            (start, stop, sheet.place(number))
            for number, (start, stop) in enumerate(zip(times_ms, ends_ms, strict=True))
        ],
        link,
    )


def _sheet(picture: Picture, request: SheetRequest, count: int, settings: Settings) -> Sheet:
    """An empty sheet for tiles of this film."""
    tile = tile_size(picture, request.size, settings)
    sheet = Sheet(tile, count, request.across, request.pad, request.margin)
    fewer = "fewer columns (tw_)" if sheet.size[0] > settings.max_side else "fewer of them (num_)"
    check_size(
        *sheet.size,
        max_side=settings.max_side,
        max_pixels=settings.max_pixels,
        hint=f"Ask for smaller tiles ({' or '.join(request.side_names)}), or for {fewer}.",
    )
    return sheet
