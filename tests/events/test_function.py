"""The function as it runs: AWS's runtime client around our handler, a real film behind it."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from framefetch.function import Function
from framefetch.http.call import Answer, Call
from framefetch.server.sample import read_frame_number
from framefetch.settings import Settings
from tests.events.platforms import PLATFORMS, alb, answer_of, function_compute, function_url, shape_of
from tests.films import RECIPES, make_film
from tests.servers import moto_s3, ranges, runtime_api
from tests.serving import environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.films import Film

ASKED = Call("GET", "/film.mp4", "x-oss-process=video/snapshot,t_1000", (("host", "media.example.com"),))
LAMBDA = [name for name in PLATFORMS if name != "function-compute"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A film, in a folder of its own as ``film.mp4``."""
    folder = tmp_path_factory.mktemp("function")
    made = make_film(RECIPES["h264-mp4-front"], folder)
    return replace(made, path=made.path.rename(folder / "film.mp4"))


@pytest.fixture(scope="module")
def lambda_(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Iterator[runtime_api.Runtime]:
    """The handler under the real runtime client; its log goes to a file."""
    settings = {"FRAMEFETCH_SOURCE": str(film.path.parent), "FRAMEFETCH_ACCESS": "public"}
    folder = tmp_path_factory.mktemp("runtime")
    with runtime_api.running("framefetch.aws.handler", settings, folder) as runtime:
        yield runtime


def number_of(film: Film, body: bytes) -> int:
    """The number in a picture."""
    image = Image.open(io.BytesIO(body))
    assert not film.turns
    return read_frame_number(image)


@pytest.mark.parametrize("platform", LAMBDA)
def test_every_event_of_lambda_gets_its_picture(
    lambda_: runtime_api.Runtime, film: Film, platform: str
) -> None:
    """Through AWS's runtime client each shape of event is answered with the picture at t."""
    invoked = lambda_.invoke(PLATFORMS[platform](ASKED))
    assert not invoked.failed
    answer = answer_of(invoked.reply)
    assert answer.status == 200
    assert number_of(film, answer.body) == film.exact(1000).number


@pytest.mark.parametrize("platform", PLATFORMS)
def test_head_and_not_modified(film: Film, platform: str) -> None:
    """HEAD has no body and no length, and a picture that the client has costs none either."""
    function = functions(film)
    head = asked_of(function, platform, replace(ASKED, method="HEAD"))
    assert (head.status, head.body, head.header("content-length")) == (200, b"", None)
    condition = ("if-none-match", str(head.header("etag")))
    again = asked_of(function, platform, replace(ASKED, headers=(*ASKED.headers, condition)))
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_browser_may_ask_first(film: Film, platform: str) -> None:
    """OPTIONS through every door says what a page of an allowed origin may do, without a signature."""
    asking = (("origin", "https://app.example.com"), ("access-control-request-method", "GET"))
    function = functions(
        film, access="signed", bucket="media", keys="AK:SECRET", cors=("https://app.example.com",)
    )
    call = Call("OPTIONS", "/film.mp4", "", (*ASKED.headers, *asking))
    answer = asked_of(function, platform, call)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("access-control-allow-origin") == "https://app.example.com"


def test_the_host_in_a_header_counts_only_where_a_setting_says_so(film: Film) -> None:
    """x-framefetch-host chooses the bucket behind a CDN of ours, and nowhere else."""
    buckets = f"media.example.com=media={film.path.parent}"
    call = replace(ASKED, headers=(("host", "other.example.com"), ("x-framefetch-host", "media.example.com")))
    for trusts, status in ((False, 404), (True, 200)):
        function = functions(film, source="", buckets=buckets, trust_host_header=trusts)
        assert asked_of(function, "function-url", call).status == status


def test_a_presigned_url_holds_beside_the_signature_of_a_cdn(film: Film, tmp_path: Path) -> None:
    """Behind a CDN AWS's Authorization is not the viewer's; the log has no signature, secret or token."""
    given = {
        "FRAMEFETCH_SOURCE": str(film.path.parent),
        "FRAMEFETCH_BUCKET": "media",
        "FRAMEFETCH_KEYS": "AKIDEXAMPLE:TheSecretOfTheKey token=TheTokenOfTheKey",
        "FRAMEFETCH_TRUST_HOST_HEADER": "true",
    }
    where = ("--endpoint", "https://media.example.com", "--cname", "--region", "cn-hangzhou")
    made = run("sign", "oss://media/film.mp4", "-t", "1s", *where, settings=given).stdout
    query = made.decode().strip().partition("?")[2]
    of_the_cdn = ("authorization", "AWS4-HMAC-SHA256 Credential=AKIACDN, Signature=TheSignatureOfTheCdn")
    call = Call("GET", "/film.mp4", query, (("host", "x.on.aws"), of_the_cdn))
    viewers = ("x-framefetch-host", "media.example.com")
    with runtime_api.running("framefetch.aws.handler", given, tmp_path) as runtime:
        good = answer_of(runtime.invoke(function_url(replace(call, headers=(*call.headers, viewers)))).reply)
        bad = answer_of(runtime.invoke(function_url(replace(call, query=query + "0"))).reply)
    assert (good.status, bad.status) == (200, 403)
    log = (tmp_path / "function.out").read_text()
    assert log.count('"status"') == 2
    signature = dict(replace(call, query=query).parameters)["x-oss-signature"]
    for secret in ("TheSecretOfTheKey", "TheTokenOfTheKey", "TheSignatureOfTheCdn", signature):
        assert secret not in log


def test_a_bad_event_says_what_the_handler_takes(lambda_: runtime_api.Runtime) -> None:
    """What is no HTTP request fails with a message for whoever invoked it, and the next one is answered."""
    invoked = lambda_.invoke({"Records": []})
    assert invoked.failed
    assert invoked.reply["errorType"] == "UnknownEvent"
    assert "Function URL" in invoked.reply["errorMessage"]
    assert answer_of(lambda_.invoke(function_url(ASKED)).reply).status == 200


def test_one_record_and_one_set_of_metrics_a_request(film: Film, tmp_path: Path) -> None:
    """The log has one structured record of each request, and CloudWatch's metrics; no secrets."""
    settings = {"FRAMEFETCH_SOURCE": str(film.path.parent), "FRAMEFETCH_ACCESS": "public"}
    settings["POWERTOOLS_SERVICE_NAME"] = "stack"
    with runtime_api.running("framefetch.aws.handler", settings, tmp_path) as runtime:
        runtime.invoke(function_url(ASKED))
        runtime.invoke(function_url(replace(ASKED, path="/none.mp4")))
    lines = [
        json.loads(line) for line in (tmp_path / "function.out").read_text().splitlines() if line[0] == "{"
    ]
    records = [line["message"] for line in lines if "message" in line]
    assert [(one["status"], one["code"], one["cold"]) for one in records] == [
        (200, "OK", True),
        (404, "NoSuchKey", False),
    ]
    first = records[0]
    assert first["process"] == "video/snapshot,t_1000,f_jpg"
    assert first["taken_ms"] == pytest.approx(1000, abs=41)
    assert {"bytes", "requests", "retries", "stages_ms", "peak_mb", "index"} <= first.keys()
    metrics = [line for line in lines if "_aws" in line]
    assert [one["BytesRead"][0] > 0 for one in metrics if "BytesRead" in one] == [True, False]
    assert [(one["code"], one["Errors"]) for one in metrics if "Errors" in one] == [("NoSuchKey", [1.0])]
    # What alarms and the dashboard look for.
    assert {one["service"] for one in metrics} == {"stack"}
    (of_errors,) = (one["_aws"]["CloudWatchMetrics"][0] for one in metrics if "Errors" in one)
    assert [sorted(names) for names in of_errors["Dimensions"]] == [["code", "service"]]


def functions(film: Film, **settings: Any) -> Function:
    """A function over the film's folder."""
    chosen = {"source": str(film.path.parent), "access": "public"} | settings
    return Function(Settings(**chosen))


def asked_of(function: Function, platform: str, call: Call) -> Answer:
    """What a client gets through a platform."""
    event = PLATFORMS[platform](call)
    reply, _ = function.answer(shape_of(platform, event), event, 30)
    return answer_of(reply)


def test_nothing_is_public_unless_said(film: Film) -> None:
    """On a platform a folder is not open to all, as it is on a developer's own machine."""
    event = function_url(ASKED)
    reply, _ = functions(film, access="auto", bucket="shop", keys="AK:SECRET").answer(
        shape_of("function-url", event), event, 10
    )
    assert answer_of(reply).status == 403


def test_the_deadline_of_the_platform_is_ours() -> None:
    """A store that takes longer than the platform gives is answered with our own 504."""
    with ranges.running() as server:
        server.put("film.mp4", b"")
        server.latency_s = 3
        settings = Settings(source=server.url, access="public", networks=("127.0.0.0/8",))
        event = function_url(ASKED)
        reply, record = Function(settings).answer(shape_of("function-url", event), event, 0.7)
    assert answer_of(reply).status == 504
    assert record.budget.timeout_s < 0.7


SCRIPT = """
import json, sys
from types import SimpleNamespace
from framefetch.aws import handler
context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 20000)
reply = handler(json.loads(sys.argv[1]), context)
print(reply["statusCode"], *sorted(sys.modules.keys() & set(sys.argv[2:])))
"""
# Powertools imports the empty package botocore and its shell of a tracer, whatever one uses.
HEAVY = "boto3 botocore.session oss2 pydantic aws_xray_sdk numpy requests starlette uvicorn".split()
# What other containers, actions and formats need.
RARE = [
    *(
        f"framefetch.{name}"
        for name in (
            "ffmpeg.demux ffmpeg.demux.aim ffmpeg.reader film.album links saving sinks encode.animation"
            " operations.sheet operations.info operations.oversize operations.worth operations.montage"
            " operations.reel containers.matroska.walk containers.searched.search"
            " containers.isobmff.fragmented.walk containers.isobmff.long.walk containers.isobmff.claims.walk"
        ).split()
    ),
    *(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Png", "Ppm", "WebP")),
]


@pytest.mark.parametrize("name", RARE)
def test_what_is_not_to_be_imported_is_there(name: str) -> None:
    """A module that has moved would be looked for in vain."""
    assert importlib.util.find_spec(name) is not None


def test_a_picture_from_s3_imports_nothing_heavy(film: Film) -> None:
    """A request for an MP4 in a real S3 server loads no SDK, and nothing that only other requests need."""
    with moto_s3.running() as server:
        server.client().create_bucket(Bucket="videos")
        server.client().put_object(Bucket="videos", Key="film.mp4", Body=film.path.read_bytes())
        source = f"s3://videos?endpoint={server.endpoint}"
        given = {"FRAMEFETCH_SOURCE": source, "FRAMEFETCH_ACCESS": "public", **server.environment}
        said = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(function_url(ASKED)), *HEAVY, *RARE],
            env=environment(given),
            capture_output=True,
            check=True,
            text=True,
        )
    assert said.stdout.splitlines()[-1] == "200"


