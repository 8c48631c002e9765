"""Who is let in, what for, and what the others are told."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from framefetch.access.grants import Access
from framefetch.http.call import Call
from framefetch.settings import BadSetting, Settings
from framefetch.signing import presign
from framefetch.snapshot import Service
from tests.access.asking import (
    BUCKET,
    HOST,
    KEYS,
    NOW,
    PAIR,
    PROCESS,
    QUERY,
    REGION,
    Deployment,
    code,
    deployment,
    signed_headers,
    url,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Deploy = Callable[..., Deployment]


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    return lambda **settings: deployment(tmp_path, monkeypatch, **settings)


def signed(parameters: tuple[tuple[str, str], ...], key: str = "film.mp4") -> str:
    return presign(
        key, PAIR, bucket=BUCKET, endpoint=f"https://{HOST}", cname=True, now=NOW, region=REGION,
        parameters=parameters,
    )  # fmt: skip


def test_no_signature_tells_nothing_and_costs_nothing(deploy: Deploy) -> None:
    """Unsigned, expired or wrongly signed: no request to the store, and one answer for every object."""
    made = deploy()
    wrong = url().replace("t_400", "t_401")
    for ask in (
        made.ask,
        lambda key: made.ask(key, method="HEAD"),
        lambda key: made.ask(key, QUERY + ",t_-1"),
        lambda key: made.open(url(key, now=NOW - 7200)),
        lambda key: made.open(wrong.replace("film", key[:-4])),
        lambda key: made.ask(key, headers=(("authorization", "OSS x:y"),)),
    ):
        there, missing = ask("film.mp4"), ask("none.mp4")
        assert there.status == missing.status in (400, 403)
        assert there.header("cache-control") == missing.header("cache-control") == "no-store"
        assert code(there) == code(missing)
        assert b"NoSuchKey" not in there.body + missing.body
    assert made.source.opened == []


def test_signed_is_the_default_of_all_but_folders() -> None:
    """Without a word on access, a folder is public and any other source has to be signed for."""
    assert Access.of(Settings(source="films")).signed == {"": False}
    assert Access.of(Settings(source="s3://films", keys=KEYS)).signed == {"films": True}
    for source in ("s3://films", "https://example.com/x", "oss://films?region=cn-hangzhou"):
        with pytest.raises(BadSetting, match="FRAMEFETCH_KEYS"):
            Access.of(Settings(source=source))
        assert not any(Access.of(Settings(source=source, access="public")).signed.values())
    with pytest.raises(BadSetting, match="FRAMEFETCH_BUCKET"):
        Access.of(Settings(source="https://example.com/x", keys=KEYS))


def test_each_bucket_has_its_own_access() -> None:
    """In a map each bucket is signed or public by its line, else by the setting, else by its source."""
    lines = "=one=s3://one\n=two=s3://two access=public\n=three=/films\n=four=/films access=signed"
    rules = Access.of(Settings(buckets=lines, keys=KEYS))
    assert rules.signed == {"one": True, "two": False, "three": False, "four": True}
    rules = Access.of(Settings(buckets=lines, keys=KEYS, access="signed"))
    assert rules.signed == {"one": True, "two": False, "three": True, "four": True}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"buckets": "nonsense"}, "line 1 of the bucket map"),
        ({"buckets": "# none"}, "no bucket"),
        (
            {"buckets": "# one\n=one=s3://one access=public prefix="},
            "line 2 of the bucket map is not .*'prefix='",
        ),
        ({"buckets": "=one=s3://one access=public access=signed"}, "'access=signed'"),
        ({"buckets": "=one=s3://one style=a"}, "'style=a'"),
        ({"keys": "LTAIx"}, "LTAIx has no secret"),
        ({"styles": "cover"}, "line 1 of the styles"),
        ({"styles": "cover=video/snapshot,t_x"}, "the style cover"),
        ({"styles": "a b=video/snapshot"}, "a style's name"),
        ({"styles": "a=video/snapshot\na=video/snapshot"}, "twice"),
        ({"styles": "{"}, "JSON"),
        ({"styles": '{"a": 1}'}, "texts"),
        ({"styles": '["a"]'}, "texts"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], said: str) -> None:
    """A map, a key or a style that cannot be read ends the start, and is named."""
    with pytest.raises(BadSetting, match=said):
        Access.of(Settings(source="films", **settings))


def test_a_map_leads_to_its_sources(tmp_path: Path) -> None:
    """Each host leads to its bucket's own source: CNAME, virtual host, path style; no other does."""
    lines = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.mp4").write_bytes(b"not a film")
        lines.append(f"{name}.example,*.base.example={name}-bucket={tmp_path / name}")
    service = Service(Settings(buckets="\n".join(lines), access="public"))

    def said(host: str, path: str) -> str:
        return code(service.answer(Call("GET", path, QUERY, (("host", host),))))

    for host, path in (
        ("one.example", "/one.mp4"),
        ("two.example:8080", "/two.mp4"),
        ("two-bucket.base.example", "/two.mp4"),
        ("127.0.0.1", "/one-bucket/one.mp4"),
        ("localhost:9", "/two-bucket%2Ftwo.mp4"),
    ):
        assert said(host, path) == "BadRequest", (host, path)
    assert said("one.example", "/two.mp4") == "NoSuchKey"
    for host, path in (
        ("three.example", "/one.mp4"),
        ("x.base.example", "/one.mp4"),
        ("localhost", "/one.mp4"),
    ):
        assert said(host, path) == "NoSuchBucket", (host, path)


