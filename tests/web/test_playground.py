"""The playground in a real browser: what a visitor does, and what they see."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.films import RECIPES, make_film
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome

    from tests.films import Film
    from tests.serving import Server

NASTY = "<img src=x onerror=alert(1)> & 'quotes' \"100%\" #?.mp4"
WAIT_S = 30


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A film, in a folder with others: one with a name that is HTML, and one that is none."""
    folder = tmp_path_factory.mktemp("films")
    made = make_film(RECIPES["h264-mp4-front"], folder)
    shutil.copy(made.path, folder / NASTY)
    (folder / "broken.mp4").write_bytes(b"no video at all")
    (folder / "notes.txt").write_text("not listed")
    return made


@pytest.fixture(scope="module")
def server(film: Film) -> Iterator[Server]:
    """The service over the folder, on loopback."""
    with serving(film.path.parent) as running:
        yield running


class Page:
    """The page, as a visitor handles it."""

    def __init__(self, browser: Chrome, server: Server, film: str) -> None:
        self.browser = browser
        browser.get(f"http://127.0.0.1:{server.port}/")
        self.until(self.picture)
        self.choose(film)

    def until(self, what: Callable[[], Any]) -> Any:
        """Waits for something to hold."""
        return WebDriverWait(self.browser, WAIT_S, 0.05).until(lambda _: what())

    def at(self, name: str) -> Any:
        """An element by its id."""
        return self.browser.find_element(By.ID, name)

    def text(self, name: str) -> str:
        """What an element shows."""
        return str(self.at(name).text)

    def picture(self) -> int:
        """The width of the picture that is shown; 0 without one."""
        width: int = self.browser.execute_script("return document.getElementById('picture').naturalWidth")
        return width

    def choose(self, name: str) -> None:
        """Chooses a film, and waits for its picture or the error."""
        chosen = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))"
        # A name with both kinds of quotation marks has no XPath, which is how Select finds it.
        self.browser.execute_script(chosen, self.at("films"), name)
        self.settled()

    def settled(self) -> None:
        """Waits until the page shows what its controls say."""
        wanted = "return state.timer !== 0 && document.getElementById('frame').getAttribute('aria-busy')"
        self.browser.execute_async_script("setTimeout(arguments[0], 150)")
        self.until(lambda: self.browser.execute_script(wanted) == "false")

    def alpha_at(self, name: str, x: int) -> int:
        """How opaque a canvas is at a place in its middle, from 0 to 255."""
        look = (
            "const one = document.getElementById(arguments[0]);"
            "return one.getContext('2d').getImageData(arguments[1], one.height / 2, 1, 1).data[3]"
        )
        alpha: int = self.browser.execute_script(look, name, x)
        return alpha

    def set(self, name: str, value: str) -> None:
        """Types into a field."""
        field = self.at(name)
        field.clear()
        field.send_keys(value)
        self.settled()


@pytest.fixture
def page(browser: Chrome, server: Server, film: Film) -> Page:
    """The page with the film chosen."""
    return Page(browser, server, film.path.name)


def test_a_picture_and_what_it_cost(
    page: Page, film: Film, server: Server, shoot: Callable[[str], Path]
) -> None:
    """A visitor sees the picture, its time, the bytes and requests, the stages, and lines to copy."""
    page.set("ms", "1000")
    assert float(page.text("taken").removesuffix(" ms")) == pytest.approx(
        float(film.exact(1000).time_ms), abs=1
    )
    assert "request" in page.text("read")
    assert page.text("stages").count("ms") >= 4
    url = page.text("url")
    parts = urlsplit(url)
    assert server.ask(f"{parts.path}?{parts.query}").status == 200
    assert page.text("curl") == f"curl -o picture.jpg '{url}'"
    assert page.text("img") == f'<img src="{url.replace("&", "&amp;")}" alt="">'
    shoot("playground")


def test_a_film_that_is_replaced_is_noticed(browser: Chrome, film: Film, tmp_path: Path) -> None:
    """With the first picture of another film under the same name come its length and keyframes."""
    shutil.copy(film.path, tmp_path / "a.mp4")
    with serving(tmp_path) as server:
        page = Page(browser, server, "a.mp4")
        before = int(page.at("t").get_attribute("max"))
        longer = make_film(replace(RECIPES["h264-mp4-front"], name="longer", count=80), tmp_path)
        longer.path.replace(tmp_path / "a.mp4")
        page.set("ms", "500")
        page.until(lambda: int(page.at("t").get_attribute("max")) > before)


