"""Function Compute's handler out of the built zips, under the Python of that platform and nothing else."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from framefetch.http.call import Answer, Call
from framefetch.server.sample import read_frame_number
from tests.artifact.layer import FUNCTION_COMPUTE, unpacked
from tests.conftest import REPOSITORY
from tests.events.platforms import answer_of, function_compute
from tests.films import RECIPES, make_film
from tests.servers import S3Server, moto_s3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.artifact.layer import Bare
    from tests.films import Film

# The platform's contract: the handler's module is imported once, each event comes as bytes of JSON, and what
# the handler returns goes out as JSON; what it raises is reported as errorType and errorMessage.
RUNTIME = """
import importlib, json, sys, types
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
function = types.SimpleNamespace(name="framefetch", handler=sys.argv[1], memory=2048, timeout=20)
replies = []
for number, event in enumerate(json.load(sys.stdin)):
    context = types.SimpleNamespace(request_id=f"1-{number}", function=function, region="cn-hangzhou")
    try:
        replies.append(handler(json.dumps(event).encode(), context))
    except Exception as error:
        replies.append({"errorType": type(error).__name__, "errorMessage": str(error)})
print("\\n" + json.dumps({"version": sys.version_info[:2], "replies": replies}))
"""
KEY = "clips/a b.mp4"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """The layer and the function for Function Compute."""
    return unpacked(FUNCTION_COMPUTE, tmp_path_factory.mktemp("function-compute"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A film, its index at its end."""
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def store(platform: Bare, film: Film) -> Iterator[S3Server]:
    """An S3 server that has it."""
    assert platform.layer.is_dir()
    with moto_s3.running() as server:
        client = server.client()
        client.create_bucket(Bucket="films")
        client.put_object(Bucket="films", Key=KEY, Body=film.path.read_bytes())
        yield server


def asked(platform: Bare, server: S3Server, *events: object) -> list[dict[str, Any]]:
    """What the platform gets for its events, all of one instance."""
    settings = server.environment | {
        "FRAMEFETCH_SOURCE": f"s3://films?region=us-east-1&endpoint={server.endpoint}"
    }
    said = platform.run(
        RUNTIME, "framefetch.fc.handler", given=json.dumps(events).encode(), settings=settings
    )
    told = json.loads(said.splitlines()[-1])
    assert told["version"] == [int(part) for part in FUNCTION_COMPUTE.split(".")]
    replies: list[dict[str, Any]] = told["replies"]
    return replies


def picture(form: str, path: str = "/clips/a%20b.mp4", method: str = "GET") -> dict[str, Any]:
    """An event that asks for one."""
    return function_compute(
        Call(method, path, f"x-oss-process=video/snapshot,t_1000,f_{form}", (("host", "a"),))
    )


def test_http_events(platform: Bare, store: S3Server, film: Film) -> None:
    """Pictures in every format, HEAD, an error and an event that is none of HTTP: each has its answer."""
    forms = ("jpg", "png", "webp", "avif")
    *pictures, head, missing, strange = asked(
        platform,
        store,
        *(picture(form) for form in forms),
        picture("jpg", method="HEAD"),
        picture("jpg", "/clips/missing.mp4"),
        {"hello": "world"},
    )
    for form, answer in zip(forms, map(answer_of, pictures), strict=True):
        assert (answer.status, answer.header("content-type")) == (200, f"image/{form.replace('jpg', 'jpeg')}")
        assert _number(answer) == film.exact(1000).number
    assert (answer_of(head).status, answer_of(head).body) == (200, b"")
    assert answer_of(missing).status == 404
    assert b"<Code>NoSuchKey</Code>" in answer_of(missing).body
    assert strange["errorType"] == "UnknownEvent"


def test_its_python_is_the_one_that_is_deployed() -> None:
    """What is tested here is what s.yaml deploys."""
    text = (REPOSITORY / "s.yaml").read_text(encoding="utf-8")
    assert f"runtime: python{FUNCTION_COMPUTE}\n" in text
    assert f"layer/dist/function-x86_64-py{FUNCTION_COMPUTE.replace('.', '')}.zip" in text


def _number(answer: Answer) -> int:
    with Image.open(io.BytesIO(answer.body)) as image:
        return read_frame_number(image.convert("RGB"))
