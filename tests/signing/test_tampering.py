from random import Random
from typing import Any, NamedTuple

import pytest

from framefetch.errors import RequestError, SignatureDoesNotMatch
from framefetch.http.call import Call, percent_decode
from framefetch.signing import KeyPair, Keyring, presign, verify
from tests.signing.meaning import edit, meaning
from tests.signing.vectors import BUCKET, KEYRING, REGION, header_signed, presigned

EDITS_A_REQUEST = 80


class Tally(NamedTuple):
    edits: int
    accepted: int


def arrives(call: Call, path_style: bool, now: float) -> bool:  # noqa: FBT001 - of the recorded request
    """Whether a request comes in, its bucket and key read from its path as the server would."""
    bucket, key = BUCKET, percent_decode(call.path[1:])
    if path_style:
        bucket, _, key = key.partition("/")
    try:
        return verify(call, bucket, key, KEYRING, REGION, now) is not None
    except RequestError:
        return False


def test_an_edited_request_is_accepted_exactly_when_it_means_the_same() -> None:
    """Over 50,000 edits: accepted exactly if method, bucket, key and what is signed are unchanged."""
    random = Random(1)
    tally = Tally(0, 0)
    for one in (*presigned(), *header_signed()):
        if not one.accept:
            continue
        path_style = percent_decode(one.call.path[1:]) != one.key
        before = meaning(one.call, path_style)
        assert arrives(one.call, path_style, one.clock)
        for _ in range(EDITS_A_REQUEST):
            edited = edit(one.call, random)
            if random.random() < 0.2:
                edited = edit(edited, random)
            same = meaning(edited, path_style) == before
            assert arrives(edited, path_style, one.clock) == same, f"{one.call}\n{edited}"
            tally = Tally(tally.edits + 1, tally.accepted + same)
    assert tally.edits >= 50_000
    # Both sides are tried in earnest.
    assert tally.accepted >= 5_000
    assert tally.edits - tally.accepted >= 30_000


PAIR = KeyPair("ak", "sk")


def v1_call(key: str, parameters: tuple[tuple[str, str], ...]) -> Call:
    url = presign(key, PAIR, bucket="bucket", endpoint="http://h", now=0, version="v1", parameters=parameters)
    path, _, query = url.removeprefix("http://bucket.h").partition("?")
    return Call("GET", path, query)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/a.mp4%3Fx-oss-process=video/snapshot,t_1", ""),
        ("/a.mp4%3Fx-oss-process%3Dvideo/snapshot,t_1", ""),
    ],
)
def test_a_v1_signature_does_not_open_a_key_that_reads_like_its_query(path: str, query: str) -> None:
    """V1 signs `/bucket/a?acl` for two requests; the one whose key holds the sub-resource is refused."""
    signed = v1_call("a.mp4", (("x-oss-process", "video/snapshot,t_1"),))
    ring = Keyring((PAIR,))
    assert verify(signed, "bucket", "a.mp4", ring, "", 1) is not None
    login = signed.query.partition("&")[2]
    folded = Call("GET", path, f"{query}&{login}")
    with pytest.raises(SignatureDoesNotMatch, match="version 4") as refused:
        verify(folded, "bucket", percent_decode(path[1:]), ring, "", 1)
    assert dict(refused.value.extras)["StringToSign"].endswith(
        "/bucket/a.mp4?x-oss-process=video/snapshot,t_1"
    )


def test_a_v1_signature_does_not_hold_for_parameters_folded_into_one() -> None:
    """V1 signs `a=1&b=2` for two requests; the one whose value holds the other parameter is refused."""
    signed = v1_call("a.mp4", (("response-content-type", "text/plain"), ("versionId", "7")))
    ring = Keyring((PAIR,))
    assert verify(signed, "bucket", "a.mp4", ring, "", 1) is not None
    for folded in (
        "response-content-type=text/plain%26versionId%3D7",
        "response-content-type%3Dtext/plain%26versionId=7",
    ):
        login = signed.query.partition("&")[2].partition("&")[2]
        with pytest.raises(SignatureDoesNotMatch):
            verify(Call("GET", "/a.mp4", f"{folded}&{login}"), "bucket", "a.mp4", ring, "", 1)


def test_v1_keys_with_question_marks_are_fine_where_they_are_clear() -> None:
    """A `?` in a key is refused in V1 only where a sub-resource's name follows it."""
    ring = Keyring((PAIR,))
    for key in ("a?b", "a?aclx", "??", "a?b=acl&acl"):
        call = v1_call(key, (("x-oss-process", "video/snapshot,t_1"),))
        assert verify(call, "bucket", key, ring, "", 1) is not None
    for key in ("a?acl", "a?acl=", "a?acl&b", "a?x-oss-process=b", "a?b?versionId=1"):
        with pytest.raises(ValueError, match="version 4"):
            v1_call(key, ())


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_the_order_of_two_values_of_one_name_is_signed(version: Any) -> None:
    """Swapping two values of one parameter is refused: which of them counts would change."""
    twice = (("x-oss-process", "style/b"), ("x-oss-process", "style/a"))
    url = presign(
        "k", PAIR, bucket="bucket", endpoint="http://h", now=0, region="r", version=version, parameters=twice
    )
    query = url.partition("?")[2]
    ring = Keyring((PAIR,))
    assert verify(Call("GET", "/k", query), "bucket", "k", ring, "r", 0) is not None
    swapped = query.replace("style%2Fb", "c").replace("style%2Fa", "style%2Fb").replace("=c", "=style%2Fa")
    assert swapped != query
    with pytest.raises(SignatureDoesNotMatch):
        verify(Call("GET", "/k", swapped), "bucket", "k", ring, "r", 0)