def test_no_source_is_no_folder() -> None:
    """A deployment that is not told where its videos are does not start, and serves no folder by chance."""
    with pytest.raises(BadSetting, match="FRAMEFETCH_SOURCE"):
        Service(Settings())


def test_public_by_prefix_and_style(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Public access limited to a prefix and to named styles lets nothing else in without a signature."""
    line = f"{HOST}={BUCKET}=/films access=public prefix=open/ styles=cover"
    rules = Access.of(Settings(buckets=line, keys=KEYS, styles=f"cover={PROCESS}\nother={PROCESS}"))
    made = deployment(tmp_path, monkeypatch)
    made.service.access = rules
    for key, query, allowed in (
        ("open/a.mp4", "x-oss-process=style/cover", True),
        ("open/a.mp4", "x-oss-process=style/other", False),
        ("open/a.mp4", QUERY, False),
        ("shut/a.mp4", "x-oss-process=style/cover", False),
        ("open/../shut/a.mp4", "x-oss-process=style/cover", False),
        ("open%2F..%2Fshut/a.mp4", "x-oss-process=style/cover", False),
    ):
        assert (made.ask(key, query).status == 404) is allowed, (key, query)
    assert made.source.opened == ["open/a.mp4"]


def test_what_only_a_signature_opens_in_a_public_bucket_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caches of a public bucket do not look at signatures: what is not for all is private, no-store."""
    line = f"{HOST}={BUCKET}=/films access=public prefix=film styles=cover"
    made = deployment(tmp_path, monkeypatch)
    shutil.copy(tmp_path / "film.mp4", tmp_path / "shut.mp4")
    made.service.access = Access.of(Settings(buckets=line, keys=KEYS, styles=f"cover={PROCESS}"))
    monkeypatch.setattr(made.service, "_sources", {BUCKET: made.source})
    for signed_for, kept in (
        (url("film.mp4", "style/cover"), True),
        (url("film.mp4"), False),
        (url("shut.mp4", "style/cover"), False),
        (signed((("x-oss-process", "style/cover"), ("response-content-type", "text/plain"))), False),
    ):
        answer = made.open(signed_for)
        assert answer.status == 200, answer.body
        assert (answer.header("cache-control") != "private, no-store") is kept, signed_for


def test_styles(deploy: Deploy) -> None:
    """A style is the picture of what it stands for, ETag and all; an unknown one is NoSuchStyle."""
    made = deploy(access="public", styles=f"cover={PROCESS}")
    cover = made.ask(query="x-oss-process=style/cover")
    assert cover.status == 200
    assert cover.header("etag") == made.ask().header("etag")
    for name in ("none", "", "cover,t_1", "Cover"):
        assert code(made.ask(query=f"x-oss-process=style/{name}")) == "NoSuchStyle"


def test_style_only(deploy: Deploy) -> None:
    """In style-only mode nothing but styles is answered, signed or not."""
    made = deploy(access="public", styles=f"cover={PROCESS}", style_only=True)
    assert made.ask(query="x-oss-process=style/cover").status == 200
    for answer in (made.ask(), made.open(url())):
        assert (answer.status, code(answer)) == (403, "AccessDenied")
        assert b"only accessed using style" in answer.body


def keeps(*seconds: int) -> list[str]:
    return [f"public, max-age={left}, must-revalidate" for left in seconds]


def test_presigned_is_kept_no_longer_than_it_holds(deploy: Deploy) -> None:
    """A presigned picture, its errors and its 304 carry a max-age of at most the time that is left."""
    made = deploy(max_age_s=3600)
    made.at(NOW + 3000)
    picture = made.open(url(expires_s=3600))
    assert picture.status == 200
    assert picture.header("cache-control") in keeps(599, 600)
    etag = picture.header("etag")
    assert etag is not None
    fresh = made.open(url(expires_s=3005), headers=(("if-none-match", etag),))
    assert fresh.status == 304
    assert fresh.header("cache-control") in keeps(4, 5)
    missing = made.open(url("none.mp4", expires_s=3005))
    assert missing.status == 404
    assert missing.header("cache-control") in keeps(4, 5)
    long = made.open(url(expires_s=86_400))
    assert long.header("cache-control") == "public, max-age=3600, must-revalidate"


def test_header_signed_is_not_kept(deploy: Deploy) -> None:
    """What a signature in a header opens is kept by nobody: the header is in no cache's key."""
    made = deploy()
    parameters = (("x-oss-process", PROCESS),)
    for key in ("film.mp4", "none.mp4"):
        answer = made.ask(key, headers=signed_headers(parameters, key))
        assert answer.status == (200 if key == "film.mp4" else 404)
        assert answer.header("cache-control") == "private, no-store"


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_presigned_for_a_header_is_not_kept(deploy: Deploy, version: Any) -> None:
    """What a URL opens only together with a header is kept by nobody; the host is in every cache's key."""

    def keeping(*headers: tuple[str, str]) -> str | None:
        made = deploy()
        signed = presign(
            "film.mp4",
            PAIR,
            bucket=BUCKET,
            endpoint=f"https://{HOST}",
            cname=True,
            now=NOW,
            region=REGION,
            version=version,
            parameters=(("x-oss-process", PROCESS),),
            headers=headers,
            additional=("referer", "host"),
        )
        answer = made.open(signed, headers=tuple(one for one in headers if one[0] != "host"))
        assert answer.status == 200
        return answer.header("cache-control")

    assert keeping(("x-oss-meta-of", "me")) == "private, no-store"
    assert keeping(("content-type", "text/plain")) == "private, no-store"
    shared = keeping(("host", HOST))
    assert shared is not None
    assert shared.startswith("public, max-age=")
    by_referer = keeping(("referer", "https://a.example"))
    assert by_referer == (shared if version == "v1" else "private, no-store")


def test_overrides(deploy: Deploy) -> None:
    """The six response-* parameters change the headers of a signed 200, and of nothing else."""
    made = deploy()
    wanted = {
        "response-content-type": "image/x-mine",
        "response-content-language": "zh",
        "response-expires": "Thu, 15 Jan 2026 08:00:00 GMT",
        "response-cache-control": "private, max-age=5",
        "response-content-disposition": 'attachment; filename="a b.jpg"',
        "response-content-encoding": "identity",
    }
    parameters = (("x-oss-process", PROCESS), *wanted.items())
    answer = made.open(signed(parameters))
    assert answer.status == 200
    for name, value in wanted.items():
        lower = name.removeprefix("response-")
        assert [said for header, said in answer.headers if header.lower() == lower] == [value]
    missing = made.open(signed(parameters, "none.mp4"))
    assert (missing.status, missing.header("content-type")) == (404, "application/xml")
    assert missing.header("content-disposition") is None


@pytest.mark.parametrize("value", ["", "a\r\nSet-Cookie: b=c", "中", "\0", "a" * 2000])
def test_bad_overrides(deploy: Deploy, value: str) -> None:
    """A value that could not be one header is refused, even signed."""
    answer = deploy().open(signed((("x-oss-process", PROCESS), ("response-content-type", value))))
    assert (answer.status, code(answer)) == (400, "InvalidArgument")


def test_overrides_need_a_signature(deploy: Deploy) -> None:
    """Nobody changes the headers of a public picture."""
    answer = deploy(access="public").ask(query=f"{QUERY}&response-content-type=text/html")
    assert (answer.status, code(answer)) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "name",
    "acl uploads uploadId partNumber tagging restore symlink append position objectMeta callback versions "
    "x-oss-async-process x-oss-ac-source-ip live style".split(),
)
def test_subresources_are_not_served(deploy: Deploy, name: str) -> None:
    """A sub-resource is 400 NotImplemented, signed or public, with a process or without."""
    made = deploy(access="public")
    for answer in (
        made.ask(query=f"{QUERY}&{name}"),
        made.ask(query=f"{name}=1"),
        made.open(signed((("x-oss-process", PROCESS), (name, "")))),
    ):
        assert (answer.status, code(answer)) == (400, "NotImplemented")
        assert name.encode() in answer.body
    assert made.source.opened == []