def test_what_is_too_large_is_refused_with_advice_that_holds(film: Film) -> None:
    """413 says which size fits, and that size is answered with 200."""
    function = functions(film)
    asked = replace(ASKED, query="x-oss-process=video/snapshot,t_1000,f_png,w_3000,h_2500")
    event = alb(asked)
    reply, record = function.answer(shape_of("alb", event), event, 60)
    answer = answer_of(reply)
    assert answer.status == 413
    assert record.code == "ResponseTooLarge"
    advice = answer.body.decode().partition("Ask for less: ")[2].split(" fits")[0]
    assert advice.startswith("w_")
    event = alb(replace(asked, query=f"x-oss-process=video/snapshot,t_1000,f_png,{advice}"))
    again, _ = function.answer(shape_of("alb", event), event, 60)
    assert answer_of(again).status == 200
    assert len(json.dumps(again)) <= 1 << 20


@pytest.mark.parametrize(
    ("process", "sides"),
    [
        ("video/animation,inter_40,num_50,f_gif", "w_900"),
        ("video/sprite,num_16,tw_4,f_png", "sw_1000,sh_900"),
        ("video/snapshots,num_16,tw_4,f_png,pad_100,margin_100", "w_1200"),
    ],
)
@pytest.mark.parametrize("oversize", ["error", "shrink"])
def test_many_pictures_that_are_too_large_are_refused_with_advice_that_holds(
    film: Film, process: str, sides: str, oversize: str
) -> None:
    """A sheet or an animation is never made smaller, as tracks know its places: 413 says which size fits."""
    function = functions(film, oversize=oversize)
    query = f"x-oss-process={process}"
    answer = asked_of(function, "alb", replace(ASKED, query=f"{query},{sides}"))
    assert answer.status == 413
    advice = answer.body.decode().partition("Ask for less: ")[2].split(" fits")[0]
    assert advice.startswith(sides.partition("_")[0])
    again = asked_of(function, "alb", replace(ASKED, query=f"{query},{advice}"))
    assert (again.status, len(again.body) > 100_000) == (200, True)


