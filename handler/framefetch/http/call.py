"""One request and one answer, free of any platform: what doors hand in and what they send out."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from framefetch.values import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived.

    Attributes:
        method: upper case.
        path: percent-encoded as on the wire, with its leading ``/``; decoded once, by `key`.
        query: the raw query string, without ``?``.
        headers: names in lower case, in order of arrival; a name may come twice.
        body: the request's body; empty for GET and HEAD.
        max_answer_bytes: of the answer's body, where the platform has a limit.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    max_answer_bytes: int | None = None

    def header(self, name: str) -> str | None:
        """The first header of this lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The query's names and values, each percent-decoded once; ``+`` is a plus, as in OSS."""
        pairs = []
        for part in self.query.split("&"):
            if part:
                name, _, value = part.partition("=")
                pairs.append((percent_decode(name), percent_decode(value)))
        return tuple(pairs)

    def as_get(self) -> Call:
        """The request for the picture itself: whole, unconditional, and as large as it is."""
        return Call("GET", self.path, self.query, tuple(one for one in self.headers if one[0] == "host"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, ready to be sent. `headers` lack Content-Length only where it is not known."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def percent_decode(text: str) -> str:
    """Decodes ``%XX`` once; bytes that are not UTF-8 stay apart from each other as surrogates."""
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
