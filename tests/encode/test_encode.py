"""Encoded images: tagged as sRGB, free of metadata, and with or without transparency as the format can."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image, ImageCms

from framefetch.encode import encode
from framefetch.encode.srgb import PROFILE
from framefetch.process import Format
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


@pytest.mark.parametrize("form", Format)
def test_tagged_and_bare(form: Format) -> None:
    """Every image says that it is sRGB, and carries nothing else beside its pixels."""
    image = Image.new("RGB", (40, 30), (10, 200, 30))
    image.info.update(comment=b"secret", exif=b"Exif\0\0secret", dpi=(300, 300))
    body = encode(image, form, Settings())
    assert b"secret" not in body
    if form is Format.PNG:
        assert opened(body).info == {"srgb": 0}
    else:
        assert opened(body).info["icc_profile"] == PROFILE


def test_transparency() -> None:
    """png keeps what is transparent; jpg shows the background behind it."""
    kept = opened(encode(glass(), Format.PNG, Settings()))
    assert kept.mode == "RGBA"
    assert kept.tobytes() == glass().tobytes()
    for background, behind in (("FFFFFF", (255, 255, 255)), ("0040ff", (0, 64, 255))):
        settings = Settings.from_environment({"FRAMEFETCH_BACKGROUND": background})
        flat = opened(encode(glass(), Format.JPG, settings))
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
    plain = opened(encode(image, Format.JPG, Settings()))
    progressive = opened(encode(image, Format.JPG, Settings(jpg="progressive")))
    assert "progressive" not in plain.info
    assert progressive.info["progressive"]
    assert progressive.tobytes() == plain.tobytes()
