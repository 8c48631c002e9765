import pytest

from framefetch.signing import KeyPair, Keyring


def test_a_secret_is_in_no_repr() -> None:
    """Neither secret nor session token is in what a pair or a ring prints."""
    ring = Keyring((KeyPair("ak", "s3cret", "t0ken", "a/"),))
    assert "s3cret" not in f"{ring!r} {ring} {ring.pairs[0]!r}"
    assert "t0ken" not in f"{ring!r} {ring} {ring.pairs[0]!r}"
    assert "ak" in repr(ring)


def test_pairs_are_read_from_lines() -> None:
    """One pair a line, with prefix and token where wanted; remarks and empty lines are skipped."""
    text = "\n# old\nak:sk\n  STS.a-b_c:s/k+=  prefix=films/  token=CAIS/a+b==\n"
    expected = (KeyPair("ak", "sk"), KeyPair("STS.a-b_c", "s/k+=", "CAIS/a+b==", "films/"))
    assert Keyring.parse(text).pairs == expected


def test_pairs_are_read_from_json() -> None:
    """A JSON list of pairs, or one pair alone as a secret store keeps it."""
    assert Keyring.parse('{"access_key_id": "ak", "access_key_secret": "s k"}').pairs == (
        KeyPair("ak", "s k"),
    )
    many = (
        '[{"access_key_id": "a", "access_key_secret": "b", "prefix": "p/"},'
        ' {"access_key_id": "c", "access_key_secret": "d", "security_token": ""}]'
    )
    assert Keyring.parse(many).pairs == (KeyPair("a", "b", None, "p/"), KeyPair("c", "d"))


def test_an_empty_text_is_an_empty_ring() -> None:
    """No pairs is a ring that nobody is on."""
    assert Keyring.parse(" \n").pairs == ()
    assert Keyring().named("ak") == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ok:fine\nak:", "line 2: the key pair ak has no secret"),
        ("hushhush", "line 1: the key pair hushhush has no secret"),
        ("a b:hushhush", "line 1"),
        ("ä:hushhush", "line 1: an AccessKeyId"),
        ("ak:hushhush region=x", "line 1: after id:secret"),
        ("ak:hushhush prefix=", "line 1: after id:secret"),
        ('{"access_key_id": "ak", "access_key_secret": "hushhush"', "JSON"),
        ('[{"access_key_id": "ak", "secret": "hushhush"}]', "key pair 1"),
        ('[{"access_key_id": "ak", "access_key_secret": ["hushhush"]}]', "key pair 1"),
        ('["hushhush"]', "key pair 1"),
    ],
)
def test_a_bad_pair_is_named_by_its_place(text: str, place: str) -> None:
    """What cannot be a pair is a ValueError that says where, and does not repeat a secret."""
    with pytest.raises(ValueError, match=place) as refused:
        Keyring.parse(text)
    assert ":hushhush" not in str(refused.value)
    assert refused.value.__cause__ is None
