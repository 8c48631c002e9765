import re
from dataclasses import replace
from typing import Any

import pytest

from framefetch.errors import (
    AccessDenied,
    FramefetchError,
    InvalidAccessKeyId,
    NotImplementedHere,
    SignatureDoesNotMatch,
)
from framefetch.http.call import Call
from framefetch.signing import KeyPair, Keyring, authorization, presign, verify

NOW = 1768464000
REGION = "cn-hangzhou"
PAIR = KeyPair("ak", "sk")
RING = Keyring((PAIR,))
PROCESS = (("x-oss-process", "video/snapshot,t_0"),)


def in_url(version: Any, pair: KeyPair = PAIR, key: str = "k") -> Call:
    url = presign(
        key,
        pair,
        bucket="bucket",
        endpoint="http://h",
        now=NOW,
        region=REGION,
        version=version,
        parameters=PROCESS,
    )
    path, _, query = url.removeprefix("http://bucket.h").partition("?")
    return Call("GET", path, query)


def in_header(version: Any, pair: KeyPair = PAIR) -> Call:
    headers = authorization(
        "k", pair, bucket="bucket", now=NOW, region=REGION, version=version, parameters=PROCESS
    )
    return Call("GET", "/k", "x-oss-process=video/snapshot,t_0", headers)


def refusal(call: Call, ring: Keyring = RING, now: float = NOW) -> str:
    with pytest.raises(FramefetchError) as refused:
        verify(call, "bucket", "k", ring, REGION, now)
    error = refused.value
    assert error.max_age_s == 0
    assert error.retryable is False
    return f"{error.status} {error.code} {error.ec.removeprefix('0002-00000')}"


# What is done to the query of a good URL, by a regular expression; what comes out.
URL_CASES = [
    ("v1", r"&Expires=\d+", "", "403 AccessDenied 067"),
    ("v1", r"&Expires=\d+", "&Expires=", "403 AccessDenied 068"),
    ("v1", r"&Expires=\d+", "&Expires=abc", "403 AccessDenied 070"),
    ("v1", r"&Expires=\d+", "&Expires=-1", "403 AccessDenied 070"),
    ("v1", r"&Expires=\d+", "&Expires=%2B1768467600", "403 AccessDenied 070"),
    ("v1", r"&Expires=\d+", "&Expires=" + "9" * 5000, "403 AccessDenied 070"),
    ("v1", r"&Expires=\d+", "&Expires=%D9%A1", "403 AccessDenied 070"),
    ("v1", r"&Expires=\d+", "&Expires=1768463999", "403 AccessDenied 069"),
    ("v1", r"&Expires=\d+", "&Expires=99999999999", "403 SignatureDoesNotMatch 040"),
    ("v1", r"&OSSAccessKeyId=ak", "", "403 AccessDenied 071"),
    ("v1", r"OSSAccessKeyId=ak", "OSSAccessKeyId=", "403 AccessDenied 072"),
    ("v1", r"OSSAccessKeyId=ak", "OSSAccessKeyId=ab%09c", "400 InvalidArgument 073"),
    ("v1", r"OSSAccessKeyId=ak", "OSSAccessKeyId=nobody", "403 InvalidAccessKeyId 902"),
    ("v1", r"&Signature=[^&]+", "", "403 AccessDenied 074"),
    ("v1", r"&Signature=[^&]+", "&Signature", "403 AccessDenied 075"),
    ("v1", r"&Signature=", "&Signature=a", "403 SignatureDoesNotMatch 040"),
    ("v1", r"$", "&security-token=t", "403 InvalidSecurityToken 008"),
    ("v4", r"signature-version=OSS4-HMAC-SHA256", "signature-version=ABC", "400 InvalidArgument 066"),
    ("v4", r"&x-oss-signature-version=OSS4-HMAC-SHA256", "", "400 InvalidArgument 066"),
    ("v4", r"&x-oss-expires=\d+", "", "403 AccessDenied 215"),
    ("v4", r"&x-oss-expires=\d+", "&x-oss-expires", "403 AccessDenied 216"),
    ("v4", r"&x-oss-credential=[^&]+", "", "403 AccessDenied 217"),
    ("v4", r"&x-oss-credential=[^&]+", "&x-oss-credential=", "403 AccessDenied 218"),
    ("v4", r"&x-oss-signature=\w+", "", "403 AccessDenied 219"),
    ("v4", r"&x-oss-signature=\w+", "&x-oss-signature=", "403 AccessDenied 220"),
    ("v4", r"&x-oss-date=\w+", "", "403 AccessDenied 503"),
    ("v4", r"credential=ak", "credential=%0Dabc", "400 InvalidArgument 222"),
    ("v4", r"20260115%2F", "2026-01-15%2F", "400 InvalidArgument 223"),
    ("v4", r"20260115%2F", "20260116%2F", "400 InvalidArgument 223"),
    ("v4", r"aliyun_v4_request", "abc", "400 InvalidArgument 224"),
    ("v4", r"%2Foss%2F", "%2F", "400 InvalidArgument 224"),
    ("v4", r"cn-hangzhou", "cn-beijing", "400 InvalidArgument 226"),
    ("v4", r"%2Foss%2F", "%2Fs3%2F", "400 InvalidArgument 227"),
    ("v4", r"20260115T080000Z", "Thu%2C%2015%20Jan%202026%2008%3A00%3A00%20GMT", "403 AccessDenied 505"),
    ("v4", r"20260115T080000Z", "20260230T080000Z", "403 AccessDenied 505"),
    ("v4", r"expires=3600", "expires=0", "400 InvalidArgument 232"),
    ("v4", r"expires=3600", "expires=604801", "400 InvalidArgument 232"),
    ("v4", r"expires=3600", "expires=1h", "400 InvalidArgument 232"),
    ("v4", r"expires=3600", "expires=604800", "403 SignatureDoesNotMatch 040"),
    ("v4", r"20260115T080000Z", "20260115T081501Z", "403 AccessDenied 235"),
    ("v4", r"20260115T080000Z", "20260115T081500Z", "403 SignatureDoesNotMatch 040"),
    ("v4", r"20260115T080000Z", "20260115T065959Z", "403 AccessDenied 236"),
    ("v4", r"credential=ak", "credential=nobody", "403 InvalidAccessKeyId 902"),
    ("v4", r"$", "&x-oss-security-token=t", "403 InvalidSecurityToken 008"),
    ("v4", r"$", "&x-oss-signature=" + "0" * 64, "403 SignatureDoesNotMatch 040"),
    ("v4", r"$", "&spm=a", "403 SignatureDoesNotMatch 040"),
]