def test_many_pictures_that_never_fit_are_refused_all_the_same(film: Film) -> None:
    """Where no size that may be asked for fits, the advice is to ask for fewer."""
    query = "x-oss-process=video/animation,inter_40,num_50,f_gif,w_32,h_4000"
    answer = asked_of(functions(film), "alb", replace(ASKED, query=query))
    assert answer.status == 413
    assert b"Ask for fewer (num_) or smaller pictures." in answer.body


def test_what_is_too_large_is_made_smaller_where_that_is_set(film: Film) -> None:
    """With oversize=shrink the picture has the same shape, fits, and says how large it is."""
    event = alb(replace(ASKED, query="x-oss-process=video/snapshot,t_1000,f_png,w_3000,h_2500"))
    reply, _ = functions(film, oversize="shrink").answer(shape_of("alb", event), event, 60)
    answer = answer_of(reply)
    assert answer.status == 200
    assert len(json.dumps(reply)) <= 1 << 20
    image = Image.open(io.BytesIO(answer.body))
    assert answer.header("x-framefetch-shrunk") == f"{image.width}x{image.height}"
    assert image.width / image.height == pytest.approx(1.2, abs=0.01)
    assert read_frame_number(image) == film.exact(1000).number


def test_each_door_has_an_etag_of_its_own_where_it_has_a_size_of_its_own(film: Film) -> None:
    """Doors that make the same picture smaller to different sizes never give one ETag to both."""
    asked = replace(ASKED, query="x-oss-process=video/snapshot,t_1000,f_png,w_3000,h_2500")
    function = functions(film, oversize="shrink")
    small, large = (asked_of(function, platform, asked) for platform in ("alb", "function-compute"))
    assert len(small.body) < len(large.body)
    assert small.header("etag") != large.header("etag")


