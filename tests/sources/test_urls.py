"""The one parser of URLs takes what everyone reads alike, and refuses the rest."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framefetch.sources.urls import encode_key, follow, parse_url

REFUSED = [
    "",
    "films.example/a",
    "//films.example/a",
    "file:///etc/passwd",
    "ftp://films.example/",
    "gopher://films.example/",
    "javascript:alert(1)",
    "http:films.example",
    "http:/films.example/",
    "http:///a",
    "http://",
    "http://user@films.example/",
    "http://user:word@films.example/",
    "http://films.example@127.0.0.1/",
    "http://films.example%40127.0.0.1/",
    "http://films.example%2f@127.0.0.1/",
    "http://127.0.0.1\\@films.example/",
    "http:\\\\films.example\\a",
    "http://films.example\\.evil.example/",
    "http://films.example/\\..\\a",
    " http://films.example/",
    "http://films.example/a b",
    "http://films.example/a\tb",
    "http://films.example/a\r\nHost: evil",
    "http://films.exa\nmple/",
    "http://films.example/a\0b",
    "http://127.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.0x1/",
    "http://127.0.0.1./",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://films.example./",
    "http://.films.example/",
    "http://films..example/",
    "http://-films.example/",
    "http://films_.example-/",
    "http://[::1",
    "http://[::1]a/",
    "http://[fe80::1%25eth0]/",
    "http://[::ffff:127.0.0.1]@films.example/",
    "http://::1/",
    "http://films.example:/",
    "http://films.example:0/",
    "http://films.example:65536/",
    "http://films.example:8o/",
    "http://films.example:80:80/",
    "http://films.example:-1/",
    "http://films.example/../a",
    "http://films.example/a/./b",
    "http://films.example/a/..",
    "http://films.example/%2e%2e/a",
    "http://films.example/a/%2E%2e",
    "http://films.example/a/.%2e/b",
    "http://films.example/..%2fa",
    "http://films.example/%5c..%5ca",
    "http://films.example/%00",
    "http://films.example/%0a",
    "http://films.example/%",
    "http://films.example/%2",
    "http://films.example/%zz",
    "http://films.example/?%zz",
    "http://exa%6dple.com/",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a.b" * 100 + "/",
    "http://\u2488.example\u3002\u3002/",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_can_be_misread_is_refused(text: str) -> None:
    """A URL that two parsers could read in two ways is a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_url(text)


@pytest.mark.parametrize(
    ("text", "host", "port", "target"),
    [
        ("https://films.example", "films.example", 443, "/"),
        ("HTTP://Films.EXAMPLE:8080/A", "films.example", 8080, "/A"),
        (
            "https://films.example/a%20b/%E4%B8%AD?x=1&y=%2F",
            "films.example",
            443,
            "/a%20b/%E4%B8%AD?x=1&y=%2F",
        ),
        ("https://films.example/中", "films.example", 443, "/%E4%B8%AD"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "127.0.0.1", 80, "/"),
        ("http://127。0。0。1/", "127.0.0.1", 80, "/"),
        ("http://[::FFFF:7f00:1]:81/a", "::ffff:7f00:1", 81, "/a"),
        ("http://[0:0::1]/", "::1", 80, "/"),
        ("https://films.example/a//b/", "films.example", 443, "/a//b/"),
        ("https://films.example/a#t=10", "films.example", 443, "/a"),
        ("https://films.example/%252e%252e/a", "films.example", 443, "/%252e%252e/a"),
        ("https://films.example?x", "films.example", 443, "/?x"),
        ("https://my_bucket.films.example/", "my_bucket.films.example", 443, "/"),
    ],
)
def test_what_is_read(text: str, host: str, port: int, target: str) -> None:
    """Host in punycode or as a plain address, port always, path and query as they will be sent."""
    url = parse_url(text)
    assert (url.port, url.target) == (port, target)
    # Pythons differ in how they write an IPv4 address inside an IPv6 one.
    assert ip_address(url.host) == ip_address(host) if ":" in host else url.host == host


@pytest.mark.parametrize(
    ("prefix", "inside", "outside"),
    [
        ("https://h.example/films", "https://h.example/films/a", "https://h.example/filmsa"),
        ("https://h.example/films/", "https://h.example/films/a", "https://h.example/film/a"),
        ("https://h.example/", "https://h.example/x", "https://h.example.evil/x"),
        ("https://h.example/a%20b", "https://h.example/a%20b/c", "https://h.example/a%2520b/c"),
        ("https://h.example/%41", "https://h.example/A/x", "https://h.example/%2541/x"),
        ("https://h.example:443/a", "https://h.example/a/b", "http://h.example:443/a/b"),
        ("https://h.example/a", "https://H.EXAMPLE/a", "https://h.example:444/a"),
        ("https://h.example/a", "https://h.example/a/%252e%252e/b", "https://g.h.example/a"),
    ],
)
def test_prefixes_end_at_segments(prefix: str, inside: str, outside: str) -> None:
    """A prefix holds what is below it, compared after decoding once, and not what only begins like it."""
    assert parse_url(prefix).contains(parse_url(inside))
    assert not parse_url(prefix).contains(parse_url(outside))


@given(st.text(max_size=40))
@example("a//b")
@example("%2e%2e")
@example("\u202e")
def test_a_key_is_one_path(key: str) -> None:
    """A key that is put into a URL is there again after decoding it once, byte by byte, and nothing else."""
    try:
        url = parse_url(f"https://films.example/p/{encode_key(key)}")
    except (ValueError, UnicodeEncodeError):
        assert any(one in (".", "..") for one in key.split("/")) or any(
            char < " " or char in "\x7f\\" or "\ud800" <= char <= "\udfff" for char in key
        )
    else:
        assert url.decoded == b"/p/" + key.encode()
        assert url.query == ""


@pytest.mark.parametrize(
    ("location", "lands"),
    [
        ("b", "https://h.example/x/b"),
        ("/b", "https://h.example/b"),
        ("//g.example/b", "https://g.example/b"),
        ("?q=1", "https://h.example/x/a?q=1"),
        ("https://[::1]:8/c", "https://[::1]:8/c"),
        ("../../../b", "https://h.example/b"),
    ],
)
def test_redirects_are_relative_to_where_they_are(location: str, lands: str) -> None:
    """A Location is taken relative to the URL that it answers."""
    assert follow(parse_url("https://h.example/x/a"), location) == parse_url(lands)
