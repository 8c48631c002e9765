"""What a store may say instead of the right answer: each function answers one request of `ranges`' server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.range_header import cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.ranges import Handler

    Fault = Callable[[Handler], None]


def right(handler: Handler) -> None:
    """The right answer."""
    handler.answer()


def status(code: int, name: str = "", **headers: str) -> Fault:
    """A refusal; underscores in the names of headers are hyphens."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda handler: handler.fail(code, name or str(code), named)


def asked_range(handler: Handler) -> tuple[bytes, int, int, dict[str, str]]:
    """The bytes of the range that is asked for, its ends, and the headers of the right answer."""
    found = handler.find()
    assert found is not None
    ends = cut(handler.headers["Range"], len(found.content))
    assert ends is not None
    start, stop = ends
    return found.content[start:stop], start, stop, handler.facts(found, start, stop)


def whole(handler: Handler) -> None:
    """200 with the whole object."""
    found = handler.find()
    assert found is not None
    handler.say(200, handler.facts(found, 0, 0, 200), found.content[:])


def claiming(content_range: Callable[[int, int, int], str | None]) -> Fault:
    """The right bytes under another Content-Range, made of start, stop and size; None sends none."""

    def fault(handler: Handler) -> None:
        body, start, stop, headers = asked_range(handler)
        size = int(headers.pop("Content-Range").rpartition("/")[2])
        told = content_range(start, stop, size)
        handler.say(206, headers | ({} if told is None else {"Content-Range": told}), body)
        handler.hang_up()

    return fault


def shortened(keep: Callable[[int], int], *, reset: bool = False) -> Fault:
    """So much of the body, and then the connection ends."""

    def fault(handler: Handler) -> None:
        body, _, _, headers = asked_range(handler)
        handler.say(206, headers | {"Connection": "close"}, body[: keep(len(body))], len(body))
        handler.hang_up(reset=reset)

    return fault


def longer(handler: Handler) -> None:
    """5,000 bytes after the range, which Content-Length counts in."""
    body, _, _, headers = asked_range(handler)
    handler.say(206, headers, body + b"\xee" * 5000)


def garbage_after(handler: Handler) -> None:
    """5,000 bytes after the answer, of which no header speaks."""
    body, _, _, headers = asked_range(handler)
    handler.say(206, headers, body + b"\xee" * 5000, len(body))
    handler.hang_up()


def reset_before_headers(handler: Handler) -> None:
    """The connection ends as the request arrives."""
    handler.hang_up(reset=True)


def reset_in_headers(handler: Handler) -> None:
    """The connection ends within the headers."""
    handler.wfile.write(b"HTTP/1.1 206 Partial Content\r\nContent-")
    handler.wfile.flush()
    handler.hang_up(reset=True)


def silence(handler: Handler) -> None:
    """Nothing, until the test is over."""
    handler.state.closing.wait(20)
    handler.hang_up()


def silence_after_headers(handler: Handler) -> None:
    """The headers, ten bytes, and then nothing."""
    body, _, _, headers = asked_range(handler)
    handler.say(206, headers, body[:10], len(body))
    silence(handler)


def dripping_headers(handler: Handler) -> None:
    """Headers without end, a letter at a time."""
    handler.wfile.write(b"HTTP/1.1 206 Partial Content\r\nX-A: ")
    while not handler.state.closing.wait(0.03):
        try:
            handler.wfile.write(b"a")
        except OSError:
            break
    handler.hang_up()


def drip(handler: Handler) -> None:
    """The right answer, so slowly that it would take hours."""
    body, _, _, headers = asked_range(handler)
    handler.say(206, headers, b"", len(body))
    for at in range(len(body)):
        if handler.state.closing.wait(0.03):
            break
        try:
            handler.wfile.write(body[at : at + 1])
        except OSError:
            break
    handler.hang_up()


def with_headers(**more: str) -> Fault:
    """The right answer with further headers, or others."""

    def fault(handler: Handler) -> None:
        body, _, _, headers = asked_range(handler)
        handler.say(206, headers | {name.replace("_", "-"): value for name, value in more.items()}, body)

    return fault


def chunked(handler: Handler) -> None:
    """The right answer in chunks, without Content-Length."""
    body, _, _, headers = asked_range(handler)
    handler.say(206, headers | {"Transfer-Encoding": "chunked"}, b"", -1)
    for at in range(0, len(body), 1000):
        piece = body[at : at + 1000]
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def until_closed(handler: Handler) -> None:
    """The right answer of HTTP/1.0, which ends with the connection."""
    body, _, _, headers = asked_range(handler)
    handler.protocol_version = "HTTP/1.0"
    handler.say(206, headers, body, -1)
    handler.hang_up()


def then_closed(handler: Handler) -> None:
    """The right answer, and the connection ends without a word, as after its keep-alive time."""
    handler.answer()
    handler.hang_up()


def redirect(location: str, code: int = 302) -> Fault:
    """A redirect; ``{url}`` is this server, ``{path}`` what was asked for."""
    return lambda handler: handler.say(
        code, {"Location": location.format(url=handler.state.url, path=handler.path)}, b"moved"
    )
