"""HDR and wide colours as sRGB: by the recommendations' formulas, and as people expect to see them."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from math import atan2, degrees
from statistics import mean
from typing import TYPE_CHECKING, Any

import av
import pytest

from framefetch.draw import draw
from framefetch.process import SnapshotRequest
from framefetch.settings import Settings
from tests.conftest import CORPUS, NO_CORPUS
from tests.draw import hald, light
from tests.draw.difference import delta_e, lab, levels_apart
from tests.draw.pictures import FULL, LIMITED, exact_signal, patterned, picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from tests.draw.light import Colour

TRANSFERS = {"pq": 16, "hlg": 18, "wide": 14}
"""Transfer characteristics (ITU-T H.273 table 3), by the table that they lead to."""
SIZE, FILM_SIZE = (48, 32), (192, 128)


def tagged(frame: av.VideoFrame, name: str) -> av.VideoFrame:
    """The frame, said to be in BT.2020 and of that transfer."""
    frame.colorspace, frame.color_primaries, frame.color_trc = 9, 9, TRANSFERS[name]
    return frame


def drawn(frame: av.VideoFrame, request: SnapshotRequest | None = None) -> Image:
    return draw(picture(frame), request or SnapshotRequest(), Settings())


def coded(signal: Colour, bits: int = 10) -> tuple[int, ...]:
    """R'G'B' of 0 to 1 as limited Y'CbCr of BT.2020 (BT.2100 table 9)."""
    r, g, b = signal
    y = 0.2627 * r + 0.6780 * g + 0.0593 * b
    step = 1 << (bits - 8)
    u, v = (b - y) / 1.8814, (r - y) / 1.4746
    return round((219 * y + 16) * step), round((224 * u + 128) * step), round((224 * v + 128) * step)


def of_colours(
    colours: Sequence[tuple[int, ...]], name: str, form: str, span: int = LIMITED
) -> av.VideoFrame:
    """A frame of which each pixel is one of the colours."""
    frame = patterned(form, SIZE, lambda p, x, y: colours[(y * SIZE[0] + x) % len(colours)][p], span=span)
    return tagged(frame, name)


def errors(
    image: Image, colours: Sequence[tuple[int, ...]], name: str, *, full: bool, bits: int
) -> list[float]:
    """CIEDE2000 of every pixel against the formulas in floating point."""
    exactly_as = light.TABLES[name]
    found = []
    for at in range(image.width * image.height):
        signal = exact_signal(colours[at % len(colours)], matrix=9, full=full, bits=bits)
        got = image.getpixel((at % image.width, at // image.width))
        assert isinstance(got, tuple)
        found.append(levels_apart(got, exactly_as(signal)))
    return found


def natural(name: str, count: int) -> Iterator[tuple[int, ...]]:
    """Colours as there are in scenes: from shadows to lamps, few of them pure."""
    chance = random.Random(name)
    for _ in range(count):
        grey = 10 ** chance.uniform(-0.5, 2.9)
        scene = [min(1000.0, grey * chance.uniform(0.4, 1.5)) for _ in range(3)]
        r, g, b = scene
        if name == "pq":
            yield coded((light.pq_signal(r), light.pq_signal(g), light.pq_signal(b)))
        else:
            yield coded(((r / 1000) ** 0.4, (g / 1000) ** 0.4, (b / 1000) ** 0.4))


def test_the_formulas() -> None:
    """The formulas that all else is compared with give the recommendations' own figures."""
    # BT.2408 table 1: reference white is 58 % of PQ and 75 % of HLG; BT.2100 puts 100 cd/m² at 0.508.
    assert light.pq_signal(203) == pytest.approx(0.5807, abs=1e-4)
    assert light.pq_signal(100) == pytest.approx(0.5081, abs=1e-4)
    assert light.pq_light(light.pq_signal(777)) == pytest.approx(777)
    assert light.hlg_light((0.75,) * 3) == pytest.approx((203,) * 3, abs=0.5)
    assert light.hlg_light((1.0,) * 3) == pytest.approx((1000,) * 3, rel=1e-6)
    # Pairs 1 and 20 of Sharma, Wu and Dalal's table 1.
    assert delta_e((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert delta_e((50, 2.5, 0), (73, 25, -18)) == pytest.approx(27.1492, abs=1e-4)


@pytest.mark.parametrize("name", light.TABLES)
def test_the_tables_are_made_of_the_formulas(name: str) -> None:
    """Every entry of a table in the package is what its formulas give, to the last of 16 bits."""
    held = hald.read_png((hald.FOLDER / f"{name}.png").read_bytes())
    made = hald.entries(light.TABLES[name])
    # Mathematical libraries differ in a last bit, which may round the other way.
    assert max(abs(a - b) for a, b in zip(held, made, strict=True)) <= 1


@pytest.mark.parametrize("name", light.TABLES)
@pytest.mark.parametrize(("form", "bits"), [("yuv444p10le", 10), ("yuv444p12le", 12), ("yuv444p", 8)])
@pytest.mark.parametrize("span", [LIMITED, FULL])
def test_colours_of_scenes(name: str, form: str, bits: int, span: int) -> None:
    """HDR10, HLG and BT.2020 come out within a mean CIEDE2000 of 0.8 of the formulas."""
    shift = bits - 10
    colours = [
        tuple(value << shift if shift > 0 else value >> -shift for value in colour)
        for colour in natural(name, SIZE[0] * SIZE[1])
    ]
    image = drawn(of_colours(colours, name, form, span))
    found = errors(image, colours, name, full=span == FULL, bits=bits)
    assert mean(found) <= 0.8
    assert sorted(found)[len(found) * 95 // 100] <= 3


@pytest.mark.parametrize("name", ["pq", "hlg"])
def test_shades_stay_apart(name: str) -> None:
    """A grey ramp in HDR stays a ramp: never darker with more light, and no step is wider than 3 levels."""
    greys = [(64 + 876 * at // 767, 512, 512) for at in range(768)]
    image = draw(
        picture(tagged(patterned("yuv444p10le", (768, 8), lambda p, x, y: greys[x][p], span=LIMITED), name)),
        SnapshotRequest(),
        Settings(),
    )
    levels = [image.getpixel((x, 4)) for x in range(768)]
    steps = [b[1] - a[1] for a, b in pairwise(levels)]  # type: ignore[index]
    assert min(steps) >= 0
    assert max(steps) <= 3


SKIN_AND_SKY = {
    "dark skin": (115, 82, 68),
    "light skin": (194, 150, 130),
    "blue sky": (98, 122, 157),
    "foliage": (87, 108, 67),
}
"""Of the ColorChecker chart, in sRGB."""
_709_TO_2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))


@pytest.mark.parametrize("patch", SKIN_AND_SKY)
@pytest.mark.parametrize("white", [100.0, 203.0])
def test_skin_and_sky(patch: str, white: float) -> None:
    """Skin, sky and leaves in HDR10 keep their hue to 4 degrees, and are no brighter than in SDR."""
    r, g, b = (light.srgb_light(level / 255) * white for level in SKIN_AND_SKY[patch])
    wide = [row[0] * r + row[1] * g + row[2] * b for row in _709_TO_2020]
    signal = (light.pq_signal(wide[0]), light.pq_signal(wide[1]), light.pq_signal(wide[2]))
    got = drawn(of_colours([coded(signal)], "pq", "yuv444p10le")).getpixel((9, 9))
    assert isinstance(got, tuple)
    red, green, blue = (level / 255 for level in got)
    as_sdr = lab(tuple(level / 255 for level in SKIN_AND_SKY[patch]))  # type: ignore[arg-type]
    shown = lab((red, green, blue))
    assert abs(hue(shown) - hue(as_sdr)) <= 4
    assert as_sdr[0] * (0.55 if white == 100 else 0.85) <= shown[0] <= as_sdr[0] + 1


def hue(colour: Colour) -> float:
    return degrees(atan2(colour[2], colour[1]))


def test_sdr_in_hdr() -> None:
    """What is below the knee looks in HDR10 as the same light does in SDR, to two levels."""
    for level in range(0, 170, 10):
        signal = light.pq_signal(light.srgb_light(level / 255) * 203)
        got = drawn(of_colours([coded((signal,) * 3)], "pq", "yuv444p10le")).getpixel((9, 9))
        assert isinstance(got, tuple)
        assert max(abs(one - level) for one in got) <= 2


def test_vp9_says_no_more_than_its_matrix() -> None:
    """BT.2020's matrix alone, as VP9 writes it, means BT.2020's colours as well."""
    colours = [coded((0.2, 0.5, 0.3))]
    alone = of_colours(colours, "wide", "yuv444p10le")
    alone.color_primaries, alone.color_trc = 2, 2
    said = of_colours(colours, "wide", "yuv444p10le")
    assert drawn(alone).tobytes() == drawn(said).tobytes()


def test_pq_without_a_matrix() -> None:
    """HDR that does not say its matrix is in BT.2020's."""
    colours = list(natural("pq", 40))
    unsaid = of_colours(colours, "pq", "yuv444p10le")
    unsaid.colorspace = 2
    assert drawn(unsaid).tobytes() == drawn(of_colours(colours, "pq", "yuv444p10le")).tobytes()


def encoded_hdr(path: Path, name: str) -> None:
    """A film in HDR10 or HLG, as cameras and encoders tag it."""
    transfer = {"pq": "smpte2084", "hlg": "arib-std-b67"}[name]
    with av.open(str(path), "w") as film:
        params = (
            f"log-level=none:pools=none:bframes=0:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
        )
        options = {"preset": "ultrafast", "crf": "8", "x265-params": params}
        stream: Any = film.add_stream("libx265", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *FILM_SIZE, "yuv420p10le"
        stream.codec_context.time_base = Fraction(1, 25)
        colours = list(natural(name, 6))

        def sample(plane: int, x: int, y: int) -> int:
            scale = 1 if plane == 0 else 2
            return colours[(x * scale // 64) + 3 * (y * scale // 64)][plane]

        for number in range(3):
            frame = patterned("yuv420p10le", FILM_SIZE, sample, span=LIMITED)
            frame.pts = number
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


@pytest.mark.parametrize("name", ["pq", "hlg"])
def test_films(name: str, tmp_path: Path) -> None:
    """A film that x265 tagged as HDR10 or HLG comes out as the formulas say, in the middle of its patches."""
    encoded_hdr(tmp_path / "hdr.mp4", name)
    with av.open(str(tmp_path / "hdr.mp4")) as film:
        frame = next(film.decode(video=0))
    image = drawn(frame)
    luma, blue, red = (memoryview(bytes(plane)).cast("H") for plane in frame.planes)
    strides = [plane.line_size // 2 for plane in frame.planes]
    found = []
    for x, y in ((32, 32), (96, 32), (160, 32), (32, 96), (96, 96), (160, 96)):
        at = (y // 2) * strides[1] + x // 2
        signal = exact_signal((luma[y * strides[0] + x], blue[at], red[at]), matrix=9, full=False, bits=10)
        got = image.getpixel((x, y))
        assert isinstance(got, tuple)
        found.append(levels_apart(got, light.TABLES[name](signal)))
    assert mean(found) <= 1


def real_films() -> list[str]:
    """The HDR films of the corpus."""
    if not CORPUS.is_dir():
        return []
    return ["ax__dolbyVision-hdr.MOV", "ax__sample_edit_list.mp4", "tc__nasa_13013_hdr.mp4"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
@pytest.mark.parametrize("film", real_films())
def test_real_films(film: str) -> None:
    """Pictures of phones and cameras come out within a mean CIEDE2000 of 1 of the formulas."""
    with av.open(str(CORPUS / "files" / film)) as opened:
        frame = next(opened.decode(video=0))

    small = frame.reformat(width=64, height=36, format="yuv444p10le", threads=1)
    for one in ("colorspace", "color_primaries", "color_trc", "color_range"):
        setattr(small, one, getattr(frame, one))
    name = {16: "pq", 18: "hlg"}[frame.color_trc]
    views = [memoryview(bytes(plane)).cast("H") for plane in small.planes]
    strides = [plane.line_size // 2 for plane in small.planes]
    colours = [
        tuple(view[y * stride + x] for view, stride in zip(views, strides, strict=True))
        for y in range(36)
        for x in range(64)
    ]
    image = drawn(small)
    assert image.size == (64, 36)
    assert mean(errors(image, colours, name, full=False, bits=10)) <= 1
