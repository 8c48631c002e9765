"""Shapes: every turn and mirror image, the four values of ar, aspect ratios, sizes and limits."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from framefetch.containers.orientation import Orientation
from framefetch.draw import answer_size, draw
from framefetch.errors import ImageTooLarge
from framefetch.operations.tiles import tile_size
from framefetch.process import Rotate, SnapshotRequest
from framefetch.settings import Settings
from tests.draw.pictures import FULL, flat, patterned, picture
from tests.films.boxes import MATRICES, ONE

WIDE, TALL, SQUARE = (24, 16), (16, 24), (16, 16)
LEVELS = 25


def matrix_of(turn: str, scale: float = 1) -> bytes:
    """A display matrix as FFmpeg keeps it: nine integers in the machine's order."""
    a, b, c, d = (round(one * ONE * scale) for one in MATRICES[turn])
    return struct.pack("=9i", a, b, 0, c, d, 0, 7, 9, 1 << 30)


def source(size: tuple[int, int]) -> Image.Image:
    """A grey picture in which no two pixels of a row or column are alike."""
    image = Image.new("L", size)
    image.putdata([(x * 9 + y * 37) % 256 for y in range(size[1]) for x in range(size[0])])
    return image


def by_matrix(image: Image.Image, turn: str) -> Image.Image:
    """The picture as ISO/IEC 14496-12 §8.3.2 says, pixel by pixel: (x, y) is shown at (ax + cy, bx + dy)."""
    a, b, c, d = MATRICES[turn]
    width, height = image.size
    shown = {
        (a * x + c * y, b * x + d * y): image.getpixel((x, y)) for x in range(width) for y in range(height)
    }
    left, top = min(x for x, _ in shown), min(y for _, y in shown)
    turned = Image.new("L", (max(x for x, _ in shown) - left + 1, max(y for _, y in shown) - top + 1))
    for (x, y), level in shown.items():
        turned.putpixel((x - left, y - top), level)  # type: ignore[arg-type]
    return turned


def drawn(
    size: tuple[int, int], turn: str, request: SnapshotRequest, settings: Settings | None = None
) -> Image.Image:
    image = source(size)

    def sample(plane: int, x: int, y: int) -> int:
        level = image.getpixel((x, y)) if plane == 0 else 128
        assert isinstance(level, int)
        return level

    frame = patterned("yuv444p", size, sample, matrix=1, span=FULL)
    orientation = Orientation.from_display_matrix(matrix_of(turn))
    return draw(picture(frame, orientation), request, settings or Settings())


def assert_same(got: Image.Image, wanted: Image.Image) -> None:
    assert got.size == wanted.size
    assert got.convert("L").tobytes() == wanted.tobytes()


@pytest.mark.parametrize("turn", MATRICES)
@pytest.mark.parametrize("size", [WIDE, TALL, SQUARE])
def test_auto_does_what_the_matrix_says(size: tuple[int, int], turn: str) -> None:
    """With ar_auto each pixel goes where the display matrix puts it, for all eight orientations."""
    assert_same(drawn(size, turn, SnapshotRequest(rotate=Rotate.AUTO)), by_matrix(source(size), turn))


@pytest.mark.parametrize("turn", MATRICES)
def test_none_does_nothing(turn: str) -> None:
    """Without ar a picture comes as it is coded, whatever the matrix says."""
    assert_same(drawn(WIDE, turn, SnapshotRequest()), source(WIDE))


@pytest.mark.parametrize("turn", MATRICES)
@pytest.mark.parametrize("size", [WIDE, TALL, SQUARE])
@pytest.mark.parametrize("rotate", [Rotate.PORTRAIT, Rotate.LANDSCAPE])
def test_forced_shape(rotate: Rotate, size: tuple[int, int], turn: str) -> None:
    """ar_h and ar_w: the upright picture if it has that shape, else the coded one, else a clockwise turn."""
    coded, upright = source(size), by_matrix(source(size), turn)
    clockwise = upright.transpose(Image.Transpose.ROTATE_270)

    def fits(image: Image.Image) -> bool:
        return image.height > image.width if rotate is Rotate.PORTRAIT else image.width > image.height

    wanted = next((one for one in (upright, coded, clockwise) if fits(one)), upright)
    assert_same(drawn(size, turn, SnapshotRequest(rotate=rotate)), wanted)


@pytest.mark.parametrize("turn", MATRICES)
@pytest.mark.parametrize("scale", [0.25, 0.7071, 4])
def test_scaled_matrix(turn: str, scale: float) -> None:
    """A matrix that also scales turns in the same way."""
    assert Orientation.from_display_matrix(matrix_of(turn, scale)) == Orientation.from_display_matrix(
        matrix_of(turn)
    )


