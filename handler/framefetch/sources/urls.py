"""The one parser of HTTP URLs: what it lets through means the same to us, to DNS and to the server.

In: a URL as an operator, a user or a redirect wrote it. Out: its parts, checked, or ValueError saying
what is wrong with it. Refuses everything that two parsers could read in two ways: user names, other
schemes, backslashes, control characters, numbers that stand for addresses, encoded dot segments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, unquote_to_bytes, urljoin

_URL = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")
_FORBIDDEN_IN_PATH = re.compile(rb"[\x00-\x1f\x7f\\]")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_SAFE = "/:@!$&'()*+,;=-._~"
_LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """A checked URL.

    Attributes:
        scheme: ``http`` or ``https``.
        host: lower case, punycode; an IPv6 address without its brackets.
        port: always given.
        path: percent-encoded, as it is sent; begins with ``/``.
        query: as it is sent, without ``?``.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def origin(self) -> tuple[str, str, int]:
        """What a connection is made to."""
        return self.scheme, self.host, self.port

    @property
    def target(self) -> str:
        """What stands in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def decoded(self) -> bytes:
        """The path, percent-decoded exactly once."""
        return unquote_to_bytes(self.path)

    def contains(self, other: HttpUrl) -> bool:
        """Whether the other URL is this one or below it, compared on whole path segments."""
        if other.origin != self.origin:
            return False
        root = self.decoded.rstrip(b"/")
        return other.decoded == root or other.decoded.startswith(root + b"/")


def parse_url(text: str) -> HttpUrl:
    """Takes a URL apart.

    Raises:
        ValueError: it is not an http(s) URL that everyone reads in the same way.
    """
    if _FORBIDDEN.search(text):
        message = "a URL holds no spaces, backslashes or control characters; write them %XX"
        raise ValueError(message)
    found = _URL.fullmatch(text)
    if found is None:
        message = "not a URL that begins with https:// or http://"
        raise ValueError(message)
    scheme = found[1].lower()
    host, port = _host_and_port(found[2], _PORTS[scheme])
    path = quote(found[3] or "/", safe=_PATH_SAFE + "%")
    query = quote(found[4] or "", safe=_PATH_SAFE + "%?[]")
    if _BAD_PERCENT.search(path) or _BAD_PERCENT.search(query):
        message = "a % in a URL is followed by two hexadecimal digits; a plain one is written %25"
        raise ValueError(message)
    refuse_dots(unquote_to_bytes(path))
    return HttpUrl(scheme, host, port, path, query)


def follow(base: HttpUrl, location: str) -> HttpUrl:
    """The URL that a redirect from `base` leads to.

    Raises:
        ValueError: see `parse_url`.
    """
    if _FORBIDDEN.search(location):
        message = "a redirect with spaces, backslashes or control characters"
        raise ValueError(message)
    host = f"[{base.host}]" if ":" in base.host else base.host
    return parse_url(urljoin(f"{base.scheme}://{host}:{base.port}{base.path}", location))


def encode_key(key: str) -> str:
    """A key as part of a URL's path; every byte of it that could mean something else is encoded."""
    return quote(key, safe="/-._~", errors="surrogateescape")


def refuse_dots(path: bytes) -> None:
    """Raises ValueError for a decoded path that a server could take for one somewhere else."""
    if _FORBIDDEN_IN_PATH.search(path):
        message = "a backslash or a control character in a path"
        raise ValueError(message)
    if any(segment in (b".", b"..") for segment in path.split(b"/")):
        message = "a path with . or .. segments"
        raise ValueError(message)


def _host_and_port(authority: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        message = "a URL with a user name; credentials do not go into URLs"
        raise ValueError(message)
    if authority.startswith("["):
        inside, closed, rest = authority[1:].partition("]")
        if not closed or "%" in inside or (rest and not rest.startswith(":")):
            message = "not an IPv6 address in brackets"
            raise ValueError(message)
        host = str(IPv6Address(inside))
        port = rest[1:] if rest else str(default_port)
    else:
        name, colon, port = authority.partition(":")
        port = port if colon else str(default_port)
        host = _host(name)
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 1 << 16:
        message = "not a port from 1 to 65535"
        raise ValueError(message)
    return host, int(port)


def _host(name: str) -> str:
    """A host's name in lower-case punycode, or a plain IPv4 address."""
    if "%" in name:
        message = "a host name with %"
        raise ValueError(message)
    try:
        host = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        message = "not a host name"
        raise ValueError(message) from None
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        message = "not a host name: labels of letters, digits and hyphens, without a dot at the end"
        raise ValueError(message)
    # 127.1, 2130706433, 0x7f.1, 0177.0.0.1: resolvers take these for addresses, allow-lists do not.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return str(IPv4Address(host))
    return host
