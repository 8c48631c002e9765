import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from framefetch.access.buckets import Bucket, BucketMap, parse
from framefetch.errors import NoSuchBucket
from framefetch.signing.presign import is_ip_or_localhost
from tests.signing.vectors import header_signed, presigned

OSS = "oss://examplebucket?endpoint=https://oss-cn-hangzhou-internal.aliyuncs.com&region=cn-hangzhou"
MAP = parse(
    f"""
# host = bucket = source
media.example.com,*.oss-cn-hangzhou.aliyuncs.com=examplebucket={OSS}
*.oss-cn-hangzhou.aliyuncs.com=films=s3://films/a=b access=public prefix=open/ styles=small,large
=hidden=/srv/films region=oss-cn-beijing
localhost:8443=examplehost=https://origin.example.com/v?x=1
"""
)
ANY = parse("*=films=s3://films\nmedia.example.com=other-films=s3://other")


@pytest.mark.parametrize(
    ("host", "path", "bucket", "left"),
    [
        ("media.example.com", "/a/b%2Fc", "examplebucket", "/a/b%2Fc"),
        ("MEDIA.Example.com:443", "/a", "examplebucket", "/a"),
        ("media.example.com.", "/a", "examplebucket", "/a"),
        ("examplebucket.oss-cn-hangzhou.aliyuncs.com", "//a/./b", "examplebucket", "//a/./b"),
        ("films.oss-cn-hangzhou.aliyuncs.com:80", "/examplebucket/a", "films", "/examplebucket/a"),
        ("127.0.0.1:18080", "/examplebucket/a//b", "examplebucket", "/a//b"),
        ("127.0.0.1", "/examplebucket%2Fa%2Fb", "examplebucket", "/a%2Fb"),
        ("127.0.0.1", "/examplebucket%2fa", "examplebucket", "/a"),
        ("127.0.0.1", "/example%62ucket/a", "examplebucket", "/a"),
        ("localhost", "/hidden/a", "hidden", "/a"),
        ("[::1]:80", "/films/", "films", "/"),
        ("[::1]", "/films", "films", "/"),
        ("localhost", "/films//a", "films", "//a"),
        ("localhost:8443", "/films/a", "examplehost", "/films/a"),
    ],
)
def test_a_bucket_is_found_as_the_sdks_name_it(host: str, path: str, bucket: str, left: str) -> None:
    """CNAME, virtual host and path style lead to the bucket, and leave the key's path as it arrived."""
    target = MAP.find(host, path)
    assert (target.bucket.name, target.path) == (bucket, left)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("", "/films/a"),
        ("example.com", "/films/a"),
        ("hidden.oss-cn-hangzhou.aliyuncs.com", "/a"),
        ("oss-cn-hangzhou.aliyuncs.com", "/films/a"),
        ("a.films.oss-cn-hangzhou.aliyuncs.com", "/a"),
        ("evilmedia.example.com", "/a"),
        ("media.example.com.evil.org", "/a"),
        ("127.0.0.1", "/"),
        ("127.0.0.1", ""),
        ("127.0.0.1", "//films/a"),
        ("127.0.0.1", "/Films/a"),
        ("127.0.0.1", "/film/a"),
        ("127.0.0.1", "/films%252Fa"),
        ("127.0.0.1.evil.org", "/films/a"),
        ("localhost.evil.org", "/films/a"),
    ],
)
def test_an_unknown_bucket_is_no_such_bucket(host: str, path: str) -> None:
    """A host or path that names nothing of the map is 404 NoSuchBucket."""
    with pytest.raises(NoSuchBucket):
        MAP.find(host, path)


def test_no_such_bucket_names_the_bucket_only_if_it_is_a_name() -> None:
    """The answer repeats what was asked for only where it has the form of a bucket's name."""
    with pytest.raises(NoSuchBucket) as refused:
        MAP.find("127.0.0.1", "/another/a")
    assert refused.value.extras == (("BucketName", "another"),)
    with pytest.raises(NoSuchBucket) as refused:
        MAP.find("127.0.0.1", "/%3Cb%3E/a")
    assert refused.value.extras == ()


def test_a_star_takes_every_other_host() -> None:
    """`*` leads hosts that no line names to one bucket, but an IP stays path style."""
    assert ANY.find("abc.lambda-url.eu-west-1.on.aws", "/a").bucket.name == "films"
    assert ANY.find("", "/a").bucket.name == "films"
    assert ANY.find("media.example.com", "/a").bucket.name == "other-films"
    assert ANY.find("10.0.0.1", "/other-films/a").bucket.name == "other-films"


def test_a_target_decodes_its_key_once() -> None:
    """The key is the path decoded once, without its leading slash; `+` stays a plus."""
    assert MAP.find("media.example.com", "/a%252F+%20b%2F").bucket.name == "examplebucket"
    assert MAP.find("media.example.com", "/a%252F+%20b%2F").key == "a%2F+ b/"


@given(some.text(max_size=60), some.text(max_size=60))
def test_finding_never_fails_otherwise(host: str, path: str) -> None:
    """Whatever Host and path say, the answer is a bucket or NoSuchBucket."""
    for buckets in (MAP, ANY):
        with suppress(NoSuchBucket):
            assert buckets.find(host, "/" + path).bucket in buckets.buckets


