"""What is special about web servers: redirects, servers without ranges, missing headers, addresses, TLS."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.errors import AccessDenied, SourceBusy, SourceError
from framefetch.settings import Settings
from framefetch.sources import Changed
from framefetch.sources.addresses import AddressPolicy
from framefetch.sources.http import HttpSource
from framefetch.sources.locate import open_source, split_source
from framefetch.sources.urls import parse_url
from tests.servers import ranges
from tests.sources.stores import ramp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers.ranges import Handler, RangeServer
    from tests.sources.stores import Opening

FILM = ramp(20_000)


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with ranges.running() as made:
        made.put("films/a.mp4", FILM)
        made.put("secret/a.mp4", b"secret")
        yield made


def source(server: RangeServer) -> HttpSource:
    made = open_source(f"{server.url}/films", Settings())
    assert isinstance(made, HttpSource)
    return made


def redirect(location: str | None, code: int = 302) -> Callable[[Handler], None]:
    headers = {} if location is None else {"Location": location}
    return lambda handler: handler.say(code, headers, b"moved")


def test_what_is_sent(server: RangeServer, opening: Opening) -> None:
    """A request asks for its range only, unencoded, and with OSS's header for ranges as everyone has them."""
    with opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 100)
    asked = server.asked[0]
    assert (asked.method, asked.target) == ("GET", "/films/a.mp4")
    assert asked.headers["range"] == "bytes=0-99"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["x-oss-range-behavior"] == "standard"
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"
    assert not {"authorization", "cookie", "if-match"} & asked.headers.keys()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_below_the_prefix_is_followed(server: RangeServer, opening: Opening, code: int) -> None:
    """A redirect to another object below the prefix is followed, with the same range."""
    server.faults += [redirect("/films/a.mp4", code)]
    with opening.pin(source(server), "old.mp4") as pinned:
        assert pinned.open(10, 100) == FILM[10:100]
    assert server.asked[1].range == "10-99"


def test_three_redirects_and_no_more(server: RangeServer, opening: Opening) -> None:
    """Three hops are followed; at the fourth the store is at fault."""
    server.faults += [redirect("a.mp4")] * 3
    with opening.pin(source(server), "a.mp4") as pinned:
        assert pinned.open(0, 10) == FILM[:10]
    server.faults += [redirect("a.mp4")] * 4
    with pytest.raises(SourceError), opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 10)
    assert len(server.asked) == 4 + 4


@pytest.mark.parametrize(
    "location",
    [
        "/secret/a.mp4",
        "/films/../secret/a.mp4",
        "../secret/a.mp4",
        "/filmsandmore/a.mp4",
        "/",
        "//169.254.169.254/films/a.mp4",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:{port}/films/a.mp4",
        "https://127.0.0.1:{port}/films/a.mp4",
        "http://127.0.0.1:1/films/a.mp4",
        "http://127.0.0.1/films/a.mp4",
        "http://example.com/films/a.mp4",
    ],
)
def test_a_redirect_elsewhere_is_refused(server: RangeServer, opening: Opening, location: str) -> None:
    """A redirect out of the prefix, to another host, port or scheme is AccessDenied and never followed."""
    server.faults += [redirect(location.format(port=server.port))]
    with pytest.raises(AccessDenied) as caught, opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 10)
    assert len(server.asked) == 1
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "file:///etc/passwd",
        "ftp://127.0.0.1/films/a.mp4",
        "/films/%2e%2e/secret/a.mp4",
        "/films/..%2fsecret/a.mp4",
        "/films\\..\\secret/a.mp4",
        "http://user@127.0.0.1/films/a.mp4",
        "http://127.1/films/a.mp4",
        "http://2130706433/films/a.mp4",
        "http://[::ffff:127.0.0.1%25lo]/films/a.mp4",
        "/films/%zz",
    ],
)
def test_a_redirect_that_can_be_misread_is_refused(
    server: RangeServer, opening: Opening, location: str | None
) -> None:
    """A redirect that two parsers could read in two ways is a SourceError and never followed."""
    server.faults += [redirect(location)]
    with pytest.raises(SourceError), opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 10)
    assert len(server.asked) == 1


