"""Saving by request (sys/saveas): signed POSTs, of the SDKs of OSS and made by hand."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import alibabacloud_oss_v2 as v2
import oss2
import pytest
from PIL import Image

from framefetch.server.sample import read_frame_number
from framefetch.settings import BadSetting, Settings
from framefetch.snapshot import Service
from tests.films import RECIPES, make_film
from tests.serving import Said, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.films import Film
    from tests.serving import Server

BUCKET, OTHER, REGION = "examplebucket", "otherbucket", "cn-hangzhou"
KEY_ID, SECRET = "LTAI5tSavingKeyId00000", "SavingSecret0000000000000000"
LIMITED_ID = "LTAI5tLimitedKeyId0000"
KEY = "clips/a film +1 中.mp4"
PROCESS = "video/snapshot,t_1000,f_png,w_96,m_fast"


def b64(text: str, *, padded: bool = False) -> str:
    made = base64.urlsafe_b64encode(text.encode()).decode()
    return made if padded else made.rstrip("=")


def save(key: str, bucket: str | None = None, process: str = PROCESS, *, padded: bool = False) -> str:
    place = "" if bucket is None else f",b_{b64(bucket, padded=padded)}"
    return f"{process}|sys/saveas,o_{b64(key, padded=padded)}{place}"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("saving"))


@pytest.fixture(scope="module")
def folder(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two buckets, each a folder."""
    made = tmp_path_factory.mktemp("buckets")
    for name in (BUCKET, OTHER):
        (made / name / KEY).parent.mkdir(parents=True)
    (made / BUCKET / KEY).write_bytes(film.path.read_bytes())
    return made


@pytest.fixture
def root(folder: Path) -> Iterator[Path]:
    """The same, with nothing saved in it."""
    yield folder
    for one in [*folder.rglob("*")]:
        if one.is_file() and one.name != Path(KEY).name:
            one.unlink()
    for name in (BUCKET, OTHER):
        shutil.rmtree(folder / name / "thumbs", ignore_errors=True)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    settings = {
        "FRAMEFETCH_BUCKETS": f"={BUCKET}={folder}/{BUCKET} access=public\n={OTHER}={folder}/{OTHER}",
        "FRAMEFETCH_ACCESS": "signed",
        "FRAMEFETCH_KEYS": f"{KEY_ID}:{SECRET}\n{LIMITED_ID}:{SECRET} prefix=clips/",
        "FRAMEFETCH_SAVE_TO": f"{BUCKET}/thumbs/, {BUCKET}/clips/, {OTHER}/",
        "FRAMEFETCH_STYLES": f"cover={PROCESS}",
    }
    with serving("", settings=settings) as server:
        yield server


def bucket(server: Server, version: str = "v4", key_id: str = KEY_ID) -> Any:
    auth = (oss2.AuthV4 if version == "v4" else oss2.Auth)(key_id, SECRET)
    return oss2.Bucket(auth, f"http://127.0.0.1:{server.port}", BUCKET, region=REGION)


def number(path: Path) -> int:
    return read_frame_number(Image.open(io.BytesIO(path.read_bytes())))


def wanted(film: Film) -> int:
    shown = film.fast(1000)
    assert shown is not None
    return shown.number


@pytest.mark.parametrize("version", ["v4", "v1"])
@pytest.mark.parametrize("padded", [True, False])
def test_oss2(server: Server, root: Path, film: Film, version: str, *, padded: bool) -> None:
    """oss2's process_object saves the picture, and reads OSS's answer."""
    made = bucket(server, version).process_object(KEY, save("thumbs/ä/b c.png", BUCKET, padded=padded))
    saved = root / BUCKET / "thumbs/ä/b c.png"
    assert (made.bucket, made.object, made.fileSize) == (BUCKET, "thumbs/ä/b c.png", saved.stat().st_size)
    assert made.process_status == "OK"
    assert number(saved) == wanted(film)


def test_alibabacloud_oss_v2(server: Server, root: Path, film: Film) -> None:
    """So does the second SDK, which signs the body's Content-MD5."""
    config = v2.config.load_default()
    config.credentials_provider = v2.credentials.StaticCredentialsProvider(KEY_ID, SECRET)
    config.region = REGION
    config.endpoint = f"http://127.0.0.1:{server.port}"
    request = v2.ProcessObjectRequest(bucket=BUCKET, key=KEY, process=save("thumbs/c.png", OTHER))
    made = v2.Client(config).process_object(request)
    assert (made.status_code, made.bucket, made.key, made.process_status) == (
        200,
        OTHER,
        "thumbs/c.png",
        "OK",
    )
    assert made.file_size == (root / OTHER / "thumbs/c.png").stat().st_size
    assert number(root / OTHER / "thumbs/c.png") == wanted(film)


