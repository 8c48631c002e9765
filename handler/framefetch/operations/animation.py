"""``video/animation``: several pictures of the film that follow each other, as one WebP or GIF.

With an interval they are the pictures shown then, decoded in one go from keyframe to keyframe; without, they
are keyframes spread over the film. Each is drawn at once, so that no decoded picture is held but one.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from framefetch.draw import draw, over
from framefetch.encode.animation import encode_animation
from framefetch.errors import ImageTooLarge
from framefetch.operations.made import Made
from framefetch.operations.reel import Reel
from framefetch.operations.tiles import BEHIND, tile_request, tile_settings, tile_size
from framefetch.operations.times import times_of
from framefetch.process import Mode, check_size

if TYPE_CHECKING:
    from framefetch.ffmpeg.decode import Picture
    from framefetch.film.opened import FilmObject
    from framefetch.observe import Record
    from framefetch.operations.studio import Studio
    from framefetch.process import AnimationRequest, SnapshotRequest
    from framefetch.settings import Settings


def make(
    opened: FilmObject, request: AnimationRequest, studio: Studio, record: Record, max_bytes: int | None
) -> Made:
    """Makes the animation. See `operations.make`."""
    settings = tile_settings(studio.settings)
    most = request.most(settings.max_tiles)
    if most > settings.max_tiles:
        raise ImageTooLarge(
            f"{most} pictures are asked for, and an animation has {settings.max_tiles} at most.",
            hint=f"Ask for num_{settings.max_tiles}.",
        )
    times_ms = times_of(request.start_ms, request.interval_ms, most, studio.length_ms(opened, record))
    mode = Mode.EXACT if request.interval_ms else Mode.FAST
    reel = Reel(len(times_ms), request.frame_ms)
    wanted: SnapshotRequest | None = None
    with closing(studio.pictures(opened, times_ms, mode, record)) as pictures:
        for numbers, picture in pictures:
            record.budget.check()
            with record.stage("draw"):
                wanted = wanted or _frame(picture, request, len(times_ms), settings)
                image = over(draw(picture, wanted, settings), BEHIND)
                for number in numbers:
                    reel.put(number, image)
    shown, durations_ms = reel.shown()
    # An encoder that has begun is not interrupted.
    record.budget.check()
    with record.stage("encode"):
        body = encode_animation(shown, durations_ms, request.format, settings)
    if max_bytes is not None and len(body) > max_bytes:
        from framefetch.operations.oversize import refuse, smaller  # noqa: PLC0415 - rare

        def encoded(size: tuple[int, int]) -> bytes:
            images = [smaller(one, size) for one in shown]
            return encode_animation(images, durations_ms, request.format, settings)

        refuse(
            "animation", ("w_", "h_"), shown[0].size, body, encoded, max_bytes=max_bytes, budget=record.budget
        )
    width, height = shown[0].size
    return Made(body, (("x-framefetch-tiles", f"{len(times_ms)} of {width}x{height}"),))


def _frame(picture: Picture, request: AnimationRequest, count: int, settings: Settings) -> SnapshotRequest:
    """How each picture is drawn: all in the size that the first one gets."""
    size = tile_size(picture, request.size, settings)
    check_size(
        *size,
        max_side=settings.max_side,
        max_pixels=settings.max_pixels,
        count=count,
        hint="Ask for a smaller w_ or h_, or for fewer pictures (num_).",
    )
    return tile_request(size, request.scale)
