"""``framefetch serve`` as a process: how it starts, whom it lets in, what it says, how it ends."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.server.sample import read_frame_number
from tests.films import RECIPES, make_film
from tests.serving import run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.films import Film
    from tests.serving import Server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="module")
def film(folder: Path) -> Film:
    return make_film(RECIPES["h264-mp4-end"], folder)


@pytest.fixture(scope="module")
def server(film: Film, folder: Path) -> Iterator[Server]:
    (folder / "healthz").write_bytes(film.path.read_bytes())
    with serving(folder) as server:
        yield server


def test_greeting_leads_to_a_picture(server: Server, film: Film) -> None:
    """Port 0 takes a free one, and what the server says to try works as it stands."""
    assert re.fullmatch(r"framefetch serves .+ at http://127\.0\.0\.1:\d+/\n", server.greeting[-2])
    url = re.fullmatch(r"Try http://127\.0\.0\.1:\d+(/\S+)\n", server.greeting[-1])
    assert url
    said = server.ask(url[1])
    assert said.status == 200
    assert read_frame_number(Image.open(io.BytesIO(said.body))) == film.exact(1000).number


def test_headers_on_the_wire(server: Server, film: Film) -> None:
    """A picture carries what DESIGN.md promises, once each, and names no server software."""
    said = server.snapshot(film.path.name, "t_400,f_png")
    assert (said.status, said.headers["content-type"]) == (200, "image/png")
    assert said.headers["content-length"] == str(len(said.body))
    assert re.fullmatch(r'"[0-9A-F]{32}"', said.headers["etag"])
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", said.headers["last-modified"])
    assert said.headers["cache-control"] == "public, max-age=3600"
    assert re.fullmatch(r"[0-9A-F]{24}", said.headers["x-oss-request-id"])
    assert said.headers["x-framefetch-time"] == "400.000"
    assert re.fullmatch(r"bytes=\d+, requests=\d+, size=\d+", said.headers["x-framefetch-read"])
    stages = [one.split(";dur=")[0] for one in said.headers["server-timing"].split(", ")]
    assert {"open", "decode", "draw", "encode"} <= set(stages)
    assert said.headers["x-content-type-options"] == "nosniff"
    assert "server" not in said.headers
    assert "x-oss-hash-crc64ecma" not in said.headers


def test_head_on_the_wire(server: Server, film: Film) -> None:
    """HEAD has no length, and its error is in x-oss-err; the connection stays in order."""
    head = server.ask(f"/{film.path.name}?x-oss-process=video/snapshot", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert "content-length" not in head.headers
    missing = server.ask("/none.mp4?x-oss-process=video/snapshot", "HEAD")
    assert (missing.status, missing.body) == (404, b"")
    assert "x-oss-err" in missing.headers


def test_without_process(server: Server, film: Film) -> None:
    """The function does not serve videos: without x-oss-process, 400 says what to ask."""
    name = film.path.name
    for target in (f"/{name}", f"/{name}?x=1", "/-/none", "/?x-oss-process=video/snapshot"):
        said = server.ask(target)
        assert said.status == 400, target
        assert said.headers["content-type"] == "application/xml"
        assert b"<RequestId>" in said.body
    assert b"x-oss-process=video/snapshot" in server.ask(f"/{film.path.name}").body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods(server: Server, film: Film, method: str) -> None:
    """Other methods are refused in OSS's form."""
    said = server.ask(f"/{film.path.name}?x-oss-process=video/snapshot", method)
    assert said.status in (400, 405)
    assert b"<Code>" in said.body


def test_health_page(server: Server) -> None:
    """/healthz without a query is the health page; with x-oss-process it is the object of that name."""
    page = server.ask("/healthz")
    assert page.status == 200
    made_of = json.loads(page.body)
    assert made_of["status"] == "ok"
    assert {"framefetch", "PyAV", "libavcodec", "Python"} <= set(made_of["versions"])
    assert "h264" in made_of["decoders"]
    assert server.ask("/healthz?x-oss-process=video/snapshot,f_png").headers["content-type"] == "image/png"


def test_keys_reach_their_object(server: Server, film: Film, folder: Path) -> None:
    """A key with spaces, signs, percent and Unicode reaches just the object that it names."""
    content = film.path.read_bytes()
    for name in ("a b.mp4", "a+b.mp4", "a%41.mp4", "aA.mp4", "a#b?c.mp4", "ä中.mp4"):
        (folder / name).write_bytes(content if name != "aA.mp4" else b"another")
    query = "?x-oss-process=video/snapshot"
    for path in (
        "/a%20b.mp4",
        "/a+b.mp4",
        "/a%2Bb.mp4",
        "/a%2541.mp4",
        "/a%23b%3Fc.mp4",
        "/%C3%A4%E4%B8%AD.mp4",
    ):
        assert server.ask(path + query).status == 200, path
    assert server.ask("/aA.mp4" + query).status == 400
    assert server.ask("/a%41.mp4" + query).status == 400
    assert server.ask("/a%252541.mp4" + query).status == 404
    for path in ("/../serve.mp4", "/%2e%2e/a.mp4", "/./a%20b.mp4", "//a%20b.mp4", "/a%00b.mp4", "/%ff.mp4"):
        said = server.ask(path + query)
        assert said.status in (400, 404), path
        assert b"<Code>" in said.body


