"""Long films in containers without an index: the right picture, for a fraction of the film."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from framefetch.round_trips import WHOLE_BYTES
from framefetch.settings import Settings
from tests.films.encoding import make_film
from tests.films.recipes import TS, Q
from tests.media.asking import Reader

if TYPE_CHECKING:
    from tests.films import Film

# Seconds are few and bytes are many, as in a film that is long: so a search has something to skip.
_LONG = replace(
    TS,
    name="long",
    size=(480, 270),
    count=1000,
    gop=40,
    options={"preset": "ultrafast", "qp": "1", "bf": "2"},
)
_MPEG2 = replace(_LONG, codec="mpeg2video", options={**Q, "qmin": "1", "global_quality": "118"})
FORMS = (
    _LONG,
    replace(_LONG, name="long-192", mux={"mpegts_m2ts_mode": "1"}),
    replace(_LONG, name="long-204"),
    replace(_LONG, name="long-h265", codec="libx265", options={"preset": "ultrafast", "qp": "4"}, count=400),
    replace(_LONG, name="long-flv", container="flv", suffix=".flv"),
    replace(_MPEG2, name="long-mpeg2-ts"),
    replace(_MPEG2, name="long-mpeg2-ps", container="vob", suffix=".mpg"),
    replace(_MPEG2, name="long-avi", container="avi", suffix=".avi", codec="mpeg4", bframes=0),
)
MOST_REQUESTS = 8


@pytest.fixture(scope="session", params=FORMS, ids=[form.name for form in FORMS])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A film of 16 or 40 s, and some megabytes."""
    made = make_film(request.param, tmp_path_factory.mktemp("long"))
    if request.param.name == "long-204":
        data = made.path.read_bytes()
        # As DVB has it: a check of 16 bytes behind each packet.
        made.path.write_bytes(b"".join(data[at : at + 188] + bytes(16) for at in range(0, len(data), 188)))
    return made


def test_the_right_picture_of_a_long_film(film: Film) -> None:
    """At every edge and everywhere between, exact and fast; past the end, the last keyframe."""
    reader = Reader(film.path.parent)
    assert film.path.stat().st_size > 2 * WHOLE_BYTES
    for at_ms in (*film.moments(), *range(1217, 40_000, 2731)):
        taken = reader.take(film.path, f"t_{at_ms},f_png")
        assert (at_ms, taken.number()) == (at_ms, film.exact(at_ms).number)
        fast = film.fast(at_ms)
        assert fast is not None
        assert (at_ms, reader.take(film.path, f"t_{at_ms},m_fast,f_png").number()) == (at_ms, fast.number)


def test_a_picture_of_a_long_film_costs_little(film: Film) -> None:
    """Few requests, and for a part of the film; FFmpeg alone sends more of them."""
    costs = {}
    for index in ("own", "generic"):
        answer = Reader(film.path.parent, Settings(index=index)).ask(film.path, "t_9900")
        shown = dict(part.split("=") for part in (answer.header("x-framefetch-read") or "").split(", "))
        costs[index] = int(shown["requests"]), int(shown["bytes"])
    assert costs["own"][0] <= min(MOST_REQUESTS, costs["generic"][0])
    assert costs["own"][1] < film.path.stat().st_size / 2
