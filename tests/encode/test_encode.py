"""Encoded images: tagged as sRGB, free of metadata, and with or without transparency as the format can."""

from __future__ import annotations

import io
import random
import re
import subprocess
import sys

import pytest
from PIL import Image, ImageCms

from framefetch.encode import encode
from framefetch.encode.srgb import PROFILE
from framefetch.errors import ImageTooLarge
from framefetch.process import Format, SnapshotRequest
from framefetch.settings import BadSetting, Settings


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def glass() -> Image.Image:
    """Red, half transparent, beside nothing at all."""
    image = Image.new("RGBA", (64, 32), (255, 0, 0, 128))
    image.paste((9, 200, 9, 0), (32, 0, 64, 32))
    return image


def test_the_profile_is_srgb() -> None:
    """The profile in our JPEGs converts every colour as lcms's own sRGB does, to one level."""
    image = Image.frombytes("RGB", (64, 64), random.Random(1).randbytes(64 * 64 * 3))
    ours = ImageCms.ImageCmsProfile(io.BytesIO(PROFILE))
    same = ImageCms.profileToProfile(image, ours, ImageCms.createProfile("sRGB"))
    assert same is not None
    assert max(abs(a - b) for a, b in zip(image.tobytes(), same.tobytes(), strict=True)) <= 1
    assert len(PROFILE) == int.from_bytes(PROFILE[:4]) <= 450


FORMS = [form for form in Format if form is not Format.AUTO]


@pytest.mark.parametrize("form", FORMS)
def test_tagged_and_bare(form: Format) -> None:
    """Every image says that it is sRGB, and carries nothing else beside its pixels."""
    image = Image.new("RGB", (40, 30), (10, 200, 30))
    image.info.update(comment=b"secret", exif=b"Exif\0\0secret", dpi=(300, 300))
    body = encode(image, SnapshotRequest(format=form), Settings())
    assert b"secret" not in body
    info = opened(body).info
    match form:
        case Format.PNG:
            assert info == {"srgb": 0}
        case Format.JPG:
            assert info["icc_profile"] == PROFILE
        case Format.AVIF:
            # Primaries 1, transfer 13, matrix 6, full range: sRGB, as ITU-T H.273 numbers it.
            assert b"colrnclx" + bytes([0, 1, 0, 13, 0, 6, 0x80]) in body
        case _:
            assert set(info) <= {"background", "loop", "duration", "timestamp"}


@pytest.mark.parametrize("form", [Format.PNG, Format.WEBP, Format.AVIF])
def test_transparency_is_kept(form: Format) -> None:
    """png, webp and avif keep what is transparent."""
    kept = opened(encode(glass(), SnapshotRequest(format=form), Settings()))
    assert kept.mode == "RGBA"
    for at, wanted in ((10, (255, 0, 0, 128)), (54, (0, 0, 0, 0))):
        got = kept.getpixel((at, 16))
        assert isinstance(got, tuple)
        assert abs(got[3] - wanted[3]) <= 2
        assert not wanted[3] or max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= 4


def test_jpg_has_a_background() -> None:
    """jpg shows the background behind what is transparent."""
    for background, behind in (("FFFFFF", (255, 255, 255)), ("0040ff", (0, 64, 255))):
        settings = Settings.from_environment({"FRAMEFETCH_BACKGROUND": background})
        flat = opened(encode(glass(), SnapshotRequest(), settings))
        assert flat.mode == "RGB"
        mixed = tuple((red + level) // 2 for red, level in zip((255, 0, 0), behind, strict=True))
        for at, wanted in ((10, mixed), (54, behind)):
            got = flat.getpixel((at, 16))
            assert isinstance(got, tuple)
            assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= 4


@pytest.mark.parametrize("bad", ["white", "#ffffff", "fff", "GGGGGG", ""])
def test_no_colour(bad: str) -> None:
    """A background that is no colour ends the start with a message."""
    with pytest.raises(BadSetting, match="RRGGBB"):
        Settings.from_environment({"FRAMEFETCH_BACKGROUND": bad})


def test_progressive() -> None:
    """A JPEG is progressive where the setting says so, and shows the same."""
    image = Image.effect_mandelbrot((160, 120), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    plain = opened(encode(image, SnapshotRequest(), Settings()))
    progressive = opened(encode(image, SnapshotRequest(), Settings(jpg="progressive")))
    assert "progressive" not in plain.info
    assert progressive.info["progressive"]
    assert progressive.tobytes() == plain.tobytes()


@pytest.mark.parametrize("form", [Format.JPG, Format.WEBP, Format.AVIF])
def test_quality(form: Format) -> None:
    """q makes an image larger the higher it is; without it the setting counts."""
    image = Image.effect_mandelbrot((160, 120), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    made = [
        encode(image, SnapshotRequest(format=form, quality=quality), Settings()) for quality in (5, 50, 95)
    ]
    assert len(made[0]) < len(made[1]) < len(made[2])
    by_setting = Settings(quality=50, webp_quality=50, avif_quality=50)
    assert encode(image, SnapshotRequest(format=form), by_setting) == made[1]


def test_webp_has_a_limit() -> None:
    """A side that webp cannot say is refused with a hint, and made in another format."""
    long = Image.new("RGB", (16384, 2))
    with pytest.raises(ImageTooLarge, match="16383"):
        encode(long, SnapshotRequest(format=Format.WEBP), Settings())
    assert encode(long, SnapshotRequest(format=Format.PNG), Settings())


# In a process of its own: the bound stays for its life.
_STARVED = """
import resource
from PIL import Image
from framefetch.encode import encode
from framefetch.encode.animation import encode_animation
from framefetch.process import Format, Moving, SnapshotRequest
from framefetch.settings import Settings

settings = Settings()
noise = [Image.effect_noise((480, 320), 50).convert("RGB") for _ in range(3)]
ways = {
    "webp": lambda: encode(noise[0], SnapshotRequest(format=Format.WEBP), settings),
    "jpg": lambda: encode(noise[0], SnapshotRequest(), settings),
    "png": lambda: encode(noise[0], SnapshotRequest(format=Format.PNG), settings),
    "moving webp": lambda: encode_animation(noise, [40] * 3, Moving.WEBP, settings),
    "gif": lambda: encode_animation(noise, [40] * 3, Moving.GIF, settings),
    "avif": lambda: encode(noise[0], SnapshotRequest(format=Format.AVIF), settings),
}
_, hard = resource.getrlimit(resource.RLIMIT_AS)
for name, way in ways.items():
    way()
    used = int(open("/proc/self/status").read().split("VmSize:")[1].split()[0]) << 10
    ends = set()
    for spare in range(0, 20 << 20, 256 << 10):
        resource.setrlimit(resource.RLIMIT_AS, (used + spare, hard))
        try:
            way()
            ends.add("made")
        except MemoryError:
            ends.add("no memory")
        except Exception as fault:
            ends.add(repr(fault))
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    print(name, sorted(ends))
"""


def test_an_encoder_without_memory_says_so() -> None:
    """Whatever words an encoder has for it, or none, memory that is not there is a MemoryError."""
    ran = subprocess.run(
        [sys.executable, "-c", _STARVED], capture_output=True, check=True, text=True, timeout=120
    )
    for line in ran.stdout.splitlines():
        assert re.fullmatch(r"[a-z ]+ \[('made')?(, )?('no memory')?\]", line), line
    assert "webp ['made', 'no memory']" in ran.stdout
    assert "avif ['made', 'no memory']" in ran.stdout