FC_SCRIPT = """
import json, logging, sys
from types import SimpleNamespace
logging.basicConfig(format="%(asctime)s [%(levelname)s] %(message)s", stream=sys.stdout, level="INFO")
from framefetch.fc import handler
context = SimpleNamespace(function=SimpleNamespace(timeout=30))
for event in sys.argv[1:]:
    try:
        reply = json.dumps(handler(event.encode(), context))
    except Exception as error:
        reply = f"{type(error).__name__}: {error}"
    print(reply, file=sys.stderr)
"""


def test_function_compute_gets_its_picture(film: Film) -> None:
    """The handler of Function Compute answers the picture, and writes one record a request, JSON alone.

    What is no HTTP request fails with a message for whoever invoked it.
    """
    given = {"FRAMEFETCH_SOURCE": str(film.path.parent), "FRAMEFETCH_ACCESS": "public"}
    said = subprocess.run(
        [sys.executable, "-c", FC_SCRIPT, json.dumps(function_compute(ASKED)), "[]", "no JSON"],
        env=environment(given),
        capture_output=True,
        check=True,
        text=True,
    )
    picture, *others = said.stderr.splitlines()
    answer = answer_of(json.loads(picture))
    assert answer.status == 200
    assert number_of(film, answer.body) == film.exact(1000).number
    assert [other.partition(":")[0] for other in others] == ["UnknownEvent", "UnknownEvent"]
    (record,) = [json.loads(line) for line in said.stdout.splitlines()]
    assert (record["status"], record["code"], record["cold"]) == (200, "OK", True)
