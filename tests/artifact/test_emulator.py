"""What `sam build` made, run by Lambda's own emulator: events come in, pictures of a film in S3 go out."""

from __future__ import annotations

import filecmp
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from PIL import Image

from framefetch.http.call import Call
from tests.artifact import emulator
from tests.conftest import REPOSITORY
from tests.events import uploads
from tests.events.platforms import PLATFORMS, answer_of
from tests.films import RECIPES, make_film
from tests.servers import S3Server, moto_s3, ranges, rgw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HTTP = [name for name in PLATFORMS if name != "function-compute"]
BUCKET = "films"
KEY = "clips/a b.mp4"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server with the film, which verifies signatures where there is one that does."""
    emulator.ready()
    film = make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("film"))
    with (moto_s3 if rgw.missing() else rgw).running() as server:
        client = s3(server)
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key=KEY, Body=film.path.read_bytes())
        client.put_object(Bucket=BUCKET, Key="clips/no.mp4", Body=b"not a film")
        yield server


def s3(server: S3Server):  # type: ignore[no-untyped-def]  # noqa: ANN201 - boto3 has no types
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )


def settings(server: S3Server) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "FRAMEFETCH_SOURCE": f"s3://{BUCKET}?region=us-east-1&endpoint={server.endpoint}",
    }


@pytest.fixture(scope="module")
def pictures(store: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[emulator.Lambda]:
    folder = tmp_path_factory.mktemp("pictures")
    given = {**settings(store), "FRAMEFETCH_ACCESS": "public"}
    with emulator.running("PictureFunction", "framefetch.aws.handler", given, folder) as running:
        yield running


def test_built_from_these_sources() -> None:
    """What is tested here is what stands here."""
    emulator.ready()
    for path in (REPOSITORY / "handler" / "framefetch").rglob("*.py"):
        built = emulator.BUILT / "PictureFunction" / path.relative_to(REPOSITORY / "handler")
        assert filecmp.cmp(path, built, shallow=False), "scripts/sam build makes it anew"


@pytest.mark.parametrize("platform", HTTP)
def test_event_gets_its_picture(pictures: emulator.Lambda, platform: str) -> None:
    """An event of every HTTP shape is answered with the picture that it asks for."""
    call = Call("GET", "/clips/a%20b.mp4", "x-oss-process=video/snapshot,t_1000,w_80,f_png", (("host", "a"),))
    answer = answer_of(pictures.invoke(PLATFORMS[platform](call)))
    assert (answer.status, answer.header("content-type")) == (200, "image/png")
    assert answer.header("x-framefetch-time") == "1000.000"
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.size[0] == 80


@pytest.mark.parametrize(
    ("query", "path", "status"),
    [
        ("x-oss-process=video/snapshot,t_x", "/clips/a%20b.mp4", 400),
        ("x-oss-process=video/snapshot", "/clips/no.mp4", 400),
        ("x-oss-process=video/snapshot", "/clips/missing.mp4", 404),
    ],
)
def test_event_gets_its_error(pictures: emulator.Lambda, query: str, path: str, status: int) -> None:
    """Errors come out as they do everywhere: OSS's XML with its status."""
    answer = answer_of(pictures.invoke(PLATFORMS["function-url"](Call("GET", path, query, (("host", "a"),)))))
    assert answer.status == status
    assert b"<Code>" in answer.body


BIG = Call(
    "GET", "/clips/a%20b.mp4", "x-oss-process=video/snapshot,t_1000,w_3000,h_2500,f_png", (("host", "a"),)
)
"""Above what a load balancer lets through."""


def test_oversize_is_refused_with_advice(pictures: emulator.Lambda) -> None:
    """A picture that the door cannot carry is 413, and the size that it advises is answered."""
    answer = answer_of(pictures.invoke(PLATFORMS["alb"](BIG)))
    assert answer.status == 413
    advice = answer.body.decode().partition("Ask for less: ")[2].split(" fits")[0]
    assert advice.startswith("w_")
    query = f"x-oss-process=video/snapshot,t_1000,f_png,{advice}"
    assert answer_of(pictures.invoke(PLATFORMS["alb"](replace(BIG, query=query)))).status == 200


