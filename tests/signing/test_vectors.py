from dataclasses import replace

import pytest

from framefetch.errors import AccessDenied, FramefetchError, RequestTimeTooSkewed, SignatureDoesNotMatch
from framefetch.http.call import Call
from framefetch.signing import KeyPair, Keyring, verify
from tests.signing.vectors import BUCKET, KEYRING, REGION, Vector, header_signed, presigned


def outcome(vector: Vector, now: float) -> str:
    """``ok``, or code and EC of the refusal."""
    try:
        signed = verify(vector.call, BUCKET, vector.key, KEYRING, REGION, now)
    except FramefetchError as error:
        return f"{error.status} {error.code} {error.ec}"
    assert signed is not None
    return "ok"


def test_every_recorded_presigned_url_gets_what_oss_gives_it() -> None:
    """Each URL that an SDK made is accepted or refused as OSS's algorithm says, at its clock."""
    vectors = presigned()
    expected = ["ok" if one.accept else "403 SignatureDoesNotMatch 0002-00000040" for one in vectors]
    assert [outcome(one, one.clock) for one in vectors] == expected
    assert len(vectors) == 628
    assert expected.count("ok") == 621


def test_every_recorded_header_signed_request_is_accepted() -> None:
    """Each request that a real SDK sent with an Authorization header is accepted at its clock."""
    vectors = header_signed()
    assert [outcome(one, one.clock) for one in vectors] == ["ok"] * 147
    assert all(one.accept for one in vectors)


def test_a_presigned_url_holds_through_its_last_second_and_not_one_longer() -> None:
    """Each URL is accepted in its last second and refused in the next, with the EC of its version."""
    ecs = {"v1": "0002-00000069", "v4": "0002-00000236"}
    for one in presigned():
        if one.accept:
            stop = one.clock + one.expires_s
            assert outcome(one, stop) == "ok"
            assert outcome(one, stop + 1) == f"403 AccessDenied {ecs[one.version]}"


def test_a_v4_url_holds_from_15_minutes_before_its_date() -> None:
    """A V4 URL allows for a signer's clock that is 15 minutes fast, and no more."""
    for one in presigned():
        if one.accept and one.version == "v4":
            assert outcome(one, one.clock - 900) == "ok"
            assert outcome(one, one.clock - 901) == "403 AccessDenied 0002-00000235"


def test_a_header_signature_holds_for_15_minutes_each_way() -> None:
    """A header-signed request is accepted within 15 minutes of its date and refused beyond."""
    for one in header_signed():
        for skew in (-900, 900):
            # captured_unix may be a second after the Date that was signed
            found = [outcome(one, one.clock + skew - late) for late in (0, 1)]
            assert "ok" in found
        for skew in (-902, 902):
            assert outcome(one, one.clock + skew) == "403 RequestTimeTooSkewed 0002-00000504"


def test_the_skew_error_says_how_far() -> None:
    """RequestTimeTooSkewed carries the allowance and both clocks, as OSS sends them."""
    one = header_signed()[0]
    with pytest.raises(RequestTimeTooSkewed) as refused:
        verify(one.call, BUCKET, one.key, KEYRING, REGION, one.clock + 3600)
    extras = dict(refused.value.extras)
    assert extras["MaxAllowedSkewMilliseconds"] == "900000"
    assert extras["RequestTime"] == "2026-11-22T12:33:08.000Z"
    assert extras["ServerTime"] == "2026-11-22T13:33:08.000Z"


AK = Keyring((KeyPair("ak", "sk"), KeyPair("ak", "sk", "token")))
V4_QUERY = (
    "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=ak%2F20231217%2Fcn-hangzhou%2Foss%2F"
    "aliyun_v4_request&x-oss-expires=599&param1=value1&%2Bparam1=value3&%7Cparam1=value4&%2Bparam2=&%7Cparam2&param2="
)
V4_HEADERS = (
    ("abc", "value-abc"),
    ("x-oss-head1", "value"),
    ("content-type", "application/octet-stream"),
    ("xyz", "unsigned"),
)