def exchange(server: Server, sent: bytes) -> bytes:
    """What comes back for these bytes, until the server closes the connection or nothing more comes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as made:
        made.sendall(sent)
        received = b""
        while piece := made.recv(1 << 16):
            received += piece
    return received


@pytest.mark.parametrize(
    "target", ["x{path}", "\\{path}", "{path}", "ftp://h/{path}", "http://a@h/{path}", "*"]
)
def test_a_target_that_is_no_path_is_refused(server: Server, film: Film, target: str) -> None:
    """What is neither a path nor a URL never stands for one: 400, and the connection ends."""
    line = target.format(path=film.path.name)
    said = exchange(
        server, f"GET {line}?x-oss-process=video/snapshot,t_0 HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    )
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>InvalidRequest</Code>" in said


def test_a_proxy_that_speaks_1_0_gets_no_playground(server: Server) -> None:
    """Whoever comes through a proxy that names this machine to us gets no list of films, and no signature."""
    for version, status in (("1.0", b"40"), ("1.1", b"200")):
        sent = f"GET /-/films?bucket= HTTP/{version}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        assert exchange(server, sent.encode()).startswith(b"HTTP/1.1 " + status)


def test_a_target_may_be_a_url(server: Server, film: Film) -> None:
    """A whole URL is its path, on the host that it names, whatever the Host header says."""
    for scheme in ("http", "HTTP", "https"):
        url = f"{scheme}://other.example/{film.path.name}?x-oss-process=video/snapshot,t_x"
        said = exchange(server, f"GET {url} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        assert b"<HostId>other.example</HostId>" in said
        assert b"<ArgumentName>t</ArgumentName>" in said


def test_two_lengths_of_a_body_are_refused(server: Server) -> None:
    """A request with both kinds of length is refused, and what follows it is not taken for another."""
    first = b"POST /a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = exchange(server, first + b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", said) == [b"400"]
    assert b"<Code>InvalidRequest</Code>" in said


def test_a_head_without_an_end_is_refused(server: Server, film: Film) -> None:
    """A head of 30 KB is read, longer than any client's; one that does not end is refused before 40."""
    line = f"GET /{film.path.name}?x-oss-process=video/snapshot,t_0&a={'a' * 30_000} HTTP/1.1\r\nHost: h\r\n"
    said = exchange(server, f"{line}Connection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 200 ")
    said = exchange(server, f"{line}X-More: {'a' * 10_000}".encode())
    assert said.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it(film: Film, folder: Path, how: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end the server cleanly, its answers sent."""
    with serving(folder) as server:
        assert server.snapshot(film.path.name).status == 200
        assert server.stop(how) in (0, 130, -how)


def test_empty_folder_gets_a_sample(tmp_path: Path) -> None:
    """A folder that is empty, or not there yet, gets a film whose pictures can be asked for at once."""
    with serving(tmp_path / "films") as server:
        assert [one.name for one in (tmp_path / "films").iterdir()] == ["sample.mp4"]
        assert "films was not there: making it, and in it sample.mp4," in server.greeting[0]
        assert "sample.mp4" in server.greeting[-1]
        said = server.snapshot("sample.mp4", "t_5000,w_320")
        assert read_frame_number(Image.open(io.BytesIO(said.body))) == 125
        assert server.stop() in (0, -signal.SIGTERM)
    (tmp_path / "empty").mkdir()
    with serving(tmp_path / "empty") as server:
        assert "empty is empty: making sample.mp4" in server.greeting[0]


def test_strangers_are_not_let_in(tmp_path: Path) -> None:
    """An address that others reach is refused unless --public says so; nothing is made before."""
    for host in ("0.0.0.0", "::", "192.0.2.1", "films.example"):
        done = run("serve", str(tmp_path), "--host", host, "--port", "0")
        assert (done.returncode, done.stdout) == (2, b"")
        text = done.stderr.decode()
        assert host in text
        assert "--public" in text
        assert len(text.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_public_says_little(film: Film, folder: Path) -> None:
    """With --public it starts, serves, and its health page tells strangers no versions."""
    with serving(folder, "--host", "0.0.0.0", "--public") as server:
        assert server.ask("/healthz").body == b"ok\n"
        assert server.snapshot(film.path.name).status == 200


def test_bad_folder(tmp_path: Path) -> None:
    """What is no folder is said in one line, before anything listens."""
    file = tmp_path / "file"
    file.touch()
    for what in (str(file), str(tmp_path / "none" / "films"), "ftp://host/films"):
        done = run("serve", what, "--port", "0")
        assert (done.returncode, done.stdout) == (2, b"")
        assert len(done.stderr.decode().splitlines()) == 1


def test_port_in_use(server: Server, folder: Path) -> None:
    """A port that is taken is said in one line, not in a traceback."""
    done = run("serve", str(folder), "--port", str(server.port))
    assert done.returncode != 0
    text = done.stderr.decode()
    assert "Traceback" not in text
    assert len(text.splitlines()) == 1, text