def test_style_and_own_bucket(server: Server, root: Path, film: Film) -> None:
    """A style can be saved; without b_ the picture goes to the video's bucket; a second one replaces it."""
    for process in ("video/snapshot,t_0,f_jpg", "style/cover"):
        bucket(server).process_object(KEY, save("thumbs/cover", process=process))
    assert number(root / BUCKET / "thumbs/cover") == wanted(film)


def test_forbid_overwrite(server: Server, root: Path) -> None:
    """x-oss-forbid-overwrite keeps what is there, as in OSS."""
    (root / BUCKET / "thumbs").mkdir()
    (root / BUCKET / "thumbs/x.png").write_bytes(b"mine")
    with pytest.raises(oss2.exceptions.OssError) as caught:
        bucket(server).process_object(KEY, save("thumbs/x.png"), headers={"x-oss-forbid-overwrite": "true"})
    assert (caught.value.status, caught.value.code) == (409, "FileAlreadyExists")
    assert (root / BUCKET / "thumbs/x.png").read_bytes() == b"mine"


def post(server: Server, url: str, body: str, headers: dict[str, str] | None = None) -> Said:
    parts = urlsplit(url)
    sent = {"Host": parts.netloc} | (headers or {})
    return server.ask(f"{parts.path}?{parts.query}", "POST", sent, body.encode())


def presigned(server: Server, version: str = "v4", headers: dict[str, str] | None = None) -> str:
    made = bucket(server, version)
    return str(made.sign_url("POST", KEY, 600, headers=headers, params={"x-oss-process": ""}))


def code(said: Said) -> str:
    return str(ET.fromstring(said.body).findtext("Code"))  # noqa: S314 - our own answer


@pytest.mark.parametrize("version", ["v4", "v1"])
def test_presigned(server: Server, root: Path, version: str) -> None:
    """A presigned POST saves; the URL that was signed for POST opens nothing else, and none for GET saves."""
    body = f"x-oss-process={save('thumbs/p.png')}"
    url = presigned(server, version)
    said = post(server, url, body)
    assert (said.status, said.headers["content-type"]) == (200, "application/json")
    assert said.headers["cache-control"] == "no-store"
    size = (root / BUCKET / "thumbs/p.png").stat().st_size
    assert json.loads(said.body) == {
        "bucket": BUCKET,
        "fileSize": size,
        "object": "thumbs/p.png",
        "status": "OK",
    }
    get_url = str(bucket(server, version).sign_url("GET", KEY, 600, params={"x-oss-process": ""}))
    assert code(post(server, get_url, body)) == "SignatureDoesNotMatch"
    # Encoded as a form's field it means the same.
    assert post(server, url, body.replace("|", "%7C").replace("/", "%2F")).status == 200


@pytest.mark.parametrize("version", ["v4", "v1"])
def test_signed_body(server: Server, root: Path, version: str) -> None:
    """Where Content-MD5 was signed, another body is refused, with the digest of either."""
    body, other = (f"x-oss-process={save(key)}" for key in ("thumbs/a.png", "thumbs/b.png"))
    digests = [base64.b64encode(hashlib.md5(one.encode()).digest()).decode() for one in (body, other)]  # noqa: S324
    url = presigned(server, version, {"Content-MD5": digests[0]})
    assert code(post(server, url, other, {"Content-MD5": digests[0]})) == "InvalidDigest"
    assert code(post(server, url, other, {"Content-MD5": digests[1]})) == "SignatureDoesNotMatch"
    assert code(post(server, url, other)) == "SignatureDoesNotMatch"
    assert not (root / BUCKET / "thumbs").exists()
    assert post(server, url, body, {"Content-MD5": digests[0]}).status == 200


def test_nobody_without_a_signature(server: Server, root: Path) -> None:
    """Reading may be public; saving never is."""
    said = server.ask(
        f"/{BUCKET}/clips/a.mp4?x-oss-process", "POST", body=f"x-oss-process={save('thumbs/x.png')}".encode()
    )
    assert (said.status, code(said)) == (403, "AccessDenied")
    assert not (root / BUCKET / "thumbs").exists()


