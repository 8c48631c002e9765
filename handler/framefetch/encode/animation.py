"""Images of one size, each with its time -> an animated WebP or GIF. The same give the same bytes."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from PIL import Image

from framefetch.encode import WEBP_METHOD, body_for
from framefetch.encode.memory import telling_of_memory
from framefetch.process import Moving

if TYPE_CHECKING:
    import io
    from collections.abc import Sequence

    from framefetch.settings import Settings

_TICK_MS, _LEAST_TICKS = 10, 2
"""GIF counts in hundredths of a second (GIF89a §23), and browsers take less than two for ten."""
_SAMPLES, _SAMPLE_SIDE = 16, 160
"""Pictures of which the colours are chosen, and how large they are looked at."""


def encode_animation(
    images: Sequence[Image.Image], durations_ms: Sequence[int], form: Moving, settings: Settings
) -> bytes:
    """Encodes an animation that goes on for ever.

    Args:
        images: RGB, of one size.
        durations_ms: for how long each is shown; 1 or more.
        form: WebP or GIF.
        settings: the quality of WebP is its single pictures'.
    """
    body = body_for(form)
    with telling_of_memory():
        if form is Moving.GIF:
            colours = _palette(images)
            drawn = [one.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG) for one in images]
            _save(body, drawn, _ticks(durations_ms), optimize=False, disposal=1)
        else:
            quality = settings.webp_quality
            _save(body, images, durations_ms, quality=quality, method=WEBP_METHOD, allow_mixed=False)
    return body.getvalue()


def _save(
    body: io.BytesIO,
    images: Sequence[Image.Image],
    durations_ms: Sequence[int],
    **options: object,
) -> None:
    first, *others = images
    moving = {"save_all": True, "append_images": others, "duration": list(durations_ms), "loop": 0}
    first.save(body, None, **moving, **options)


def _palette(images: Sequence[Image.Image]) -> Image.Image:
    """One palette for all of them: colours that change from picture to picture flicker."""
    chosen = [images[len(images) * number // _SAMPLES] for number in range(_SAMPLES)]
    width, height = images[0].size
    share = min(1.0, _SAMPLE_SIDE / max(width, height))
    size = max(1, round(width * share)), max(1, round(height * share))
    together = Image.new("RGB", (size[0], size[1] * _SAMPLES))
    for number, image in enumerate(chosen):
        together.paste(image.resize(size, Image.Resampling.BOX), (0, number * size[1]))
    return together.quantize(256, method=Image.Quantize.MEDIANCUT)


def _ticks(durations_ms: Sequence[int]) -> list[int]:
    """The durations as GIF can say them, in ms; they still add up, as long as none is too short."""
    ends = [round(end / _TICK_MS) for end in accumulate(durations_ms, initial=0)]
    return [max(_LEAST_TICKS, stop - start) * _TICK_MS for start, stop in pairwise(ends)]