@pytest.mark.parametrize(("version", "pattern", "text", "expected"), URL_CASES)
def test_what_is_wrong_with_a_url_has_its_own_code(
    version: str, pattern: str, text: str, expected: str
) -> None:
    """Each fault of a presigned URL gives OSS's status, Code and EC for it."""
    call = in_url(version)
    changed = re.sub(pattern, text, call.query, count=1)
    assert changed != call.query
    assert refusal(replace(call, query=changed)) == expected


HEADER_CASES = [
    ("v1", r"^OSS ", "OSSxxx ", "400 InvalidArgument 061"),
    ("v1", r"^OSS ", "Bearer ", "400 InvalidArgument 061"),
    ("v1", r"^.*$", "", "400 InvalidArgument 061"),
    ("v1", r":.*$", "", "400 InvalidArgument 062"),
    ("v1", r"ak:", " :", "400 InvalidArgument 063"),
    ("v1", r"ak:", "a\tk:", "400 InvalidArgument 064"),
    ("v1", r":.*$", ":", "400 InvalidArgument 065"),
    ("v1", r"ak:", "nobody:", "403 InvalidAccessKeyId 902"),
    ("v1", r":", ":a", "403 SignatureDoesNotMatch 040"),
    ("v4", r", Signature=.*$", "", "400 InvalidArgument 202"),
    ("v4", r"Signature=", "Signature", "400 InvalidArgument 203"),
    ("v4", r"$", ", Other=1", "400 InvalidArgument 204"),
    ("v4", r"$", ", Signature=1", "400 InvalidArgument 204"),
    ("v4", r"Credential=[^,]*, ", "", "400 InvalidArgument 205"),
    ("v4", r"=ak/", "=a k/", "400 InvalidArgument 206"),
    ("v4", r"/20260115/", "/2026-01-15/", "400 InvalidArgument 212"),
    ("v4", r"aliyun_v4_request", "abc", "400 InvalidArgument 213"),
    ("v4", r"cn-hangzhou", "oss-cn-hangzhou", "400 InvalidArgument 226"),
    ("v4", r"/oss/", "/s3/", "400 InvalidArgument 227"),
    ("v4", r"=ak/", "=nobody/", "403 InvalidAccessKeyId 902"),
    ("v4", r"$", ", AdditionalHeaders=host", "403 SignatureDoesNotMatch 040"),
]


@pytest.mark.parametrize(("version", "pattern", "text", "expected"), HEADER_CASES)
def test_what_is_wrong_with_a_header_has_its_own_code(
    version: str, pattern: str, text: str, expected: str
) -> None:
    """Each fault of an Authorization header gives OSS's status, Code and EC for it."""
    call = in_header(version)
    *others, (_, value) = call.headers
    changed = re.sub(pattern, text, value, count=1)
    assert changed != value
    assert refusal(replace(call, headers=(*others, ("authorization", changed)))) == expected