@pytest.mark.parametrize(
    ("matrix", "turns"),
    [
        ((0, 0, 0, 0), 0),
        ((46341, 46340, -46340, 46341), 0),
        ((46340, 46341, -46341, 46340), 1),
        ((1, 0, 0, 1), 0),
    ],
)
def test_odd_matrix(matrix: tuple[int, int, int, int], turns: int) -> None:
    """Nothing, and angles in between, become the nearest quarter turn."""
    a, b, c, d = matrix
    found = Orientation.from_display_matrix(struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30))
    assert found == Orientation(turns)


@pytest.mark.parametrize("turn", MATRICES)
@pytest.mark.parametrize("rotate", list(Rotate))
def test_both_sides_are_exact(turn: str, rotate: Rotate) -> None:
    """With w and h the answer has exactly that size, turned or not; resize-first turns it afterwards."""
    request = SnapshotRequest(width=20, height=30, rotate=rotate)
    assert drawn(WIDE, turn, request).size == (20, 30)
    sideways = drawn(WIDE, turn, replace(request, width=0, height=0)).size == WIDE[::-1]
    first = drawn(WIDE, turn, request, Settings(rotate_order="resize-first"))
    assert first.size == ((30, 20) if sideways else (20, 30))


def size_of(
    coded: tuple[int, int],
    request: SnapshotRequest,
    *,
    sar: Fraction = Fraction(1),
    turn: str = "none",
    settings: Settings | None = None,
) -> tuple[int, int]:
    frame = patterned("gray", coded, lambda plane, x, y: 0)
    made = picture(frame, Orientation.from_display_matrix(matrix_of(turn)), sar)
    return answer_size(made, request, settings or Settings())


@pytest.mark.parametrize(
    ("coded", "sar", "wanted"),
    [
        ((720, 576), Fraction(16, 15), (768, 576)),
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((720, 480), Fraction(8, 9), (640, 480)),
        ((1440, 1080), Fraction(4, 3), (1920, 1080)),
        ((352, 288), Fraction(12, 11), (384, 288)),
        ((3, 3), Fraction(1, 100), (1, 3)),
        ((720, 576), Fraction(1), (720, 576)),
    ],
)
def test_circles_are_round(coded: tuple[int, int], sar: Fraction, wanted: tuple[int, int]) -> None:
    """The sample aspect ratio is applied to the width; the coded setting leaves it; w and h overrule it."""
    assert size_of(coded, SnapshotRequest(), sar=sar) == wanted
    assert size_of(coded, SnapshotRequest(), sar=sar, settings=Settings(aspect="coded")) == coded
    assert size_of(coded, SnapshotRequest(width=30, height=70), sar=sar) == (30, 70)
    turned = SnapshotRequest(rotate=Rotate.AUTO)
    assert size_of(coded, turned, sar=sar, turn="90") == wanted[::-1]
    assert size_of(coded, turned, sar=sar, turn="180") == wanted


@pytest.mark.parametrize(
    ("given_sides", "wanted"),
    [
        ((384, 0), (384, 288)),
        ((0, 288), (384, 288)),
        ((100, 0), (100, 75)),
        ((1, 0), (1, 1)),
        ((0, 1), (1, 1)),
        ((2, 0), (2, 2)),
        ((0, 2), (3, 2)),
        ((10, 0), (10, 8)),
    ],
)
def test_the_other_side_follows(given_sides: tuple[int, int], wanted: tuple[int, int]) -> None:
    """Of a 4:3 picture, one side gives the other one, to the nearest pixel, halves up, at least 1."""
    width, height = given_sides
    request = SnapshotRequest(width=width, height=height)
    assert size_of((720, 576), request, sar=Fraction(16, 15)) == wanted


SIDES = st.integers(2, 60)


@given(
    st.tuples(SIDES, SIDES),
    st.fractions(Fraction(1, 9), 9, max_denominator=50),
    st.integers(1, 5000),
    st.sampled_from(sorted(MATRICES)),
    st.booleans(),
)
def test_derived_side_is_the_nearest(
    coded: tuple[int, int],
    sar: Fraction,
    side: int,
    turn: str,
    from_width: bool,  # noqa: FBT001
) -> None:
    """Whatever the shape and turn, the side that follows is within half a pixel of the exact one, or 1."""
    asked = (side, 0) if from_width else (0, side)
    request = SnapshotRequest(0, *asked, rotate=Rotate.AUTO)
    got = size_of(coded, request, sar=sar, turn=turn)
    aspect = Fraction(*coded) * sar
    aspect = 1 / aspect if turn.endswith(("90", "270")) else aspect
    given_side, derived = got if from_width else got[::-1]
    exact = side / aspect if from_width else side * aspect
    assert given_side == side
    assert derived >= 1
    assert abs(derived - exact) <= Fraction(1, 2) or derived == 1
    assert derived >= exact - Fraction(1, 2)