def test_a_small_object_from_a_server_without_ranges(server: RangeServer, opening: Opening) -> None:
    """A 200 that is no longer than the range is the whole object, and is used."""
    server.ranges = False
    with opening.pin(source(server), "a.mp4") as pinned:
        assert pinned.open(0, 20_000) == FILM
        assert pinned.info.size == 20_000
    with pytest.raises(SourceError) as caught, opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 19_999)
    assert "ranges" in caught.value.hint


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_an_encoded_range_is_refused(server: RangeServer, opening: Opening, encoding: str) -> None:
    """Ranges of encoded bytes mean nothing: a 502."""

    def fault(handler: Handler) -> None:
        found = handler.find()
        assert found is not None
        handler.say(206, handler.facts(found, 0, 10) | {"Content-Encoding": encoding}, FILM[:10])

    server.faults += [fault]
    with pytest.raises(SourceError), opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 10)


def test_absent_facts_are_absent(server: RangeServer, opening: Opening) -> None:
    """What a server does not say of an object is None."""
    server.put("films/bare.mp4", FILM, etag=False, last_modified=False)
    with opening.pin(source(server), "bare.mp4") as pinned:
        pinned.open(0, 10)
        assert (pinned.info.etag, pinned.info.last_modified, pinned.info.version_id) == (None, None, None)
        assert pinned.read(10, 20, "block") == FILM[10:20]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Tue, 99 Foo 2026 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2300"]
)
def test_an_unreadable_date_is_absent(server: RangeServer, opening: Opening, text: str) -> None:
    """A Last-Modified that is no date is no date."""

    def fault(handler: Handler) -> None:
        found = handler.find()
        assert found is not None
        handler.say(206, handler.facts(found, 0, 10) | {"Last-Modified": text}, FILM[:10])

    server.faults += [fault]
    with opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 10)
        assert pinned.info.last_modified is None


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_etag_time_and_size_are_compared(
    server: RangeServer, opening: Opening, etag: str | None
) -> None:
    """Where If-Match cannot be sent, another Last-Modified or size raises Changed."""
    server.put("films/b.mp4", FILM).etag = etag
    with opening.pin(source(server), "b.mp4") as pinned:
        pinned.open(0, 10)
        assert pinned.read(10, 20, "block") == FILM[10:20]
        server.put("films/b.mp4", ramp(20_000, 1)).etag = etag
        with pytest.raises(Changed):
            pinned.read(10, 20, "block")
    assert all("if-match" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(("text", "wait_s"), [("0", 0), ("2", 2), (None, None), ("soon", None)])
def test_retry_after(server: RangeServer, opening: Opening, text: str | None, wait_s: float | None) -> None:
    """Retry-After in seconds is waited for; one that is nonsense is none."""
    server.faults += [
        lambda handler: handler.fail(503, "SlowDown", {} if text is None else {"Retry-After": text})
    ]
    with opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 10)
    assert opening.slept[0] >= wait_s if wait_s else opening.slept[0] <= 0.05


def test_retry_after_as_a_date(server: RangeServer, opening: Opening) -> None:
    """Retry-After as a date beyond the time left is passed on at once."""
    then = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    server.faults += [lambda handler: handler.fail(503, "SlowDown", {"Retry-After": then})]
    with pytest.raises(SourceBusy) as caught, opening.pin(source(server), "a.mp4") as pinned:
        pinned.open(0, 10)
    assert 3000 < (caught.value.retry_after_s or 0) <= 3601
    assert not opening.slept


def test_a_url_of_ones_own_is_read_as_it_was_typed(server: RangeServer, opening: Opening) -> None:
    """A URL on the command line keeps its path and query to the letter; a presigned one works."""
    server.put("x y/a%2F.mp4", FILM)
    made, key = split_source(f"{server.url}/x%20y/a%252F.mp4?X-Amz-Signature=a%2Bb&c", Settings())
    assert key == "a%2F.mp4"
    with opening.pin(made, key) as pinned:
        assert pinned.open(0, 10) == FILM[:10]
    assert server.asked[0].target == "/x%20y/a%252F.mp4?X-Amz-Signature=a%2Bb&c"


