"""Formats beyond OSS's, through the service: what comes, and what caches are told."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.http.call import Answer, Call
from framefetch.process import Format
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource

if TYPE_CHECKING:
    from tests.films import Shelf

BROWSER = "image/avif,image/webp,image/*,*/*;q=0.8"


@pytest.fixture
def service(films: Shelf) -> Service:
    return Service(
        Settings(cors=("https://app.example.com",)), FolderSource(films["h264-mp4-end"].path.parent)
    )


def ask(
    service: Service, process: str, accept: str | None = None, method: str = "GET", **more: str
) -> Answer:
    headers = tuple((name.replace("_", "-"), value) for name, value in more.items())
    headers += (("accept", accept),) if accept is not None else ()
    query = f"x-oss-process=video/snapshot,t_400,{process}"
    return service.answer(Call(method, "/h264-mp4-end.mp4", query, headers))


@pytest.mark.parametrize("form", [one for one in Format if one is not Format.AUTO])
def test_each_format(service: Service, form: Format) -> None:
    """Every format comes as itself, in the size asked for, and with its media type, to GET and HEAD."""
    answer = ask(service, f"f_{form},w_96")
    image = Image.open(io.BytesIO(answer.body))
    assert (answer.status, image.format, image.size) == (
        200,
        {"jpg": "JPEG"}.get(form, form.upper()),
        (96, 54),
    )
    assert answer.header("content-type") == form.content_type
    assert ask(service, f"f_{form},w_96", method="HEAD").header("content-type") == form.content_type
    assert ask(service, f"f_{form},w_96").body == answer.body


@pytest.mark.parametrize(("accept", "form"), [(BROWSER, "avif"), ("image/webp", "webp"), (None, "jpg")])
def test_auto_is_the_format_that_it_becomes(service: Service, accept: str | None, form: str) -> None:
    """f_auto gives the bytes and the ETag of the format that it becomes, and says on what it depends."""
    answer, named = ask(service, "f_auto,w_96", accept), ask(service, f"f_{form},w_96")
    assert answer.body == named.body
    assert answer.header("etag") == named.header("etag")
    assert answer.header("content-type") == named.header("content-type")
    assert varies(answer) == {"Accept", "Origin"}
    assert varies(named) == {"Origin"}


def varies(answer: Answer) -> set[str]:
    return {value for name, value in answer.headers if name == "Vary"}


def test_auto_and_conditions(service: Service) -> None:
    """304 and HEAD of f_auto say as well on what they depend; another Accept is another picture."""
    etag = ask(service, "f_auto", BROWSER).header("etag")
    assert etag is not None
    same = ask(service, "f_auto", BROWSER, if_none_match=etag)
    assert same.status == 304
    assert "Accept" in varies(same)
    assert ask(service, "f_auto", "image/webp", if_none_match=etag).status == 200
    head = ask(service, "f_auto", BROWSER, method="HEAD")
    assert (head.header("etag"), "Accept" in varies(head)) == (etag, True)


@pytest.mark.parametrize(
    "process", ["f_webp,w_9000", "f_avif,w_8000,h_8000,fit_pad", "fit_cover,w_8000,h_8000"]
)
def test_limits_hold(service: Service, process: str) -> None:
    """The limits of side and area hold for every format and every fit."""
    answer = ask(service, process)
    assert answer.status == 400
    assert b"above" in answer.body


def test_upscaled(service: Service) -> None:
    """Sizes above the film's own are made in every format and fit."""
    for process in ("f_webp,w_300", "f_avif,h_200", "w_400,h_400,fit_cover,f_webp", "w_400,h_300,fit_pad"):
        answer = ask(service, process)
        assert answer.status == 200
        assert max(Image.open(io.BytesIO(answer.body)).size) >= 300
