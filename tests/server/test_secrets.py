"""What a server says, in answers and logs, over every kind of source, in any trouble, is no secret."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pytest

from framefetch.links import snapshot_url
from framefetch.signing import KeyPair
from tests.faults import answers as say
from tests.films import RECIPES, make_film
from tests.servers import oss_like
from tests.servers.kinds import running
from tests.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.films import Film
    from tests.servers.ranges import Handler
    from tests.serving import Said

KINDS = ("folder", "http", "s3", "gs", "az", "oss")
CALLER = KeyPair("caller-id", "callersecret0123456789abcdef", security_token="callertoken+/==0123456789")
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIASTORESIDE000000",
    "AWS_SECRET_ACCESS_KEY": "storesecret/0123456789+abcdef",
    "AWS_SESSION_TOKEN": "storetoken/0123456789+abcdef==",
    "AWS_REGION": "us-east-1",
}
SAS = "sv=2023-11-03&sig=c2FzLXNpZ25hdHVyZS1zZWNyZXQ%3D"
QUERY = "token=prefixsecret0123456789"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(RECIPES["h264-mp4-end"], tmp_path_factory.mktemp("folder-of-secret-name"))


def talkative(handler: Handler) -> None:
    """403 with what S3 and OSS put into it: all that was signed, and with what."""
    given = "".join(f"{name}: {value}\n" for name, value in handler.headers.items())
    body = (
        "<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message>"
        f"{handler.path}</Message><StringToSign>{given}</StringToSign></Error>"
    )
    handler.say(403, {"Content-Type": "application/xml"}, body.encode())


TROUBLE = (
    None, talkative, say.status(500), say.status(503, "SlowDown", Retry_After="3600"), say.whole,
    say.claiming(lambda *_: "bytes nonsense"), say.reset_in_headers, say.redirect("http://169.254.169.254/{path}"),
    say.redirect("http://user:word@films.example{path}"), say.with_headers(Content_Encoding="gzip"),
)  # fmt: skip


def source(kind: str, url: str, film: Film, folder: Path) -> tuple[str, dict[str, str], list[str]]:
    """The words for the source, what the environment has to have, and what of it is secret."""
    if kind == "folder":
        return ".", {}, [str(film.path.parent)]
    if kind == "http":
        return f"{url}/films?{QUERY}", {}, [QUERY.partition("=")[2]]
    at = f"{kind}://films?endpoint={url}"
    if kind == "s3":
        return at, AWS, [AWS["AWS_SECRET_ACCESS_KEY"], AWS["AWS_SESSION_TOKEN"]]
    if kind == "az":
        return f"{at}&account=account", {"AZURE_STORAGE_SAS_TOKEN": SAS}, [SAS, SAS.partition("sig=")[2]]
    if kind == "oss":
        given = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": oss_like.ACCESS_KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": oss_like.SECRET,
            "ALIBABA_CLOUD_SECURITY_TOKEN": oss_like.TOKEN,
        }
        return f"{at}&region=cn-hangzhou", given, [oss_like.SECRET, oss_like.TOKEN]
    return google(at, url, folder)


def google(at: str, url: str, folder: Path) -> tuple[str, dict[str, str], list[str]]:
    """A service account whose tokens are to be had at the server itself."""
    rsa: Any = pytest.importorskip(
        "cryptography.hazmat.primitives.asymmetric.rsa", reason="needs cryptography"
    )
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = folder / "account.json"
    account.write_text(
        json.dumps(
            {
                "type": "service_account",
                "private_key": key.decode(),
                "private_key_id": "key-id",
                "client_email": "films@example.iam.gserviceaccount.com",
                "token_uri": f"{url}/token",
                "gcs_base_url": url,
            }
        )
    )
    return at, {"GOOGLE_SERVICE_ACCOUNT": str(account)}, [key.decode().splitlines()[2], str(account)]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_secret_is_said(kind: str, film: Film, tmp_path: Path) -> None:
    """No key, token, signature or path of this machine is in any answer, on stdout or on stderr."""
    heard: list[Said] = []
    signatures: set[str] = set()
    log = tmp_path / "stderr"
    with running(kind if kind != "folder" else "http") as store, log.open("wb") as stderr:
        store.put("films/a.mp4", film.path.read_bytes())
        store.put("films/b.mp4", b"no film")
        words, environment, secrets = source(kind, store.url, film, tmp_path)
        settings = environment | {
            "FRAMEFETCH_KEYS": f"{CALLER.access_key_id}:{CALLER.secret} token={CALLER.security_token}",
            "FRAMEFETCH_BUCKET": "films",
            "FRAMEFETCH_ACCESS": "signed",
            "FRAMEFETCH_INDEX_CACHE": "off",
            "FRAMEFETCH_TIMEOUT_S": "2",
            "RUST_LOG": "trace",
        }
        with serving(words, settings=settings, cwd=film.path.parent, stderr=stderr) as server:
            endpoint = f"http://127.0.0.1:{server.port}"
            for trouble in TROUBLE:
                for key in ("a.mp4",) if trouble else ("a.mp4", "b.mp4", "none.mp4"):
                    store.faults.clear()
                    store.faults += [trouble] * 3 if trouble else []
                    url = snapshot_url(
                        "films",
                        key,
                        "video/snapshot,t_500",
                        CALLER,
                        endpoint=endpoint,
                        expires_s=60,
                        version="v1",
                    )
                    target = url.removeprefix(endpoint)
                    signatures |= set(re.findall(r"[Ss]ignature=([^&]+)", target))
                    heard += [server.ask(target), server.ask(f"{target}x")]
            heard.append(server.ask(target, "HEAD"))
            heard += [server.ask(f"/films/a.mp4?x-oss-process=video/snapshot,t_{CALLER.secret}")]
            output = "".join(server.greeting)
            server.stop()
            assert server.process.stdout is not None
    assert {said.status for said in heard} >= {200, 403, 404, 502} if kind not in ("gs", "folder") else heard
    # What a caller sent comes back to that caller, as OSS tells what it was given; it is not in the log.
    given = [CALLER.security_token or "", *signatures]
    secrets.append(CALLER.secret)
    logged = log.read_text("utf-8", "backslashreplace")
    assert '"status": ' in logged
    for said in heard:
        output += f"{said.headers}\n{said.body.decode('latin-1')}\n"
        output += base64.b64decode(said.headers.get("x-oss-err", "")).decode()
    for one in (*secrets, *given):
        for secret in (one, quote(one, safe=""), unquote(one)):
            assert secret not in logged
            assert one in given or secret not in output


@pytest.mark.parametrize(
    "key", ["<script>alert(1)</script>.mp4", '"><img src=x onerror=alert(1)>', "a'--&amp;.html"]
)
def test_a_name_is_never_html(key: str, film: Film) -> None:
    """Whatever an object is called, and however an answer ends, a browser finds nothing in it to run."""
    with serving(film.path.parent) as server:
        process = "?x-oss-process=video/snapshot,t_0"
        for target in (
            f"/{quote(key)}{process}",
            f"/{quote(key)}",
            f"/{film.path.name}{process},{quote(key)}",
            f"/{film.path.name}?x-oss-process={quote(key)}",
            f"/{film.path.name}{process}",
            "/healthz",
        ):
            for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
                said = server.ask(target, method)
                assert said.headers["x-content-type-options"] == "nosniff", (method, target)
                assert "default-src 'none'" in said.headers["content-security-policy"], (method, target)
                kind = said.headers.get("content-type", "application/xml").partition(";")[0]
                assert kind in ("image/jpeg", "application/xml", "application/json", "text/plain")
                assert key.encode() not in said.body
