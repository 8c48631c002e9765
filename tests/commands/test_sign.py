"""``framefetch sign``: the URLs that it prints, and what it says where it cannot."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import oss2
import pytest

from framefetch.__main__ import main
from framefetch.http.call import Call
from framefetch.links import snapshot_url
from framefetch.signing import KeyPair, Keyring, verify

KEY_ID, SECRET = "LTAI5tSignKeyId000", "SignSecret000000000000"
KEY = "dir/v +1~中.mp4"
REGION = ("--region", "cn-hangzhou")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEFETCH_KEYS", f"{KEY_ID}:{SECRET}\nLTAIother:other")
    for name in ("ALIBABA_CLOUD", "OSS"):
        monkeypatch.delenv(f"{name}_ACCESS_KEY_ID", raising=False)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["sign", *arguments]) == 0
    return capsys.readouterr().out.removesuffix("\n")


def by_oss2(monkeypatch: pytest.MonkeyPatch, url: str, process: str, **options: Any) -> str:
    """What oss2 signs at the clock at which the URL was signed."""
    query = dict(parse_qsl(urlsplit(url).query))
    endpoint = options.pop("endpoint", "https://oss-cn-hangzhou.aliyuncs.com")
    cname = options.pop("is_cname", False)
    if "Expires" in query:
        now = int(query["Expires"]) - 3600
        monkeypatch.setattr(oss2.auth.time, "time", lambda: now)
        auth, lasting = oss2.Auth(KEY_ID, SECRET), 3600
    else:
        lasting = int(query["x-oss-expires"])
        at = oss2.auth.datetime.strptime(query["x-oss-date"], "%Y%m%dT%H%M%SZ")

        class Clock(oss2.auth.datetime):  # type: ignore[misc]
            @classmethod
            def utcnow(cls) -> Any:
                return at

        monkeypatch.setattr(oss2.auth, "datetime", Clock)
        auth = oss2.AuthV4(KEY_ID, SECRET)
    bucket = oss2.Bucket(auth, endpoint, "examplebucket", region="cn-hangzhou", is_cname=cname)
    return str(bucket.sign_url("GET", KEY, lasting, params={"x-oss-process": process}, **options))


OPTIONS = ("-t", "17s", "-W", "800", "-H", "600", "-f", "png", "--fast", "--rotate", "auto")
PROCESS = "video/snapshot,t_17000,f_png,w_800,h_600,m_fast,ar_auto"


@pytest.mark.parametrize("version", [(), ("--v1",)])
@pytest.mark.parametrize("slashes", [(), ("--encode-slashes",)])
def test_equal_to_oss2(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[str, ...],
    slashes: tuple[str, ...],
) -> None:
    """The URL is, byte for byte, the one that oss2 signs at the same clock."""
    url = printed(capsys, f"oss://examplebucket/{KEY}", *OPTIONS, *REGION, *version, *slashes)
    assert url == by_oss2(monkeypatch, url, PROCESS, slash_safe=not slashes)


def test_another_server(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint may be a domain of the bucket's own, or an address of this machine."""
    cname = printed(
        capsys, f"oss://examplebucket/{KEY}", *REGION, "--endpoint", "https://media.example.com", "--cname"
    )
    process = "video/snapshot,t_0,f_jpg"
    assert cname == by_oss2(
        monkeypatch, cname, process, endpoint="https://media.example.com", is_cname=True, slash_safe=True
    )
    local = printed(capsys, f"oss://examplebucket/{KEY}", *REGION, "--endpoint", "http://127.0.0.1:8000")
    assert local == by_oss2(monkeypatch, local, process, endpoint="http://127.0.0.1:8000", slash_safe=True)


def test_grid(capsys: pytest.CaptureFixture[str]) -> None:
    """With a grid, the end is a multiple of it and no earlier than asked."""
    query = dict(
        parse_qsl(
            urlsplit(printed(capsys, "oss://examplebucket/v.mp4", "--v1", "--grid", "5m", *REGION)).query
        )
    )
    assert int(query["Expires"]) % 300 == 0


