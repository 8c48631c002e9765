"""The films are what they claim to be: without this no other test here would prove anything."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest

from framefetch.server.sample import MAX_NUMBER, frame_code, read_frame_number
from tests.films import RECIPES
from tests.films.encoding import exactly

if TYPE_CHECKING:
    from PIL import Image

    from tests.films import Film, Shelf


def _decode(film: Film) -> list[tuple[int, Fraction]]:
    """Every picture from first to last, without any seek: its number, and its time in the file, in ms."""
    found = []
    with av.open(str(film.path)) as file:
        for frame in file.decode(video=0):
            image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
            for turn in film.turns:
                image = image.transpose(turn)
            assert frame.pts is not None
            found.append((read_frame_number(image), frame.pts * exactly(frame.time_base) * 1000))
    return found


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.keep == 1])
def test_film_shows_the_pictures_it_claims(films: Shelf, name: str) -> None:
    """Decoded from end to end by PyAV alone, a film shows its numbers at its times."""
    film = films[name]
    found = _decode(film)
    with av.open(str(film.path)) as file:
        tracks = [(track.start_time, track.time_base) for track in file.streams]
        starts = [start * exactly(base) for start, base in tracks if start is not None]
    zero = min(starts) * 1000 if len(starts) > 1 else found[0][1]
    assert [number for number, _ in found] == [picture.number for picture in film.pictures]
    for (_, time_ms), picture in zip(found, film.pictures, strict=True):
        assert abs(time_ms - zero - picture.time_ms) < Fraction(1, 1000)


def _packets(film: Film) -> list[tuple[int, bool]]:
    """Time in the stream's ticks, and whether it is a keyframe, of every packet in decode order."""
    with av.open(str(film.path)) as file:
        return [(p.pts, p.is_keyframe) for p in file.demux(video=0) if p.pts is not None]


@pytest.mark.parametrize(
    "name", [name for name, recipe in RECIPES.items() if recipe.keep == 1 and not recipe.edits]
)
def test_film_is_stored_as_it_claims(films: Shelf, name: str) -> None:
    """Size, pixel format, aspect ratio and keyframes of the file are those of the film."""
    film, recipe = films[name], RECIPES[name]
    with av.open(str(film.path)) as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        assert (context.width, context.height, context.pix_fmt) == (film.width, film.height, film.pix_fmt)
        assert (stream.sample_aspect_ratio or 1) == (recipe.sar or 1)
    in_order = sorted(_packets(film))
    assert tuple(at for at, (_, key) in enumerate(in_order) if key) == film.keyframes


@pytest.mark.parametrize("name", [name for name in RECIPES if "open-gop" in name])
def test_open_gop_is_open(films: Shelf, name: str) -> None:
    """After a later keyframe come pictures that are shown before it, and lean on the GOP before."""
    packets = _packets(films[name])
    at = [index for index, (_, key) in enumerate(packets) if key][1]
    assert packets[at + 1][0] < packets[at][0]


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.bframes])
def test_b_frames_are_reordered(films: Shelf, name: str) -> None:
    """A film with B-frames stores pictures in another order than that in which they are shown."""
    times = [time for time, _ in _packets(films[name])]
    assert times != sorted(times) or len(times) == 1


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.holds])
def test_film_has_the_boxes_it_is_named_for(films: Shelf, name: str) -> None:
    """A recipe's containers hold the boxes that they are there to test, and no others."""
    content = films[name].path.read_bytes()
    for kind in RECIPES[name].holds:
        assert (kind.removeprefix("!").encode() in content) is not kind.startswith("!"), kind


def test_codes_cannot_be_mistaken() -> None:
    """No code is blank, or another one's mirror image or negative."""
    codes = {frame_code(number) for number in range(MAX_NUMBER + 1)}
    assert len(codes) == MAX_NUMBER + 1
    for code in codes:
        negative = tuple(not bit for bit in code)
        assert code[::-1] not in codes
        assert negative not in codes
        assert negative[::-1] not in codes
        assert any(code)
        assert not all(code)
