"""How different two sRGB colours look: CIEDE2000 (CIE 142-2001; Sharma, Wu and Dalal 2005)."""

from __future__ import annotations

from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
from typing import TYPE_CHECKING

from tests.draw.light import srgb_light

if TYPE_CHECKING:
    from tests.draw.light import Colour


def lab(signal: Colour) -> Colour:
    """CIELAB, with the white of sRGB, of a colour of 0 to 1."""
    r, g, b = (srgb_light(one) for one in signal)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def delta_e(one: Colour, other: Colour) -> float:
    """Of two colours in CIELAB. About 1 is the least that an eye sees side by side."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    g = _g((hypot(a1, b1) + hypot(a2, b2)) / 2)
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    dl, dc, dh = l2 - l1, c2 - c1, 2 * sqrt(c1 * c2) * sin(radians(turn / 2))
    ml, mc = (l1 + l2) / 2, (c1 + c2) / 2
    mh = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    t = 1 - 0.17 * _cos(mh - 30) + 0.24 * _cos(2 * mh) + 0.32 * _cos(3 * mh + 6) - 0.2 * _cos(4 * mh - 63)
    sl = 1 + 0.015 * (ml - 50) ** 2 / sqrt(20 + (ml - 50) ** 2)
    sc, sh = 1 + 0.045 * mc, 1 + 0.015 * mc * t
    rotation = -sin(radians(60 * exp(-(((mh - 275) / 25) ** 2)))) * 4 * (0.5 - _g(mc))
    return sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rotation * dc / sc * dh / sh)


def _g(chroma: float) -> float:
    return 0.5 * (1 - sqrt(chroma**7 / (chroma**7 + 25**7)))


def _cos(angle: float) -> float:
    return cos(radians(angle))


def levels_apart(got: tuple[int, ...], wanted: Colour) -> float:
    """CIEDE2000 between a pixel of 0 to 255 and a colour of 0 to 1."""
    red, green, blue, *_ = (one / 255 for one in got)
    return delta_e(lab((red, green, blue)), lab(wanted))