def test_oversize_shrinks_where_it_is_set(store: S3Server, tmp_path: Path) -> None:
    """With FRAMEFETCH_OVERSIZE=shrink the same request is answered with a picture that fits."""
    given = {**settings(store), "FRAMEFETCH_ACCESS": "public", "FRAMEFETCH_OVERSIZE": "shrink"}
    with emulator.running("PictureFunction", "framefetch.aws.handler", given, tmp_path) as function:
        answer = answer_of(function.invoke(PLATFORMS["alb"](BIG)))
    assert answer.status == 200
    with Image.open(io.BytesIO(answer.body)) as image:
        assert answer.header("x-framefetch-shrunk") == f"{image.size[0]}x{image.size[1]}"
        assert image.size[0] < 3000


def test_a_store_that_stalls_is_answered_in_time(tmp_path: Path) -> None:
    """A store that does not answer is our own 504, before Lambda ends the function; it serves on."""
    with ranges.running() as server:
        server.put("film.mp4", b"")
        server.latency_s = 5
        given = {
            "FRAMEFETCH_SOURCE": server.url,
            "FRAMEFETCH_NETWORKS": "127.0.0.0/8",
            "FRAMEFETCH_ACCESS": "public",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "2",
        }
        call = Call("GET", "/film.mp4", "x-oss-process=video/snapshot", (("host", "a"),))
        with emulator.running("PictureFunction", "framefetch.aws.handler", given, tmp_path) as function:
            answers = [answer_of(function.invoke(PLATFORMS["function-url"](call))) for _ in range(2)]
    assert [one.status for one in answers] == [504, 504]
    assert b"<Code>RequestTimeout</Code>" in answers[0].body


def test_bad_event_is_reported(pictures: emulator.Lambda) -> None:
    """An event that is no HTTP request is reported to whoever sent it, and the next is answered."""
    assert pictures.invoke({"hello": "world"})["errorType"] == "UnknownEvent"
    test_event_gets_its_picture(pictures, "function-url")


def test_upload_gets_its_picture(store: S3Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A message about an upload puts its picture into the bucket, once; a bad film is recorded."""
    rules = "clips/*.mp4=video/snapshot,t_1000,w_80=thumbs/{key}-{etag}.{ext}"
    given = {**settings(store), "FRAMEFETCH_ON_UPLOAD": rules}
    client = s3(store)
    etags = {
        key: client.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"') for key in (KEY, "clips/no.mp4")
    }
    with emulator.running(
        "UploadFunction", "framefetch.aws_uploads.handler", given, tmp_path_factory.mktemp("uploads")
    ) as function:
        for _ in range(2):
            for key, etag in etags.items():
                event = uploads.sqs(uploads.s3(BUCKET, key, etag))
                assert function.invoke(event) == {"batchItemFailures": []}
    found = {row["Key"] for row in client.list_objects_v2(Bucket=BUCKET, Prefix="thumbs/")["Contents"]}
    assert found == {
        f"thumbs/{KEY}-{etags[KEY]}.jpg",
        f"thumbs/clips/no.mp4-{etags['clips/no.mp4']}.jpg.error.json",
    }
    body = client.get_object(Bucket=BUCKET, Key=f"thumbs/{KEY}-{etags[KEY]}.jpg")["Body"].read()
    with Image.open(io.BytesIO(body)) as image:
        assert image.size[0] == 80


def test_uploads_are_told_of_in_every_way(store: S3Server, tmp_path: Path) -> None:
    """EventBridge, its events in a queue, and notifications through a topic in one put the picture there."""
    client = s3(store)
    film = client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    ways = {
        "bridge": uploads.event_bridge,
        "queue": lambda *told: uploads.sqs(uploads.event_bridge(*told)),
        "topic": lambda *told: uploads.sqs(uploads.sns_in_sqs(uploads.s3(*told))),
    }
    given = {
        **settings(store),
        "FRAMEFETCH_ON_UPLOAD": "ways/*.mp4=video/snapshot,w_80=told/{key}-{etag}.{ext}",
    }
    with emulator.running("UploadFunction", "framefetch.aws_uploads.handler", given, tmp_path) as function:
        for name, event in ways.items():
            key = f"ways/{name}.mp4"
            etag = client.put_object(Bucket=BUCKET, Key=key, Body=film)["ETag"].strip('"')
            assert function.invoke(event(BUCKET, key, etag)) in (None, {"batchItemFailures": []})
        assert function.invoke({"hello": "world"})["errorType"] == "NotAnUpload"
    found = client.list_objects_v2(Bucket=BUCKET, Prefix="told/")["Contents"]
    assert {row["Key"].rpartition("-")[0] for row in found} == {f"told/ways/{name}.mp4" for name in ways}
