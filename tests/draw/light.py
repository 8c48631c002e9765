"""What light a coded colour stands for, and which sRGB colour shows it best: what the tables are made of.

Everything is in floating point, colour by colour, from the recommendations' own formulas. `scripts/luts`
writes the tables from here; the tests compare with what the program makes of films.

The way from an HDR signal to the picture (`tone_mapped`):

1. To the light of a reference display, in cd/m² for red, green and blue of BT.2020. PQ: the EOTF of
   BT.2100 table 4. HLG: the inverse OETF and the OOTF of table 5, for a display of 1000 cd/m², gamma 1.2.
2. To ICtCp (BT.2100 table 7), whose I is the lightness that the eye sees, and hue an angle.
3. I is compressed by the EETF of BT.2390 §5.4.1, from 0…1000 cd/m² to 0…203: a picture's white stands for
   BT.2408's HDR reference white. What is below the knee (88 cd/m²) stays as bright as it was; the
   reference white itself comes out at nine tenths of the signal, and what is brighter lies between.
   Ct and Cp shrink by min(I/I', I'/I), as BT.2390 §5.4.2 says: what is made darker loses colour with it.
4. To the primaries of BT.709 (BT.2087's matrix). Colours that these cannot show are mixed with the grey of
   their own luminance until they can: hue moves less than by cutting off, and skin and sky are not touched.
5. The curve of sRGB (IEC 61966-2-1).
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Colour = tuple[float, float, float]

REFERENCE_WHITE, PEAK = 203.0, 1000.0
"""cd/m²: of BT.2408's reference white, and of the display that HDR is graded on (BT.2408 §2.1)."""
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_LUMA_2020 = (0.2627, 0.6780, 0.0593)
_LUMA_709 = (0.2126, 0.7152, 0.0722)
_LMS = ((1688, 2146, 262), (683, 2951, 462), (99, 309, 3688))
_ICTCP = ((2048, 2048, 0), (6610, -13613, 7003), (17933, -17390, -543))
_TO_709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))


def pq_light(signal: float) -> float:
    """PQ's EOTF: a signal of 0 to 1 -> cd/m² (BT.2100 table 4)."""
    power = max(0.0, signal) ** (1 / _M2)
    return float(10000 * (max(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1))


def pq_signal(light: float) -> float:
    """PQ's inverse EOTF: cd/m² -> a signal of 0 to 1."""
    power = (max(0.0, light) / 10000) ** _M1
    return float(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def hlg_light(signal: Colour) -> Colour:
    """HLG's inverse OETF and OOTF: a signal of 0 to 1 -> cd/m² (BT.2100 table 5)."""
    red, green, blue = (_hlg_scene(one) for one in signal)
    luminance = _dot(_LUMA_2020, (red, green, blue))
    gain = PEAK * luminance**0.2
    return red * gain, green * gain, blue * gain


def _hlg_scene(signal: float) -> float:
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * log(4 * a)
    return signal * signal / 3 if signal <= 0.5 else (exp((signal - c) / a) + b) / 12


def eetf(signal: float) -> float:
    """BT.2390's EETF on a PQ signal: from 0…`PEAK` to 0…`REFERENCE_WHITE`; black stays black."""
    top = pq_signal(PEAK)
    white = pq_signal(REFERENCE_WHITE) / top
    knee = 1.5 * white - 0.5
    level = min(signal / top, 1.0)
    if level > knee:
        t = (level - knee) / (1 - knee)
        level = (
            (2 * t**3 - 3 * t**2 + 1) * knee
            + (t**3 - 2 * t**2 + t) * (1 - knee)
            + (-2 * t**3 + 3 * t**2) * white
        )
    return level * top


def tone_mapped(light: Colour) -> Colour:
    """Light of BT.2020's primaries in cd/m² -> the sRGB signal, 0 to 1, that stands for it."""
    lms = _times(_LMS, light)
    i, ct, cp = _times(_ICTCP, (pq_signal(lms[0] / 4096), pq_signal(lms[1] / 4096), pq_signal(lms[2] / 4096)))
    i, ct, cp = i / 4096, ct / 4096, cp / 4096
    mapped = eetf(i)
    kept = min(i / mapped, mapped / i) if i > 0 and mapped > 0 else 0.0
    back = _times(_INVERSE_ICTCP, (mapped, ct * kept, cp * kept))
    shown = _times(_INVERSE_LMS, (pq_light(back[0]), pq_light(back[1]), pq_light(back[2])))
    red, green, blue = (one / REFERENCE_WHITE for one in shown)
    return _encoded((red, green, blue))


def pq(signal: Colour) -> Colour:
    """An HDR10 colour as sRGB."""
    red, green, blue = (pq_light(one) for one in signal)
    return tone_mapped((red, green, blue))


def hlg(signal: Colour) -> Colour:
    """An HLG colour as sRGB."""
    return tone_mapped(hlg_light(signal))


def wide(signal: Colour) -> Colour:
    """An SDR colour of BT.2020's primaries as sRGB.

    Its curve is taken for that of sRGB, as everywhere with SDR video: greys stay as they are.
    """
    red, green, blue = (srgb_light(one) for one in signal)
    return _encoded((red, green, blue))


TABLES: dict[str, Callable[[Colour], Colour]] = {"hlg": hlg, "pq": pq, "wide": wide}
"""By the name of the file."""


def _encoded(light: Colour) -> Colour:
    """Light of BT.2020's primaries, white at 1 -> the sRGB signal, drawn into what sRGB can show."""
    shown = _times(_TO_709, light)
    grey = min(1.0, max(0.0, _dot(_LUMA_709, shown)))
    share = 1.0
    for one in shown:
        if one > 1 and one > grey:
            share = min(share, (1 - grey) / (one - grey))
        elif one < 0 and one < grey:
            share = min(share, grey / (grey - one))
    red, green, blue = (srgb_signal(min(1.0, max(0.0, grey + (one - grey) * share))) for one in shown)
    return red, green, blue


def srgb_light(signal: float) -> float:
    """The curve of sRGB: a signal of 0 to 1 -> light of 0 to 1."""
    return float(signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4)


def srgb_signal(light: float) -> float:
    """Its inverse."""
    return float(12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


def _dot(row: Colour, colour: Colour) -> float:
    return row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2]


def _times(
    matrix: tuple[Colour, Colour, Colour] | tuple[tuple[int, int, int], ...], colour: Colour
) -> Colour:
    return _dot(matrix[0], colour), _dot(matrix[1], colour), _dot(matrix[2], colour)


def _inverse(m: tuple[tuple[int, int, int], ...]) -> tuple[Colour, Colour, Colour]:
    """Of a matrix in 4096ths."""
    (a, b, c), (d, e, f), (g, h, i) = ([one / 4096 for one in row] for row in m)
    whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / whole, (c * h - b * i) / whole, (b * f - c * e) / whole),
        ((f * g - d * i) / whole, (a * i - c * g) / whole, (c * d - a * f) / whole),
        ((d * h - e * g) / whole, (b * g - a * h) / whole, (a * e - b * d) / whole),
    )


_INVERSE_LMS, _INVERSE_ICTCP = _inverse(_LMS), _inverse(_ICTCP)
