"""Interlaced films: one moment of a picture, and no comb."""

from __future__ import annotations

from functools import cache
from typing import Any

import av
import pytest
from PIL import Image, ImageDraw

from framefetch.draw import draw
from framefetch.process import SnapshotRequest
from framefetch.settings import Settings
from tests.draw.pictures import picture

SIZE = (320, 240)
FORMS = ["yuv420p", "yuv422p", "yuv420p10le"]
FIRST, SECOND = 60, 140
"""Where the bar is in the top field, and where in the bottom field."""


def field(left: int) -> Image.Image:
    image = Image.new("L", SIZE, 40)
    ImageDraw.Draw(image).rectangle((left, 30, left + 40, 200), 200)
    return image


@cache
def woven(form: str, *, flagged: bool = True) -> av.VideoFrame:
    """A picture of two moments, through an encoder that knows of fields, or of one that does not."""
    image = field(FIRST)
    bottom = field(SECOND)
    for y in range(1, SIZE[1], 2):
        image.paste(bottom.crop((0, y, SIZE[0], y + 1)), (0, y))
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = *SIZE, form, 1
    encoder.options = {"crf": "4", "preset": "ultrafast", "x264-params": "tff=1" if flagged else "tff=0"}
    frame = av.VideoFrame.from_image(image.convert("RGB")).reformat(format=form)  # type: ignore[no-untyped-call]
    decoder: Any = av.CodecContext.create("h264", "r")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    frames = [one for packet in (*packets, None) for one in decoder.decode(packet)]
    assert frames[0].interlaced_frame is flagged
    decoded: av.VideoFrame = frames[0]
    return decoded


def column(image: Image.Image, x: int) -> list[int]:
    """The green of a column, away from the bar's ends."""
    height = image.height
    grey = image.getchannel("G")
    return [grey.getpixel((x * image.width // SIZE[0], y)) for y in range(height // 5, height * 3 // 4)]  # type: ignore[misc]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("height", [240, 480, 170, 120, 60])
def test_one_moment(form: str, height: int) -> None:
    """A flagged picture shows the bar where the first moment has it, whole, and the second one not at all."""
    image = draw(picture(woven(form)), SnapshotRequest(height=height), Settings())
    assert image.size == (round(height * 4 / 3), height)
    assert min(column(image, FIRST + 20)) > 180
    assert max(column(image, SECOND + 20)) < 60


@pytest.mark.parametrize("form", FORMS)
def test_off(form: str) -> None:
    """With deinterlacing off, both moments are there, line by line, as stored."""
    image = draw(picture(woven(form)), SnapshotRequest(), Settings(deinterlace="off"))
    assert {level > 120 for level in column(image, FIRST + 20)} == {True, False}


def test_not_flagged() -> None:
    """A picture that is not flagged keeps every line, whatever is in it."""
    image = draw(picture(woven("yuv420p", flagged=False)), SnapshotRequest(), Settings())
    assert {level > 120 for level in column(image, FIRST + 20)} == {True, False}


@pytest.mark.parametrize("height", [240, 120])
def test_nothing_moves_up_or_down(height: int) -> None:
    """The bar's upper and lower edge stay within a line of where they are in the film."""
    image = draw(picture(woven("yuv420p")), SnapshotRequest(height=height), Settings())
    grey = image.getchannel("G")
    x = (FIRST + 20) * image.width // SIZE[0]
    lit = [y for y in range(height) if grey.getpixel((x, y)) > 120]  # type: ignore[operator]
    scale = height / SIZE[1]
    assert abs(lit[0] - 30 * scale) <= 1
    assert abs(lit[-1] + 1 - 201 * scale) <= 1