def test_the_query_stays_out_of_errors(opening: Opening) -> None:
    """A secret in a source's query is in no message and no detail."""
    made, key = split_source("http://127.0.0.1:1/a.mp4?sig=verysecret", Settings())
    with pytest.raises(SourceError) as caught, opening.pin(made, key) as pinned:
        pinned.open(0, 10)
    assert "verysecret" not in f"{caught.value} {caught.value.detail}"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What a name server of our own answers, one list a question; the last one ever after."""
    answers: list[list[str]] = []

    def ask(host: str, port: int, **_: Any) -> list[Any]:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (
                family[ip_address(one).version],
                socket.SOCK_STREAM,
                6,
                "",
                (one, port) if "." in one else (one, port, 0, 0),
            )
            for one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return answers


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["8.8.8.8", "127.0.0.1"],
        ["64:ff9b::7f00:1"],
    ],
)
def test_a_name_of_a_private_address_is_refused(
    server: RangeServer, opening: Opening, names: list[list[str]], addresses: list[str]
) -> None:
    """A public name that resolves to any address that may not be read is refused, and nothing is sent."""
    names.append(addresses)
    made = open_source(f"http://films.example:{server.port}/films", Settings())
    with pytest.raises(AccessDenied) as caught, opening.pin(made, "a.mp4") as pinned:
        pinned.open(0, 10)
    assert "FRAMEFETCH_NETWORKS" in caught.value.hint
    assert not server.asked


def test_a_named_network_is_read(server: RangeServer, opening: Opening, names: list[list[str]]) -> None:
    """A private network that the setting names may be read, and the Host header keeps the name."""
    names.append(["127.0.0.1"])
    made = open_source(f"http://films.example:{server.port}/films", Settings(networks=("127.0.0.0/8",)))
    with opening.pin(made, "a.mp4") as pinned:
        assert pinned.open(0, 10) == FILM[:10]
    assert server.asked[0].headers["host"] == f"films.example:{server.port}"


def test_rebinding_changes_nothing(server: RangeServer, opening: Opening, names: list[list[str]]) -> None:
    """A name is resolved once for a connection, and what it resolves to is checked for each."""
    names += [["127.0.0.1"], ["169.254.169.254"]]
    policy = AddressPolicy.of(("127.0.0.0/8", "169.254.0.0/16"), "films.example")
    made = HttpSource(parse_url(f"http://films.example:{server.port}/films"), policy)
    with opening.pin(made, "a.mp4") as pinned:
        assert pinned.open(0, 10) == FILM[:10]
    made.dialler.forget()
    with pytest.raises(AccessDenied), opening.pin(made, "a.mp4") as pinned:
        pinned.open(0, 10)
    assert len(server.asked) == 1


def test_a_name_that_does_not_exist(opening: Opening) -> None:
    """A host that has no address is a SourceError."""
    made = open_source("http://films.invalid/", Settings())
    with pytest.raises(SourceError), opening.pin(made, "a.mp4") as pinned:
        pinned.open(0, 10)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="needs cryptography")
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return tmp_path / "certificate.pem", tmp_path / "key.pem"


@pytest.mark.parametrize("trusted", [True, False])
def test_tls(
    *, certificate: tuple[Path, Path], opening: Opening, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    """Over TLS the name goes into SNI and is checked in the certificate, which has to be trusted."""
    asked_for: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _, name, __: asked_for.append(name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with ranges.running(tls=context) as server:
        server.put("films/a.mp4", FILM)
        made = open_source(f"https://localhost:{server.port}/films", Settings())
        with opening.pin(made, "a.mp4") as pinned:
            if trusted:
                assert pinned.open(0, 10) == FILM[:10]
                assert pinned.read(10, 20, "block") == FILM[10:20]
            else:
                with pytest.raises(SourceError) as caught:
                    pinned.open(0, 10)
                assert "certificate" in caught.value.detail
    # One connection: the second range used the first one's again; a bad certificate is not tried again.
    assert asked_for == ["localhost"]