@pytest.mark.parametrize(
    ("version", "headers", "expected"),
    [
        ("v1", {"date": None}, "403 AccessDenied 503"),
        ("v1", {"date": "yesterday"}, "403 AccessDenied 502"),
        ("v1", {"date": "Thu, 15 Jan 2026 08:15:01 GMT"}, "403 RequestTimeTooSkewed 504"),
        ("v1", {"date": "Thu, 15 Jan 2026 08:15:00 GMT"}, "403 SignatureDoesNotMatch 040"),
        ("v4", {"x-oss-date": None}, "403 AccessDenied 503"),
        ("v4", {"x-oss-date": "20260115T074459Z"}, "403 RequestTimeTooSkewed 504"),
        ("v4", {"x-oss-content-sha256": "78adf"}, "400 InvalidArgument 214"),
        ("v4", {"x-oss-security-token": "t"}, "403 InvalidSecurityToken 008"),
    ],
)
def test_what_is_wrong_beside_the_header_has_its_own_code(
    version: str, headers: dict[str, str | None], expected: str
) -> None:
    """A missing, malformed or far date, a hashed payload and a strange token give OSS's codes."""
    call = in_header(version)
    changed = {**dict(call.headers), **headers}
    sent = tuple((name, value) for name, value in changed.items() if value is not None)
    assert refusal(replace(call, headers=sent)) == expected


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_two_signatures_are_one_too_many(version: str) -> None:
    """A signature in the URL and one in the header, or two headers, is 400 InvalidArgument."""
    both = replace(in_url(version), headers=in_header(version).headers)
    assert refusal(both) == "400 InvalidArgument 039"
    one = in_header(version)
    assert refusal(replace(one, headers=one.headers + one.headers[-1:])) == "400 InvalidArgument 039"


@pytest.mark.parametrize(
    "call",
    [
        Call(
            "GET",
            "/k",
            "x-oss-signature-version=OSS2&x-oss-access-key-id=ak&x-oss-expires=1768467600&x-oss-signature=x",
        ),
        Call("GET", "/k", headers=(("authorization", "OSS2 AccessKeyId:ak,Signature:x"),)),
    ],
)
def test_version_2_is_refused_by_name(call: Call) -> None:
    """A V2 signature is answered with a message that names it and says what to use."""
    with pytest.raises(NotImplementedHere, match=r"version 2 \(OSS2\) is not supported.*version 4"):
        verify(call, "bucket", "k", RING, REGION, NOW)


def test_a_request_without_a_signature_is_the_callers_to_judge() -> None:
    """No signature at all is None, whatever else the query and headers carry."""
    query = "x-oss-process=video/snapshot,t_0&spm=1&Expires=1&x-oss-date=1&security-token=t"
    call = Call("GET", "/k", query, (("x-oss-date", "x"), ("date", "x"), ("host", "h")))
    assert verify(call, "bucket", "k", RING, REGION, NOW) is None


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_the_platforms_own_signature_is_not_the_callers(version: str) -> None:
    """A header with which a CDN signs its request to a function neither lets in nor gets in the way."""
    platform = (("authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c"),)
    assert verify(Call("GET", "/k", headers=platform), "bucket", "k", RING, REGION, NOW) is None
    assert verify(replace(in_url(version), headers=platform), "bucket", "k", RING, REGION, NOW) is not None


def test_the_checks_come_in_the_order_of_oss() -> None:
    """Presence, form, region, date, range, time, id, token, signature: each fault hides those after it."""
    faults = [
        (r"&x-oss-date=\w+", "", "503"),
        (r"aliyun_v4_request", "abc", "224"),
        (r"credential=\w+%2F2", "credential=%0D%2F2", "222"),
        (r"cn-hangzhou", "cn-beijing", "226"),
        (r"x-oss-date=\w+", "x-oss-date=x", "505"),
        (r"expires=3600", "expires=0", "232"),
        (r"20260115T080000Z", "20260115T065959Z", "236"),
        (r"=ak%2F", "=nobody%2F", "902"),
        (r"$", "&x-oss-security-token=t", "008"),
        (r"signature=\w", "signature=z", "040"),
    ]
    for at, (_, _, expected) in enumerate(faults):
        query = in_url("v4").query
        for pattern, text, _ in reversed(faults[at:]):
            query = re.sub(pattern, text, query, count=1)
        assert refusal(Call("GET", "/k", query)).endswith(expected)


