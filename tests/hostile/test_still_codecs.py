"""Pictures of PNG and JPEG that FFmpeg or PyAV would fall over are refused before they are decoded."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from tests.serving import serving

if TYPE_CHECKING:
    from pathlib import Path


def film(codec: str, picture: bytes) -> bytes:
    """A film of one picture that is in it as it is."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as made:
        track = made.add_stream(codec, rate=25)
        track.width = track.height = 64  # type: ignore[union-attr]
        track.pix_fmt = "rgb24" if codec == "png" else "yuvj420p"  # type: ignore[union-attr]
        packet = av.Packet(picture)
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = track, 0, 0, True
        made.mux(packet)
    return file.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "png")
    made = file.getvalue()
    more = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return made[:33] + more + made[33:]


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "jpeg")
    return file.getvalue()


@pytest.mark.parametrize("index", ["own", "generic"])
def test_pictures_that_fell_over(tmp_path: Path, index: str) -> None:
    """The bad ones are 4xx, and the server is there for the good ones afterwards."""
    packed = zlib.compress(bytes(1 << 20))
    bad = {
        "profile.mov": film("png", png((b"iCCP", b"name\0\0" + packed))),
        "text.mov": film("png", png((b"zTXt", b"Title\0\0" + packed))),
        "scans.mov": film("mjpeg", jpeg() + b"\xff\xda" * 101),
    }
    good = {"png.mov": film("png", png()), "jpeg.mov": film("mjpeg", jpeg())}
    for name, content in (bad | good).items():
        (tmp_path / name).write_bytes(content)
    with serving(tmp_path, settings={"FRAMEFETCH_INDEX": index}) as server:
        assert {name: server.snapshot(name).status for name in bad} == dict.fromkeys(bad, 400)
        assert {name: server.snapshot(name).status for name in good} == dict.fromkeys(good, 200)
