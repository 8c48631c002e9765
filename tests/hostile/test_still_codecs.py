"""Pictures of PNG and JPEG that FFmpeg or PyAV would fall over are refused or mended before that."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from framefetch.ffmpeg.still_pictures import without_packed_chunks
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


def differences(one: Image.Image, other: Image.Image) -> list[float]:
    return ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean


def jpeg_with_exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x112] = orientation
    file = io.BytesIO()
    picture = Image.new("RGB", (64, 48), "red")
    if orientation != 1:
        picture.paste("blue", (0, 0, 32, 48))
    picture.save(file, "jpeg", exif=exif, quality=95)
    return file.getvalue()


@pytest.mark.parametrize("index", ["own", "generic"])
def test_pictures_that_fell_over(tmp_path: Path, index: str) -> None:
    """A bad one is 400; the others are shown without what FFmpeg or PyAV would fall over."""
    packed = zlib.compress(bytes(1 << 20))
    bad = {"scans.mov": film("mjpeg", jpeg() + b"\xff\xda" * 101)}
    good = {
        "png.mov": film("png", png()),
        "jpeg.mov": film("mjpeg", jpeg()),
        "profile.mov": film("png", png((b"iCCP", b"name\0\0" + packed))),
        "text.mov": film("png", png((b"zTXt", b"Title\0\0" + packed), (b"iTXt", b"T\0\1\0\0\0" + packed))),
        "exif.mov": film("mjpeg", jpeg_with_exif(1)),
    }
    for name, content in (bad | good).items():
        (tmp_path / name).write_bytes(content)
    with serving(tmp_path, settings={"FRAMEFETCH_INDEX": index}) as server:
        assert {name: server.snapshot(name).status for name in bad} == dict.fromkeys(bad, 400)
        answers = {name: server.snapshot(name) for name in good}
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(good, 200)
    for answer in answers.values():
        picture = Image.open(io.BytesIO(answer.body)).convert("RGB")
        assert all(error < 20 for error in differences(picture, Image.new("RGB", picture.size, "red")))


@pytest.mark.parametrize("index", ["own", "generic"])
@pytest.mark.parametrize(("orientation", "size"), [(3, (64, 48)), (6, (48, 64)), (8, (48, 64))])
def test_exif_says_which_way_is_up(
    tmp_path: Path, index: str, orientation: int, size: tuple[int, int]
) -> None:
    """Cameras that film in JPEG say so in each picture."""
    (tmp_path / "exif.mov").write_bytes(film("mjpeg", jpeg_with_exif(orientation)))
    with serving(tmp_path, settings={"FRAMEFETCH_INDEX": index}) as server:
        answer = server.snapshot("exif.mov", "ar_auto")
    shown = Image.open(io.BytesIO(answer.body))
    assert shown.size == size
    wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg_with_exif(orientation))))
    assert all(error < 20 for error in differences(shown, wanted))


def test_packed_chunks_are_left_out_of_a_png() -> None:
    """And of a PNG that is cut short, as far as it goes."""
    plain, packed = png(), (b"zTXt", b"Title\0\0" + zlib.compress(bytes(100)))
    assert without_packed_chunks(png(packed, packed)) == plain
    assert without_packed_chunks(plain) == plain
    for stop in range(len(plain)):
        assert without_packed_chunks(plain[:stop]) == plain[:stop]
    assert without_packed_chunks(png(packed)[:60]).startswith(plain[:33])