@pytest.mark.parametrize(
    "more", ["spm=a1.b2", "x=1&y", "utm_source=x%2Fy", "status=1", "x-oss-traffic-limit=9"]
)
def test_foreign_parameters_are_tolerated(deploy: Deploy, more: str) -> None:
    """On a public bucket what trackers add changes nothing, the ETag neither."""
    made = deploy(access="public")
    plain, tracked = made.ask(), made.ask(query=f"{more}&{QUERY}")
    assert (tracked.status, tracked.header("etag")) == (200, plain.header("etag"))


def test_versions_need_a_store_that_has_them(deploy: Deploy) -> None:
    """versionId on a store without versions is NotImplemented; an empty one is InvalidArgument."""
    made = deploy(access="public")
    assert code(made.ask(query=f"{QUERY}&versionId=CAEQ1")) == "NotImplemented"
    assert code(made.ask(query=f"{QUERY}&versionId=")) == "InvalidArgument"


def test_post_is_refused_clearly(deploy: Deploy) -> None:
    """POST is NotImplemented and says what to do; other methods are not allowed."""
    made = deploy()
    assert (made.ask(method="POST").status, code(made.ask(method="POST"))) == (400, "NotImplemented")
    assert code(made.ask(method="DELETE")) == "MethodNotAllowed"
    assert made.source.opened == []