def test_resize_first_fits_the_coded_picture() -> None:
    """resize-first: w and h are those of the picture before it is turned."""
    settings = Settings(rotate_order="resize-first")
    request = SnapshotRequest(width=12, rotate=Rotate.AUTO)
    assert size_of(WIDE, request, turn="90") == (12, 18)
    assert size_of(WIDE, request, turn="90", settings=settings) == (8, 12)


def test_limits() -> None:
    """A side or an area above its limit is ImageTooLarge, derived and turned ones too; at it, it comes."""
    settings = Settings(max_side=48, max_pixels=1024)
    assert drawn(WIDE, "none", SnapshotRequest(width=39), settings).size == (39, 26)
    assert drawn(WIDE, "none", SnapshotRequest(width=48, height=21), settings).size == (48, 21)
    assert drawn(WIDE, "90", SnapshotRequest(height=39, rotate=Rotate.AUTO), settings).size == (26, 39)
    for request in (
        SnapshotRequest(width=49, height=1),
        SnapshotRequest(width=1, height=49),
        SnapshotRequest(width=48, height=22),
        SnapshotRequest(width=40),
        SnapshotRequest(width=33, rotate=Rotate.AUTO),
    ):
        with pytest.raises(ImageTooLarge) as caught:
            drawn(WIDE, "90", request, settings)
        assert caught.value.hint


def extremes(image: Image.Image) -> list[tuple[int, int]]:
    """The lowest and the highest level of each channel."""
    return [(min(levels), max(levels)) for levels in (band.tobytes() for band in image.split())]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2000, 3), (3, 2000), (23, 15), (25, 17)])
@pytest.mark.parametrize("form", ["yuv420p", "yuv444p", "yuv420p10le", "gbrp", "gray"])
def test_any_size_can_be_drawn(size: tuple[int, int], form: str) -> None:
    """Single pixels, lines, odd sides, great distortion: an image of exactly that size, all of one colour."""
    level = 512 if form.endswith("10le") else 128
    frame = patterned(form, (24, 16), lambda plane, x, y: level, matrix=1, span=FULL)
    image = draw(picture(frame), SnapshotRequest(width=size[0], height=size[1]), Settings())
    assert (image.size, image.mode) == (size, "RGB")
    for low, high in extremes(image):
        assert abs(low - 128) <= 2
        assert high - low <= 1


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 9), (9, 1), (3, 5), (17, 19)])
def test_tiny_films(size: tuple[int, int]) -> None:
    """Films of a pixel or a line, and of odd sides, come in their own size and in any other."""
    frame = patterned("yuv420p", size, lambda plane, x, y: 128, matrix=1, span=FULL)
    for asked, wanted in ((SnapshotRequest(), size), (SnapshotRequest(width=40, height=30), (40, 30))):
        image = draw(picture(frame), asked, Settings())
        assert image.size == wanted
        assert all(abs(level - 128) <= 2 for pair in extremes(image) for level in pair)


def test_turns_add_up() -> None:
    """Four quarter turns are none, and a mirror stays one."""
    for turns, mirrored in product(range(4), (False, True)):
        one = Orientation(turns, mirrored)
        assert one.turned(4) == one
        assert one.turned(1).quarter_turns == (turns + 1) % 4
        assert one.turned(1).mirrored is mirrored
        assert one.swaps_sides is (turns in (1, 3))


@pytest.mark.parametrize("aperture", ["full", "clean"])
def test_clean_aperture(aperture: str) -> None:
    """With the clean aperture, what is outside of it is not there, for sizes and shapes neither."""
    image = source(WIDE)

    def sample(plane: int, x: int, y: int) -> int:
        level = image.getpixel((x, y)) if plane == 0 else 128
        assert isinstance(level, int)
        return level

    frame = patterned("yuv444p", WIDE, sample, matrix=1, span=FULL)
    made = replace(picture(frame), aperture=(3, 5, 12, 6))
    got = draw(made, SnapshotRequest(), Settings(aperture=aperture))
    assert_same(got, image.crop((3, 5, 15, 11)) if aperture == "clean" else image)
    assert draw(made, SnapshotRequest(width=24), Settings(aperture="clean")).size == (24, 12)
    # What is worked out before anything is drawn, as the tiles of a sheet, is the same.
    sizes = {
        "clean": (24, 12),
        "full": answer_size(replace(made, aperture=None), SnapshotRequest(width=24), Settings()),
    }
    assert tile_size(made, (24, 0), Settings(aperture=aperture)) == sizes[aperture]


def test_a_clean_aperture_that_is_no_part_of_the_picture() -> None:
    """It counts as none."""
    made = replace(
        picture(flat("yuv420p", (16, 12), (90, 90, 90), matrix=1, span=FULL)), aperture=(8, 0, 12, 12)
    )
    assert draw(made, SnapshotRequest(width=32), Settings(aperture="clean")).size == (32, 24)