def test_only_where_it_is_allowed(server: Server, root: Path) -> None:
    """Pictures go to the places of the setting, never over the video, and within the key pair's prefix."""
    refused = [
        (KEY_ID, save("other/x.png"), 403, "AccessDenied"),
        (KEY_ID, save("thumbs", BUCKET), 403, "AccessDenied"),
        (KEY_ID, save("thumbs/x.png", "nobodys"), 403, "AccessDenied"),
        (KEY_ID, save("thumbs/../x.png"), 403, "AccessDenied"),
        (KEY_ID, save(KEY), 400, "InvalidRequest"),
        (LIMITED_ID, save("thumbs/x.png"), 403, "AccessDenied"),
    ]
    for key_id, process, status, word in refused:
        with pytest.raises(oss2.exceptions.OssError) as caught:
            bucket(server, key_id=key_id).process_object(KEY, process)
        assert (caught.value.status, caught.value.code) == (status, word), process
    assert sorted(one.name for one in (root / BUCKET).rglob("*") if one.is_file()) == ["a film +1 中.mp4"]
    assert bucket(server, key_id=LIMITED_ID).process_object(KEY, save("clips/x.png")).status == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("", "InvalidArgument"),
        ("x-oss-process=video/snapshot,t_0", "InvalidArgument"),
        (f"x-oss-process={PROCESS}|sys/saveas", "InvalidArgument"),
        (f"x-oss-process={PROCESS}|sys/saveas,b_{b64(BUCKET)}", "InvalidArgument"),
        (f"x-oss-process={PROCESS}|sys/saveas,o_!", "InvalidArgument"),
        (f"x-oss-process={PROCESS}|sys/saveas,o_{b64('thumbs/x')},x_1", "InvalidArgument"),
        (f"x-oss-process={PROCESS}|image/resize,w_1", "InvalidArgument"),
        (f"x-oss-process={PROCESS}|{save('thumbs/x')}", "InvalidArgument"),
        (f"process={save('thumbs/x')}", "InvalidArgument"),
        (f"x-oss-process={save('thumbs/x', process='video/snapshot,t_-1')}", "InvalidArgument"),
        (f"x-oss-process={save('thumbs/x.vtt', process='video/sprite,f_vtt')}", "InvalidRequest"),
        (f"x-oss-process={save('thumbs/{autoext}')}", "NotImplemented"),
        (f"x-oss-process={save('thumbs/' + 'x' * 9000)}", "InvalidRequest"),
        ("x" * 3_000_000, "InvalidRequest"),
    ],
)
def test_bad_bodies(server: Server, root: Path, body: str, word: str) -> None:
    """A body that is not understood, or is longer than any that is, saves nothing and says why."""
    said = post(server, presigned(server), body)
    assert (said.status, code(said)) == (400, word)
    assert not (root / BUCKET / "thumbs").exists()


def test_errors_are_those_of_get(server: Server) -> None:
    """A video that is not there is NoSuchKey here, too."""
    with pytest.raises(oss2.exceptions.NoSuchKey):
        bucket(server).process_object("none.mp4", save("thumbs/x.png"))


def test_other_posts(server: Server) -> None:
    """What else OSS does by POST is not done, and nothing is, where the setting is empty."""
    for parameters in ({"x-oss-process": "video/snapshot"}, {"uploads": ""}, {}):
        url = str(bucket(server).sign_url("POST", KEY, 600, params=parameters))
        assert code(post(server, url, f"x-oss-process={save('thumbs/x')}")) == "NotImplemented"


@pytest.mark.parametrize("place", ["thumbs/", "examplebucket", "nobodys/thumbs/"])
def test_bad_setting(tmp_path: Path, place: str) -> None:
    """A place that is none of a bucket that is served stops the start."""
    with pytest.raises(BadSetting, match="FRAMEFETCH_SAVE_TO"):
        Service(Settings(source=str(tmp_path), bucket=BUCKET, access="public", save_to=(place,)))


def test_the_log_says_who_saved(root: Path, tmp_path: Path) -> None:
    """The record of a POST names the key pair that signed it and the place; no secret, and no signature."""
    settings = {
        "FRAMEFETCH_ACCESS": "signed",
        "FRAMEFETCH_BUCKET": BUCKET,
        "FRAMEFETCH_KEYS": f"{KEY_ID}:{SECRET}",
        "FRAMEFETCH_SAVE_TO": f"{BUCKET}/thumbs/",
    }
    log = tmp_path / "log"
    with log.open("wb") as written, serving(root / BUCKET, settings=settings, stderr=written) as server:
        url = presigned(server)
        assert post(server, url, f"x-oss-process={save('thumbs/l.png')}").status == 200
    (record,) = (json.loads(line) for line in log.read_text().splitlines())
    assert (record["signed_by"], record["saved"]) == (KEY_ID, f"{BUCKET}/thumbs/l.png")
    assert SECRET not in log.read_text()
    assert "ignature" not in log.read_text()


def test_body_that_does_not_come(root: Path) -> None:
    """A body that is announced and not sent holds nothing up for longer than a request may take."""
    settings = {"FRAMEFETCH_TIMEOUT_S": "0.3"}
    # An empty folder would get a sample film first.
    (root / BUCKET / "x.mp4").write_bytes(b"")
    with serving(root / BUCKET, settings=settings) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(
                b"POST /x.mp4?x-oss-process HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx-oss"
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 504 ")
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(b"POST /x.mp4?x-oss-process HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n")
        # Who hung up leaves nothing behind that others would meet.
        assert server.ask("/healthz").status == 200