def test_a_pair_with_a_prefix(deploy: Deploy) -> None:
    """A key pair that may read a prefix only signs for nothing else."""
    made = deploy(keys=f"{KEYS} prefix=mine/")
    answer = made.open(url("film.mp4"))
    assert (answer.status, code(answer)) == (403, "AccessDenied")
    assert made.open(url("mine/none.mp4")).status == 404


def test_path_style_where_sdks_use_it(deploy: Deploy) -> None:
    """On an IP or localhost the bucket is in the path; a wrong one is NoSuchBucket, before all else."""
    made = deploy()
    for host in ("127.0.0.1:8000", "localhost", "[::1]:80"):
        address = url(endpoint=f"http://{host}", cname=False)
        assert f"/{BUCKET}/film.mp4" in address
        assert made.open(address).status == 200
        assert code(made.ask("other-bucket/film.mp4", host=host)) == "NoSuchBucket"


def test_a_public_folder_needs_no_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one public source is all, a path is a key, on localhost too."""
    made = deployment(tmp_path, monkeypatch, keys="", bucket="", access="public")
    assert made.ask(host="127.0.0.1:8000").status == 200


def test_nothing_secret_is_logged_or_shown(deploy: Deploy, caplog: pytest.LogCaptureFixture) -> None:
    """No secret, token, signature or query gets into the log, a repr or a message."""
    caplog.set_level(logging.DEBUG)
    token = "CAIStoken+secret/=="
    made = deploy(keys=f"{KEYS} token={token}")
    pair = type(PAIR)(PAIR.access_key_id, PAIR.secret, token)
    good = presign(
        "film.mp4", pair, bucket=BUCKET, endpoint=f"https://{HOST}", cname=True, now=NOW, region=REGION,
        parameters=(("x-oss-process", PROCESS),),
    )  # fmt: skip
    signature = good.partition("x-oss-signature=")[2]
    assert made.open(good).status == 200
    assert made.open(good.replace("t_400", "t_401")).status == 403
    settings = made.service.settings
    said = caplog.text + repr(settings) + repr(made.service.access)
    assert PAIR.access_key_id in caplog.text
    for secret in (PAIR.secret, token, quote(token, safe=""), signature, "x-oss-signature"):
        assert secret not in said
    with pytest.raises(BadSetting) as caught:
        Settings.from_environment({"FRAMEFETCH_KEYS": KEYS, "FRAMEFETCH_ACCESS": "x"})
    assert PAIR.secret not in str(caught.value)
