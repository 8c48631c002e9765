"""Film x t x mode -> the right picture, with the right time, through the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.settings import Settings
from tests.films import RECIPES, REFUSED
from tests.media.asking import Reader

if TYPE_CHECKING:
    from tests.films import Film, Shelf, Shown
    from tests.media.asking import Taken

WHOLE = [name for name, recipe in RECIPES.items() if recipe.keep == 1]
CUT = [name for name, recipe in RECIPES.items() if recipe.keep < 1]
TURNED = [name for name, recipe in RECIPES.items() if recipe.turn != "none"]


def _wrong(film: Film, taken: Taken, wanted: Shown | None) -> str | None:
    """What is wrong with a picture; without a wanted one, any shown picture is right."""
    number = taken.number(film.turns)
    if wanted is None:
        wanted = next((shown for shown in film.pictures if shown.number == number), None)
        if wanted is None:
            return f"number {number} is never shown"
    if number == wanted.number and abs(taken.time_ms - wanted.time_ms) <= 0.5:
        return None
    return f"got {number} at {taken.time_ms}, wanted {wanted.number} at {float(wanted.time_ms):.3f}"


@pytest.mark.parametrize("name", [*WHOLE, *CUT])
def test_exact_mode_gives_the_picture_shown_at_t(films: Shelf, reader: Reader, name: str) -> None:
    """The last picture whose time is at or before t, also before a cut; past the end the last keyframe."""
    film = films[name]
    wrong = {
        t: what
        for t in film.moments()
        if (what := _wrong(film, reader.take(film.path, f"t_{t},f_png"), film.exact(t)))
    }
    assert not wrong


@pytest.mark.parametrize("name", [*WHOLE, *CUT])
def test_fast_mode_gives_the_keyframe_before_t(films: Shelf, reader: Reader, name: str) -> None:
    """The nearest keyframe at or before t; past the end the last one."""
    film = films[name]
    wrong = {
        t: what
        for t in film.moments()
        if (what := _wrong(film, reader.take(film.path, f"t_{t},f_png,m_fast"), film.fast(t)))
    }
    assert not wrong


@pytest.mark.parametrize("name", WHOLE)
def test_picture_has_the_films_size(films: Shelf, reader: Reader, name: str) -> None:
    """Without w and h, the stored size with the sample aspect ratio applied, and not turned."""
    film = films[name]
    assert reader.take(film.path, "t_0").image.size == film.display


@pytest.mark.parametrize("name", TURNED)
def test_auto_turns_by_the_display_matrix(films: Shelf, reader: Reader, name: str) -> None:
    """With ar_auto every turned and mirrored film comes out upright, in the size that was asked for."""
    film = films[name]
    taken = reader.take(film.path, "t_400,ar_auto")
    assert taken.image.size == film.upright
    assert taken.number() == film.exact(400).number
    sized = reader.take(film.path, "t_400,ar_auto,w_240,h_200")
    assert sized.image.size == (240, 200)
    assert sized.number() == film.exact(400).number


@pytest.mark.parametrize("name", ["h264-mp4-end", *TURNED])
def test_forced_orientation(films: Shelf, reader: Reader, name: str) -> None:
    """ar_h gives a picture higher than wide and ar_w one wider than high, whatever the film's matrix."""
    film = films[name]
    width, height = reader.take(film.path, "t_0,ar_h").image.size
    assert height > width
    width, height = reader.take(film.path, "t_0,ar_w").image.size
    assert width > height


def test_forced_turn_is_clockwise(films: Shelf, reader: Reader) -> None:
    """Where the film gives no direction, ar_h turns by 90 degrees clockwise; what fits is not turned."""
    film = films["h264-mp4-end"]
    turned = reader.take(film.path, "t_400,ar_h")
    assert turned.number((Image.Transpose.ROTATE_90,)) == film.exact(400).number
    assert reader.take(film.path, "t_400,ar_w").number() == film.exact(400).number


def test_settings_change_the_shape(films: Shelf) -> None:
    """FRAMEFETCH_ASPECT=coded gives the stored pixels; resize-first turns the w x h picture afterwards."""
    reader = Reader(films.folder, Settings(aspect="coded", rotate_order="resize-first"))
    assert reader.take(films["h264-sar-16-15"].path, "t_0").image.size == (720, 576)
    turned = films["turn-90"]
    taken = reader.take(turned.path, "t_400,ar_auto,w_240,h_200")
    assert taken.image.size == (200, 240)
    assert taken.number() == turned.exact(400).number


@pytest.mark.parametrize("name", ["h264-mp4-end", "h264-10-bit", "h264-444", "vp9-webm", "prores-mov"])
def test_scaled_jpg_shows_the_same_picture(films: Shelf, reader: Reader, name: str) -> None:
    """Format and size change nothing about which picture is taken; one side alone keeps the shape."""
    film = films[name]
    taken = reader.take(film.path, "t_700,w_384,f_jpg")
    assert taken.image.format == "JPEG"
    assert taken.image.size == (384, 216)
    assert taken.number() == film.exact(700).number


@pytest.mark.parametrize("mode", ["", ",m_fast"])
def test_same_request_same_bytes(films: Shelf, reader: Reader, mode: str) -> None:
    """The same request for the same object gives a byte-identical picture and the same ETag."""
    path = films["h264-mp4-end"].path
    first, second = (reader.ask(path, f"t_1234,w_160{mode}") for _ in range(2))
    assert first.status == 200
    assert first.body == second.body
    assert first.header("ETag") == second.header("ETag") is not None


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_film_is_refused(films: Shelf, reader: Reader, name: str) -> None:
    """A file without a picture is the caller's fault, said with OSS's code, never a 5xx."""
    refused = REFUSED[name]
    answer = reader.ask(films.refused(name), "t_0")
    assert answer.status == 400
    assert f"<Code>{refused.code}</Code>".encode() in answer.body
    if refused.ec is not None:
        assert answer.header("x-oss-ec") == refused.ec