def test_what_was_read_before(browser: Chrome, film: Film) -> None:
    """The first picture says what its index cost, as does the bar; a page opened anew says it is known."""
    with serving(film.path.parent) as server:
        page = Page(browser, server, film.path.name)
        asked = json.loads(server.ask(f"/-/film?bucket=&key={film.path.name}").body)
        assert asked["read"] == {"bytes": 0, "requests": 0, "ranges": []}
        page.until(lambda: "length and keyframes: " in page.text("before"))
        told = re.search(r": ([\d,]+) bytes, (\d+) requests?\.$", page.text("before"))
        assert told is not None
        assert int(told[1].replace(",", "")) > 0
        assert int(told[2]) > 0
        assert page.at("legend-before").is_displayed()
        # The beginning, which this picture did not read, is pale.
        assert 0 < page.alpha_at("bar", 1) < 255
        page = Page(browser, server, film.path.name)
        page.until(lambda: page.text("before") == "Its index was known already, from an earlier request.")
        assert not page.at("legend-before").is_displayed()
        assert page.alpha_at("bar", 1) == 0
        page.choose("broken.mp4")
        assert page.text("before") == ""


def test_an_index_that_is_not_kept(browser: Chrome, film: Film) -> None:
    """Without a cache each picture reads the index itself, and the page speaks of no other reading."""
    with serving(film.path.parent, settings={"FRAMEFETCH_INDEX_CACHE": "off"}) as server:
        page = Page(browser, server, film.path.name)
        assert page.text("before") == ""
        assert page.alpha_at("bar", 1) == 255


def test_dragging_the_time(page: Page, film: Film) -> None:
    """The slider goes over the film's length, and the picture follows it."""
    slider = page.at("t")
    assert int(slider.get_attribute("max")) == pytest.approx(float(film.end_ms), abs=1)
    slider.send_keys(Keys.END)
    page.settled()
    assert float(page.text("taken").removesuffix(" ms")) > 0.8 * float(film.end_ms)
    slider.send_keys(Keys.HOME)
    page.settled()
    assert float(page.text("taken").removesuffix(" ms")) == pytest.approx(float(film.exact(0).time_ms), abs=1)


def test_keyframes_by_keyboard(page: Page, film: Film) -> None:
    """A comma and a full stop go from keyframe to keyframe."""
    keys_ms = [float(film.pictures[number].time_ms) for number in film.keyframes]
    body = page.browser.find_element(By.TAG_NAME, "body")
    page.set("ms", "0")
    page.browser.execute_script("document.activeElement.blur()")
    for expected in keys_ms[1:3]:
        body.send_keys(".")
        page.settled()
        assert float(page.text("taken").removesuffix(" ms")) == pytest.approx(expected, abs=1)
    body.send_keys(",")
    page.settled()
    assert float(page.text("taken").removesuffix(" ms")) == pytest.approx(keys_ms[1], abs=1)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [("m", "fast", "m_fast"), ("f", "png", "f_png"), ("ar", "h", "ar_h"), ("ar", "w", "ar_w")],
)
def test_each_choice_changes_the_picture(page: Page, name: str, value: str, part: str) -> None:
    """Mode, format and rotation are in the URL, and the picture comes."""
    Select(page.at(name)).select_by_value(value)
    page.settled()
    assert part in page.text("url").split(",")
    assert page.picture() > 0


def test_size(page: Page) -> None:
    """Width and height give a picture of exactly that size."""
    page.set("w", "64")
    assert page.picture() == 64
    page.set("h", "50")
    size = page.browser.execute_script("const p = document.getElementById('picture'); return p.naturalHeight")
    assert (page.picture(), size) == (64, 50)


def test_an_error_is_shown_well(page: Page, shoot: Callable[[str], Path]) -> None:
    """What is no video says so, with what to do and the request's id, and the next film works."""
    page.choose("broken.mp4")
    said = page.text("error")
    assert "BadRequest" in said
    assert "Request " in said
    shoot("playground-error")
    page.choose(page.browser.execute_script("return state.films.find((one) => one.key !== 'broken.mp4').key"))
    assert not page.at("error").is_displayed()


def test_a_name_is_never_html(page: Page) -> None:
    """A film whose name is an image tag is listed by its name, and can be shown; nothing of it runs."""
    log: Any = page.browser
    log.get_log("browser")
    page.choose(NASTY)
    assert page.picture() > 0
    assert page.browser.find_elements(By.CSS_SELECTOR, "#films img, code img, #error img") == []
    assert NASTY in [option.text for option in Select(page.at("films")).options]
    assert [entry["message"] for entry in log.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_only_films_are_listed(page: Page) -> None:
    """What has another ending is not offered; the search narrows the list."""
    assert "notes.txt" not in page.text("films")
    page.at("find").send_keys("broken")
    assert [option.text for option in Select(page.at("films")).options] == ["broken.mp4"]


def test_on_a_phone_and_in_the_dark(page: Page, shoot: Callable[[str], Path]) -> None:
    """On a narrow screen nothing is wider than it, and a dark system gets a dark page."""
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True},
    )
    try:
        wide = page.browser.execute_script("return document.documentElement.scrollWidth")
        ground = page.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        shoot("playground-phone-dark")
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert wide <= 390
    assert max(int(part) for part in ground.strip("rgb()").split(",")) < 60
