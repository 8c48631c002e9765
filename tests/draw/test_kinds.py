"""Kinds of colour that are not plain Y'CbCr or RGB: converted rightly, or refused by name."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import av
import pytest

from framefetch.draw import draw
from framefetch.errors import UnsupportedCodec
from framefetch.process import SnapshotRequest
from framefetch.settings import Settings
from tests.draw.pictures import FULL, LIMITED, flat, picture

SIZE = (64, 48)


@pytest.mark.parametrize("span", [LIMITED, FULL])
@pytest.mark.parametrize("form", ["yuv444p", "yuv420p", "yuv444p10le"])
def test_ycgco(form: str, span: int) -> None:
    """YCgCo comes out within 2.5 levels of exact arithmetic, which is two roundings."""
    chance = random.Random(form)
    step = 4 if "10" in form else 1
    for _ in range(12):
        y, cg, co = chance.randint(70, 180), chance.randint(100, 150), chance.randint(100, 150)
        frame = flat(form, SIZE, (y * step, cg * step, co * step), matrix=8, span=span)
        got = draw(picture(frame), SnapshotRequest(width=32, height=24), Settings()).getpixel((9, 9))
        luma, green, orange = (y - 16) / 219 * 255, (cg - 128) / 224 * 255, (co - 128) / 224 * 255
        if span == FULL:
            luma, green, orange = y, cg - 128, co - 128
        wanted = (luma - green + orange, luma + green, luma - green - orange)
        assert isinstance(got, tuple)
        assert max(abs(a - min(255, max(0, b))) for a, b in zip(got, wanted, strict=True)) <= 2.5


@pytest.mark.parametrize(
    ("matrix", "name"), [(14, "ICtCp"), (15, "IPT-C2"), (16, "YCgCo-Re"), (17, "YCgCo-Ro")]
)
def test_refused_by_name(matrix: int, name: str) -> None:
    """Colours that would come out green and purple are refused, and the message says what they are."""
    frame = flat("yuv444p10le", SIZE, (300, 512, 512), matrix=matrix, span=FULL)
    with pytest.raises(UnsupportedCodec, match=name):
        draw(picture(frame), SnapshotRequest(), Settings())


def rpu(profile: int, *, full: bool) -> bytes:
    """A Dolby Vision RPU (ETSI GS CCM 001 §5.3) whose mapping changes nothing."""

    def ue(value: int) -> str:
        bits = f"{value + 1:b}"
        return "0" * (len(bits) - 1) + bits

    def coefficient(whole: int) -> str:
        return ue(2 * whole - 1 if whole > 0 else 0) + "0" * 23

    bits = f"{2:06b}{18:011b}{profile:04b}{0:04b}" + "1" + "0" + "00" + ue(23) + "01" + f"{full:b}"
    # Depths of base layer, enhancement layer and result: 10, 10, 12; no residual.
    bits += ue(2) + ue(2) + ue(4) + "0" + "000" + "0" + "1"
    # No display metadata, no earlier RPU; its id, colour space and chroma format.
    bits += "0" + "0" + ue(0) + ue(0) + ue(0)
    bits += (ue(0) + f"{0:010b}{1023:010b}") * 3 + ue(0) + ue(0)
    bits += (ue(0) + ue(0) + "0" + coefficient(0) + coefficient(1)) * 3
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    body = int(bits, 2).to_bytes(len(bits) // 8)
    return b"\x19" + protected(body + mpeg_crc(body).to_bytes(4) + b"\x80")


def mpeg_crc(data: bytes) -> int:
    """CRC-32/MPEG-2 (ISO/IEC 13818-1 annex A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc


def protected(data: bytes) -> bytes:
    """With emulation prevention (ITU-T H.265 §7.3.1.1)."""
    made = bytearray()
    for byte in data:
        if byte <= 3 and made[-2:] == b"\0\0":
            made.append(3)
        made.append(byte)
    return bytes(made)


def hevc_with(data: bytes) -> av.VideoFrame:
    """A picture that x265 made, with an RPU behind it as Dolby Vision has it (NAL unit type 62)."""
    encoder: Any = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *SIZE, "yuv420p10le"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"}
    frame = flat("yuv420p10le", SIZE, (300, 500, 530), matrix=2, span=0)
    decoder: Any = av.CodecContext.create("hevc", "r")
    frames: list[av.VideoFrame] = []
    for packet in (*encoder.encode(frame), *encoder.encode(None)):
        unit = b"\0\0\0\1" + bytes([62 << 1, 1]) + data
        frames += decoder.decode(av.Packet(bytes(packet) + unit))
    frames += decoder.decode(None)
    return frames[0]


def test_dolby_vision_5() -> None:
    """Dolby Vision profile 5 is refused by name, and never shown green and purple."""
    with pytest.raises(UnsupportedCodec, match="Dolby Vision profile 5"):
        draw(picture(hevc_with(rpu(0, full=True))), SnapshotRequest(), Settings())


@pytest.mark.parametrize(("profile", "full"), [(1, False), (1, True), (0, False)])
def test_other_dolby_vision(profile: int, full: bool) -> None:  # noqa: FBT001 - a row of the table above
    """Dolby Vision of other profiles is shown by its base layer."""
    frame = hevc_with(rpu(profile, full=full))
    assert draw(picture(frame), SnapshotRequest(), Settings()).size == SIZE


def test_dolby_vision_damaged() -> None:
    """An RPU that makes no sense keeps no picture back."""
    for data in (rpu(0, full=True)[:-6], b"\x19", b"\x19\x08\x09" + bytes(40), b"\xff" * 30):
        assert draw(picture(hevc_with(data)), SnapshotRequest(), Settings()).size == SIZE