def test_the_recorded_requests_name_their_bucket() -> None:
    """Virtual host, CNAME and path style as real SDKs send them lead to the bucket and key they mean."""
    buckets = parse(f"media.example.com,localhost,*.oss-cn-hangzhou.aliyuncs.com=examplebucket={OSS}")
    found = 0
    for one in (*presigned(), *header_signed()):
        host = dict(one.call.headers)["host"]
        target = buckets.find(host, one.call.path)
        # ali-oss forges a virtual host when it speaks to an IP by path style; no server can know.
        if target.path == one.call.path and target.key != one.key:
            assert target.key == f"examplebucket/{one.key}"
            continue
        assert target.key == one.key
        found += 1
    assert found >= 740


def test_lines_and_json_say_the_same() -> None:
    """The map may be written as lines or as JSON; the values are the same."""
    rows = [
        {
            "host": ["media.example.com", "*.oss-cn-hangzhou.aliyuncs.com"],
            "bucket": "examplebucket",
            "source": OSS,
        },
        {
            "host": "*.oss-cn-hangzhou.aliyuncs.com",
            "bucket": "films",
            "source": "s3://films/a=b",
            "access": "public",
            "prefix": "open/",
            "styles": ["small", "large"],
        },
        {"bucket": "hidden", "source": "/srv/films", "region": "cn-beijing"},
        {
            "host": "localhost:8443",
            "bucket": "examplehost",
            "source": "https://origin.example.com/v?x=1",
        },
    ]
    assert parse(json.dumps(rows)) == MAP
    assert parse("") == BucketMap()


def test_a_line_is_all_that_a_bucket_is() -> None:
    """Source, region, access and its limits come from the line; an OSS source brings its region."""
    first, second, third, _ = MAP.buckets
    assert (first.source, first.region, first.access) == (OSS, "cn-hangzhou", None)
    assert second == Bucket(
        "films",
        "s3://films/a=b",
        ("*.oss-cn-hangzhou.aliyuncs.com",),
        "public",
        "",
        "open/",
        ("small", "large"),
    )
    assert (third.hosts, third.region) == ((), "cn-beijing")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("media.example.com=films", "line 1 .*HOST=BUCKET=SOURCE"),
        ("media.example.com=films=s3://films acces=public", "line 1 .*acces"),
        ("media.example.com=films=s3://films access=public access=signed", "line 1 .*access"),
        ("media.example.com=films=s3://films access=open", "access is signed or public"),
        ("media.example.com=films=s3://films access=signed prefix=a/", "limit public access"),
        ("media.example.com=films=", "source is missing"),
        ("media.example.com=Films=s3://films", "a bucket's name"),
        ("media.example.com=f/lms=s3://films", "a bucket's name"),
        ("https://media.example.com=films=s3://films", "not a host"),
        ("a.*.com=films=s3://films", "not a host"),
        ("a.com=films=s3://a\nb.com=films=s3://b", "the bucket films is .* twice"),
        ("a.com=films=s3://a\na.com=other=s3://b", "the host a.com is .* twice"),
        ('[{"bucket": "films"}]', "entry 1 .*source is missing"),
        ('[{"bucket": "films", "source": "x", "hosts": "a"}]', "entry 1 .*not an object of host"),
        ('[{"bucket": "films", "source": 1}]', "entry 1 .*texts"),
        ('[{"bucket": "films", "source": "x", "styles": [1]}]', "entry 1 .*texts"),
        ("[1]", "entry 1"),
        ("[", "not valid JSON"),
    ],
)
def test_a_bad_map_says_where(text: str, complaint: str) -> None:
    """A map that cannot be meant is a ValueError that names the place and what belongs there."""
    with pytest.raises(ValueError, match=complaint):
        parse(text)


@pytest.mark.parametrize(
    ("access", "default", "prefix", "styles", "key", "style", "admitted"),
    [
        (None, "signed", "", (), "a", None, False),
        (None, "public", "", (), "a", None, True),
        ("signed", "public", "", (), "a", None, False),
        ("public", "signed", "", (), "a", None, True),
        ("public", "signed", "open/", (), "open/a", None, True),
        ("public", "signed", "open/", (), "opened", None, False),
        ("public", "signed", "open/", (), "open/../a", None, False),
        ("public", "signed", "", (), "a/../b", None, True),
        ("public", "signed", "", ("small",), "a", "small", True),
        ("public", "signed", "", ("small",), "a", "large", False),
        ("public", "signed", "", ("small",), "a", None, False),
        ("public", "signed", "open/", ("small",), "a", "small", False),
    ],
)
def test_unsigned_requests_come_in_where_the_map_says_so(  # noqa: PLR0917 - one row of the table
    access: str,
    default: str,
    prefix: str,
    styles: tuple[str, ...],
    key: str,
    style: str,
    admitted: bool,  # noqa: FBT001
) -> None:
    """Public access is the bucket's or the default's, and ends at its prefix and its styles."""
    bucket = Bucket("films", "s3://films", (), access, "", prefix, styles)  # type: ignore[arg-type]
    assert bucket.admits_unsigned(key, style, default) is admitted  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3:80", True),
        ("localhost", True),
        ("localhost:80", True),
        ("[::1]:80", True),
        ("[::1]", True),
        ("[", True),
        ("", False),
        ("a.localhost", False),
        ("1.2.3", False),
        ("1.2.3.4.5", False),
        ("oss-cn-hangzhou.aliyuncs.com", False),
    ],
)
def test_path_style_is_for_addresses(host: str, expected: bool) -> None:  # noqa: FBT001 - the expected value
    """An IP or localhost, with or without a port, is addressed by path style; a name is not."""
    assert is_ip_or_localhost(host) is expected