def test_style_and_key_id(capsys: pytest.CaptureFixture[str]) -> None:
    """A style by its name, and a key pair by its id."""
    url = printed(capsys, "oss://examplebucket/v.mp4", *REGION, "--style", "cover", "--key-id", "LTAIother")
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["x-oss-process"] == "style/cover"
    assert query["x-oss-credential"].startswith("LTAIother/")


def test_the_function_says_the_same() -> None:
    """`snapshot_url` makes a URL that the server lets in until its time is over."""
    pair = KeyPair(KEY_ID, SECRET)
    url = snapshot_url(
        "examplebucket", KEY, PROCESS, pair, endpoint="https://h.example", region="cn-hangzhou",
        expires_s=60, now=1_768_464_000,
    )  # fmt: skip
    parts = urlsplit(url)
    signed = verify(
        Call("GET", parts.path, parts.query),
        "examplebucket",
        KEY,
        Keyring((pair,)),
        "cn-hangzhou",
        1_768_464_059,
    )
    assert signed is not None
    assert signed.seconds_left == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("oss://examplebucket/v.mp4",), "--endpoint"),
        (("oss://examplebucket/v.mp4", "--endpoint", "https://media.example.com"), "--region"),
        (("oss://examplebucket", *REGION), "names no object"),
        (("s3://examplebucket/v.mp4", *REGION), "names no object"),
        (("oss://examplebucket/v.mp4", *REGION, "--expires", "8d"), "604800"),
        (("oss://examplebucket/v.mp4", *REGION, "--expires", "soon"), "--expires"),
        (("oss://examplebucket/v.mp4", *REGION, "--key-id", "LTAInone"), "LTAInone"),
    ],
)
def test_what_cannot_be_signed(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """A wrong use is one line on stderr and exit code 2, and never shows a secret."""
    assert main(["sign", *arguments]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert said in error
    assert len(error.splitlines()) == 1
    assert SECRET not in error


def test_settings_hide_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    """``framefetch settings`` shows that there are keys, and not which."""
    assert main(["settings"]) == 0
    out = capsys.readouterr().out
    assert "FRAMEFETCH_KEYS=***" in out
    assert SECRET not in out


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("SOURCE", "https://h.example/films?sig=a%3D&b=c?d", "https://h.example/films?***"),
        ("SOURCE", "HTTPS://h.example?sig=a", "HTTPS://h.example?***"),
        ("SOURCE", "s3://films/a?region=r&endpoint=https://h", "s3://films/a?region=r&endpoint=https://h"),
        (
            "BUCKETS",
            "a.example=films=https://h/f?sig=a access=public\n=other=https://h",
            "a.example=films=https://h/f?*** access=public\n=other=https://h",
        ),
        (
            "BUCKETS",
            '[{"bucket": "films", "source": "https://h/f?sig=a", "host": "a"}]',
            '[{"bucket": "films", "source": "https://h/f?***", "host": "a"}]',
        ),
    ],
)
def test_settings_hide_what_opens_a_web_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str
) -> None:
    """Of a source on a web server the query is hidden, which may be a token; options of stores are not."""
    monkeypatch.setenv(f"FRAMEFETCH_{name}", value)
    assert main(["settings"]) == 0
    assert f"FRAMEFETCH_{name}={shown} (default none)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--style", "cover", "-t", "5s"), "leave out -t, -W and the like"),
        (("--style", ""), "is no style's name"),
        (("--style", "a,b"), "is no style's name"),
        (("--region", "cn hangzhou"), "--region is of a-z"),
        (("--endpoint", "ftp://media.example.com"), "--endpoint is https://host"),
        (("--endpoint", "https://media example"), "--endpoint is https://host"),
        (("--endpoint", "https://"), "--endpoint is https://host"),
        (("--endpoint", "https://a:b@media.example.com"), "--endpoint is https://host"),
    ],
)
def test_what_no_url_can_be_made_of(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """A style beside what says another picture, or a host that is none, is refused."""
    assert main(["sign", "oss://examplebucket/v.mp4", *REGION, *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
