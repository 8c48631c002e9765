import datetime as dt
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from framefetch.http.call import Call, percent_decode
from framefetch.signing import KeyPair, Keyring, authorization, presign, verify
from framefetch.signing.v1 import is_ambiguous

oss2 = pytest.importorskip("oss2", reason="needs oss2")

NOW = 1768464000
PLAIN = KeyPair("ak", "sk")
SESSION = KeyPair("ak", "sk", "CAIS/a+b==")
REGION = "cn-hangzhou"
HOST = "oss-cn-hangzhou.aliyuncs.com"

texts = some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
keys = texts.filter(lambda key: bool(key.strip()) and not key.startswith("?"))
processes = some.one_of(
    some.sampled_from(["video/snapshot,t_17000,f_jpg,w_800,h_600", "style/a b"]), texts.filter(str.strip)
)
pairs = some.sampled_from([PLAIN, SESSION])


@pytest.fixture(autouse=True, scope="module")
def _clock() -> Any:
    """oss2 reads the clock itself; here it reads NOW."""
    patch = pytest.MonkeyPatch()
    patch.setattr(
        "oss2.auth.datetime", SimpleNamespace(utcnow=lambda: dt.datetime.fromtimestamp(NOW, dt.UTC))
    )
    patch.setattr("oss2.auth.time", SimpleNamespace(time=lambda: NOW))
    patch.setattr("oss2.utils.http_date", lambda: "Thu, 15 Jan 2026 08:00:00 GMT")
    yield
    patch.undo()


def bucket_of(pair: KeyPair, version: str, endpoint: str = f"https://{HOST}", **options: Any) -> Any:
    provider = oss2.credentials.StaticCredentialsProvider(
        pair.access_key_id, pair.secret, pair.security_token
    )
    auth = oss2.ProviderAuth(provider) if version == "v1" else oss2.ProviderAuthV4(provider)
    return oss2.Bucket(auth, endpoint, "examplebucket", region=REGION, **options)


def ours(pair: KeyPair, version: Any, key: str, process: str, **options: Any) -> str:
    arguments: dict[str, Any] = {"endpoint": f"https://{HOST}", "expires_s": 3600, **options}
    return presign(
        key,
        pair,
        bucket="examplebucket",
        now=NOW,
        region=REGION,
        version=version,
        parameters=(("x-oss-process", process),),
        **arguments,
    )


@settings(max_examples=150, deadline=None)
@given(key=keys, process=processes, pair=pairs, slash_safe=some.booleans())
def test_a_v4_url_is_the_one_that_oss2_makes_and_it_verifies(
    key: str,
    process: str,
    pair: KeyPair,
    slash_safe: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """For every key and process string our V4 URL equals oss2's, byte for byte, and is accepted."""
    params = {"x-oss-process": process}
    theirs = bucket_of(pair, "v4").sign_url("GET", key, 3600, params=params, slash_safe=slash_safe)
    assert ours(pair, "v4", key, process, slash_safe=slash_safe) == theirs
    assert accepted(theirs, pair, key)


@settings(max_examples=150, deadline=None)
@given(key=keys, process=processes, pair=pairs, slash_safe=some.booleans())
def test_a_v1_url_is_the_one_that_oss2_makes_and_it_verifies(
    key: str,
    process: str,
    pair: KeyPair,
    slash_safe: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """The same for V1, for every key and process string that V1 can tell from others."""
    params = {"x-oss-process": process}
    assume(not is_ambiguous(key, tuple(params.items())))
    theirs = bucket_of(pair, "v1").sign_url("GET", key, 3600, params=params, slash_safe=slash_safe)
    assert ours(pair, "v1", key, process, slash_safe=slash_safe) == theirs
    assert accepted(theirs, pair, key)


def accepted(url: str, pair: KeyPair, key: str) -> bool:
    target = url.removeprefix(f"https://examplebucket.{HOST}")
    path, _, query = target.partition("?")
    assert percent_decode(path[1:]) == key
    signed = verify(Call("GET", path, query), "examplebucket", key, Keyring((pair,)), REGION, NOW)
    return signed is not None and signed.seconds_left == 3600


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        ("http://127.0.0.1:18080", {}),
        ("http://localhost:18080", {}),
        ("https://media.example.com", {"cname": True}),
        (f"https://{HOST}", {}),
    ],
)
def test_urls_are_addressed_as_oss2_addresses_them(
    version: str, endpoint: str, options: dict[str, bool]
) -> None:
    """Path style on an IP or localhost, the bare host for a CNAME, else the bucket before the host."""
    bucket = bucket_of(PLAIN, version, endpoint, is_cname=bool(options))
    theirs = bucket.sign_url("GET", "a/b c.mp4", 60, params={"x-oss-process": "style/x"}, slash_safe=True)
    assert ours(PLAIN, version, "a/b c.mp4", "style/x", endpoint=endpoint, expires_s=60, **options) == theirs


def test_signed_headers_are_signed_as_oss2_signs_them() -> None:
    """A URL for a request with extra headers, some of them listed as additional, equals oss2's."""
    headers = {"content-type": "video/mp4", "range": "bytes=0-3", "x-oss-meta-a": "b", "zulu": "z"}
    names = ["zulu", "range", "absent", "content-type"]
    theirs = bucket_of(SESSION, "v4").sign_url(
        "GET", "k", 60, headers=dict(headers), params={"x-oss-process": "p"}, additional_headers=names
    )
    given_headers = tuple(headers.items())
    assert (
        ours(SESSION, "v4", "k", "p", expires_s=60, headers=given_headers, additional=tuple(names)) == theirs
    )


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("pair", [PLAIN, SESSION])
@pytest.mark.parametrize("key", ["a.mp4", "目录/视频 1+2.mp4", "100%/a?b#c&d=e;f,g@h:i$j.mp4", "a//b/./c"])
def test_a_signed_request_is_the_one_that_oss2_sends_and_it_verifies(
    version: Any, pair: KeyPair, key: str
) -> None:
    """The headers that we sign a request with equal oss2's, and such a request is accepted."""
    parameters = (("x-oss-process", "video/snapshot,t_0"),)
    request = SimpleNamespace(
        method="GET",
        headers={"content-type": "video/mp4", "x-oss-meta-a": "b"},
        params=dict(parameters),
        region=REGION,
        product="oss",
        cloudbox_id=None,
    )
    plain = tuple(request.headers.items())
    bucket_of(pair, version).auth._sign_request(request, "examplebucket", key)
    added = authorization(
        key,
        pair,
        bucket="examplebucket",
        now=NOW,
        region=REGION,
        version=version,
        parameters=parameters,
        headers=plain,
    )
    assert dict(plain + added) == request.headers
    call = Call("GET", f"/{quote(key)}", f"x-oss-process={quote(parameters[0][1])}", plain + added)
    signed = verify(call, "examplebucket", key, Keyring((pair,)), REGION, NOW + 100)
    assert signed is not None
    assert (signed.kind, signed.version, signed.seconds_left) == ("header", version, 800)