def test_any_region_is_accepted_where_none_is_configured() -> None:
    """Without a configured region a V4 signature for any region holds."""
    assert verify(in_url("v4"), "bucket", "k", RING, "", NOW) is not None


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("signed", [in_url, in_header])
def test_a_mismatch_shows_what_was_signed_and_not_the_secret(version: str, signed: Any) -> None:
    """SignatureDoesNotMatch carries the string to sign, as text and as bytes, and nothing secret."""
    call = signed(version)
    with pytest.raises(SignatureDoesNotMatch) as refused:
        verify(call, "bucket", "k", Keyring((KeyPair("ak", "another-secret"),)), REGION, NOW)
    extras = dict(refused.value.extras)
    assert list(extras) == ["OSSAccessKeyId", "SignatureProvided", "StringToSign", "StringToSignBytes"]
    assert extras["OSSAccessKeyId"] == "ak"
    shown = bytes.fromhex(extras["StringToSignBytes"].replace(" ", ""))
    assert shown == extras["StringToSign"].encode()
    assert shown.startswith(b"GET\n" if version == "v1" else b"OSS4-HMAC-SHA256\n20260115T080000Z\n")
    everything = f"{refused.value!r} {refused.value} {refused.value.detail} {extras}"
    assert "another-secret" not in everything


def test_errors_hold_only_what_xml_can() -> None:
    """Control characters and bytes that are not UTF-8 are shown as U+FFFD; their bytes are still told."""
    call = in_url("v1")
    query = re.sub("Signature=[^&]+", "Signature=%00%FF%0B", call.query)
    with pytest.raises(SignatureDoesNotMatch) as refused:
        verify(replace(call, query=query), "bucket", "k\x00\udcff", RING, REGION, NOW)
    extras = dict(refused.value.extras)
    assert extras["SignatureProvided"] == "\ufffd\ufffd\ufffd"
    assert "k\ufffd\ufffd" in extras["StringToSign"]
    assert "6B 00 FF" in extras["StringToSignBytes"]


TOKENS = Keyring(
    (
        KeyPair("old", "sk-old"),
        KeyPair("new", "sk-new", prefix="public/"),
        KeyPair("sts", "sk-sts", "t/1=="),
        KeyPair("twice", "sk-a"),
        KeyPair("twice", "sk-b"),
    )
)


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("signed", [in_url, in_header])
@pytest.mark.parametrize(
    "pair", [TOKENS.pairs[0], TOKENS.pairs[2], TOKENS.pairs[3], TOKENS.pairs[4]], ids=range(4)
)
def test_every_pair_of_the_ring_may_sign(version: str, signed: Any, pair: KeyPair) -> None:
    """Any of several pairs signs, with its session token if it has one, and is named in the result."""
    result = verify(signed(version, pair), "bucket", "k", TOKENS, REGION, NOW)
    assert result is not None
    assert result.pair == pair


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("signed", [in_url, in_header])
def test_a_session_is_nobody_without_its_token(version: str, signed: Any) -> None:
    """A temporary key without its token is unknown; with another token the token is invalid."""
    call = signed(version, KeyPair("sts", "sk-sts"))
    with pytest.raises(InvalidAccessKeyId):
        verify(call, "bucket", "k", TOKENS, REGION, NOW)
    assert (
        refusal(signed(version, KeyPair("sts", "sk-sts", "t/1=")), TOKENS) == "403 InvalidSecurityToken 008"
    )


@pytest.mark.parametrize(
    ("key", "fine"),
    [
        ("public/a", True),
        ("public/", True),
        ("public/..a", True),
        ("public", False),
        ("private/a", False),
        ("publicity", False),
        ("public/../private/a", False),
        ("public/..", False),
        ("/public/a", False),
    ],
)
def test_a_pair_opens_only_its_prefix(key: str, fine: bool) -> None:  # noqa: FBT001 - the expected value
    """A pair with a prefix is denied other keys, whatever it signs."""
    call = in_url("v4", TOKENS.pairs[1], key)
    if fine:
        assert verify(call, "bucket", key, TOKENS, REGION, NOW) is not None
    else:
        with pytest.raises(AccessDenied, match="do not have read permission"):
            verify(call, "bucket", key, TOKENS, REGION, NOW)


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_header_that_comes_twice_is_signed_as_it_came(version: Any) -> None:
    """Two signed headers of one name may not be swapped, joined into one, or lose one."""
    twice = (("x-oss-meta-a", "2"), ("x-oss-meta-a", "1"))
    added = authorization("k", PAIR, bucket="bucket", now=NOW, region=REGION, version=version, headers=twice)
    assert verify(Call("GET", "/k", headers=twice + added), "bucket", "k", RING, REGION, NOW) is not None
    for other in (twice[::-1], twice[:1], (("x-oss-meta-a", "2,1"),)):
        assert refusal(Call("GET", "/k", headers=other + added)) == "403 SignatureDoesNotMatch 040"