@pytest.mark.parametrize(
    ("date", "clock", "token", "signature"),
    [
        (
            "20231217T025437Z",
            1702781677,
            "",
            "a39966c61718be0d5b14e668088b3fa07601033f6518ac7b523100014269c0fe",
        ),
        (
            "20231217T035628Z",
            1702785388,
            "&x-oss-security-token=token",
            "3817ac9d206cd6dfc90f1c09c00be45005602e55898f26f5ddb06d7892e1f8b5",
        ),
    ],
)
def test_the_v4_vectors_of_the_go_sdk_hold(date: str, clock: int, token: str, signature: str) -> None:
    """The V4 URLs that the Go SDK's own tests publish are accepted, and no other signature for them."""
    query = f"{V4_QUERY}&x-oss-date={date}{token}&x-oss-signature={signature}"
    call = Call("PUT", "/1234%2B-/123/1.txt", query, V4_HEADERS)
    signed = verify(call, "bucket", "1234+-/123/1.txt", AK, "cn-hangzhou", clock)
    assert signed is not None
    assert (signed.version, signed.kind, signed.access_key_id) == ("v4", "presigned", "ak")
    assert signed.seconds_left == 599
    wrong = replace(call, query=query[:-1] + ("0" if query[-1] != "0" else "1"))
    with pytest.raises(SignatureDoesNotMatch):
        verify(wrong, "bucket", "1234+-/123/1.txt", AK, "cn-hangzhou", clock)


@pytest.mark.parametrize(
    ("key", "query"),
    [
        (
            "key",
            "versionId=versionId&OSSAccessKeyId=ak&Expires=1699807420&Signature=dcLTea%2BYh9ApirQ8o8dOPqtvJXQ%3D",
        ),
        (
            "key+123",
            (
                "security-token=token&versionId=versionId&OSSAccessKeyId=ak&Expires=1699808204&Signature="
                "jzKYRrM5y6Br0dRFPaTGOsbrDhY%3D"
            ),
        ),
        (
            "v.mp4",
            (
                "x-oss-process=video/snapshot,t_17000,f_jpg,w_800,h_600,m_fast,ar_auto&OSSAccessKeyId=ak"
                "&Expires=1800000000&Signature=kpgx1H0sJSeD6zxYldSgIPF9IPs="
            ),
        ),
    ],
)
def test_the_published_v1_vectors_hold(key: str, query: str) -> None:
    """The V1 URLs that the Go SDK's own tests publish, and oss2's snapshot, are accepted."""
    signed = verify(Call("GET", f"/{key}", query), "bucket", key, AK, "", 1699807420)
    assert signed is not None
    assert signed.version == "v1"


def test_the_v4_snapshot_url_of_oss2_holds() -> None:
    """A snapshot URL with %2F, a space and a plus in its key is accepted."""
    query = (
        "x-oss-process=video%2Fsnapshot%2Ct_17000%2Cf_jpg%2Cw_800%2Ch_600%2Cm_fast%2Car_auto"
        "&x-oss-date=20261122T123215Z&x-oss-expires=3600&x-oss-signature-version=OSS4-HMAC-SHA256"
        "&x-oss-credential=ak%2F20261122%2Fcn-hangzhou%2Foss%2Faliyun_v4_request"
        "&x-oss-signature=4f8750ec1798daaf622e4c56bfb8b3e59ca4dbb4fa84761bcc72b9def5783c01"
    )
    call = Call("GET", "/dir%2Fv%20%2B1.mp4", query)
    assert verify(call, "bucket", "dir/v +1.mp4", AK, "cn-hangzhou", 1795350735) is not None


def test_time_that_is_over_is_told_before_a_signature_that_is_wrong() -> None:
    """An expired URL with a broken signature is Request has expired, with both clocks."""
    call = Call("GET", "/k", "OSSAccessKeyId=nobody&Expires=1768467600&Signature=AAAA")
    with pytest.raises(AccessDenied) as refused:
        verify(call, "bucket", "k", AK, "", 1768467601)
    assert refused.value.message == "Request has expired."
    assert refused.value.extras == (
        ("Expires", "2026-01-15T09:00:00.000Z"),
        ("ServerTime", "2026-01-15T09:00:01.000Z"),
    )
