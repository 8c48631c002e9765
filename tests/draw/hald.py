"""Tables as files: Hald CLUTs of 25 x 25 x 25 colours. `scripts/luts` writes them all."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

import framefetch.draw
from tests.draw.light import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.draw.light import Colour

LEVEL = 5
STEPS, SIDE = LEVEL**2, LEVEL**3
"""Entries along each axis; width and height of the picture."""
FOLDER = Path(framefetch.draw.__file__).parent


def entries(mapping: Callable[[Colour], Colour]) -> list[int]:
    """All values of a table, red running fastest, three numbers of 16 bits a colour."""
    axis = [step / (STEPS - 1) for step in range(STEPS)]
    return [
        round(value * 65535)
        for blue in axis
        for green in axis
        for red in axis
        for value in mapping((red, green, blue))
    ]


def png(values: list[int]) -> bytes:
    """A table as a PNG, which Pillow cannot write with 16 bits a channel."""
    frame = av.VideoFrame(SIDE, SIDE, "rgb48be")
    row = SIDE * 3
    line = frame.planes[0].line_size
    rows = (struct.pack(f">{row}H", *values[at : at + row]) for at in range(0, len(values), row))
    frame.planes[0].update(b"".join(one.ljust(line, b"\0") for one in rows))
    encoder: Any = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = SIDE, SIDE, "rgb48be", 1
    encoder.options = {"compression_level": "9", "pred": "mixed"}
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))


def read_png(data: bytes) -> list[int]:
    """All values of a table in a file."""
    decoder: Any = av.CodecContext.create("png", "r")
    packet: Any = av.Packet(data)
    (frame,) = decoder.decode(packet)
    assert (frame.width, frame.height, frame.format.name) == (SIDE, SIDE, "rgb48be")
    plane = frame.planes[0]
    view, row = memoryview(plane), SIDE * 6
    packed = b"".join(view[line * plane.line_size :][:row] for line in range(SIDE))
    return list(struct.unpack(f">{len(packed) // 2}H", packed))


if __name__ == "__main__":
    for name, mapping in TABLES.items():
        (FOLDER / f"{name}.png").write_bytes(png(entries(mapping)))
