"""What a signed request means, worked out apart from the code under test, and edits that may change it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from framefetch.signing.v1 import is_subresource

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from framefetch.http.call import Call

AUTHENTICATES = (
    b"OSSAccessKeyId",
    b"Signature",
    b"x-oss-signature-version",
    b"x-oss-signature",
    b"x-oss-credential",
)
Header = tuple[str, str]


def meaning(call: Call, path_style: bool) -> tuple[object, ...]:  # noqa: FBT001 - of the recorded request
    """All that a signature stands for, and the signature: two requests with one meaning are one request."""
    path = unquote_to_bytes(call.path[1:])
    where = tuple(path.partition(b"/")[::2]) if path_style else (b"", path)
    parts = [part.partition("=") for part in call.query.split("&") if part]
    query = [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]
    signers = [value.strip(" \t") for name, value in call.headers if name == "authorization"]
    v4 = any(name.startswith(b"x-oss-signature") for name, _ in query) or "OSS4" in "".join(signers)
    return (
        call.method,
        where,
        _signed_query(query, v4=v4, in_url=not signers),
        _signed_headers(call, query, signers, v4=v4),
        [_fields(signer) if v4 else signer for signer in signers],
        {name for name, _ in query if name in AUTHENTICATES} if signers else None,
    )


def _signed_query(query: list[tuple[bytes, bytes]], *, v4: bool, in_url: bool) -> tuple[object, ...]:
    firsts = dict(reversed(query))
    if v4:
        rest = list(query)
        if in_url and b"x-oss-signature" in firsts:
            rest.remove((b"x-oss-signature", firsts[b"x-oss-signature"]))
        return firsts.get(b"x-oss-signature"), sorted(rest, key=lambda pair: pair[0])
    signed = [pair for pair in query if is_subresource(pair[0].decode("latin-1"))]
    named = [firsts.get(name) for name in (b"Expires", b"OSSAccessKeyId", b"Signature")] if in_url else []
    return named, sorted(signed, key=lambda pair: pair[0])


def _signed_headers(
    call: Call, query: list[tuple[bytes, bytes]], signers: list[str], *, v4: bool
) -> tuple[object, ...]:
    listed = dict(query).get(b"x-oss-additional-headers", b"").decode("latin-1")
    if v4 and signers:
        listed = "".join(value for name, _, value in _fields(signers[0]) if name == "AdditionalHeaders")
    also = listed.lower().split(";") if v4 else []
    headers = [(name, value.strip(" \t")) for name, value in call.headers]
    always = [pair for pair in headers if pair[0].startswith("x-oss-")]
    content = [pair for pair in headers if pair[0] in ("content-type", "content-md5")]
    if v4:
        always += content + [pair for pair in headers if pair[0] in also and pair not in content]
        content = []
    firsts = {name: value for name, value in dict(reversed(content)).items() if value}
    date = dict(reversed(headers)).get("x-oss-date") or dict(reversed(headers)).get("date")
    return sorted(always, key=lambda pair: pair[0]), firsts, date if signers else None


def _fields(signer: str) -> list[tuple[str, str, str]]:
    scheme, _, rest = signer.partition(" ")
    fields = [part.strip(" \t").partition("=") for part in rest.split(",")]
    ordered = sorted(
        (name, sign, ";".join(sorted(value.lower().split(";"))) if name == "AdditionalHeaders" else value)
        for name, sign, value in fields
    )
    return [("", "", scheme), *ordered]


def edit(call: Call, random: Random) -> Call:
    """One edit of one part of a request."""
    return random.choice(_EDITS)(call, random)


_SIGNS = "abzAZ019-_.~/%+ ?&=#,;:!*'é"
_NAMES = (
    "acl versionId response-content-type security-token x-oss-process x-oss-date x-oss-expires "
    "x-oss-security-token x-oss-signature x-oss-credential Signature Expires OSSAccessKeyId spm foo"
).split()
_HEADERS = (
    "x-oss-meta-a x-oss-date x-oss-security-token content-type content-md5 date range zulu accept host "
    "authorization"
).split()


def _flip(text: str, random: Random) -> str:
    if not text:
        return "a"
    at, sign = random.randrange(len(text)), random.choice(_SIGNS)
    return random.choice(
        (
            text[:at] + sign + text[at + 1 :],
            text[:at] + sign + text[at:],
            text[:at] + text[at + 1 :],
            text[:at] + text[at].swapcase() + text[at + 1 :],
        )
    )


def _encode(text: str, random: Random) -> str:
    """Another spelling of the same bytes, mostly: one sign more or less percent-encoded, or %2f for %2F."""
    if not text:
        return text
    at = random.randrange(len(text))
    kind = random.randrange(4)
    if kind == 0 and text[at] not in "%&=/" and text[at].isascii():
        return f"{text[:at]}%{ord(text[at]):02X}{text[at + 1 :]}"
    if kind == 1 and (at := text.find("%", at)) >= 0:
        return text[:at] + text[at : at + 3].lower() + text[at + 3 :]
    if kind == 2 and (at := text.find("%", at)) >= 0:
        return text[:at] + unquote_to_bytes(text[at : at + 3]).decode("latin-1") + text[at + 3 :]
    return random.choice(
        (
            text.replace("%2F", "/"),
            text.replace("%20", "+"),
            text.replace("%2B", "+"),
            text.replace("%7E", "~"),
        )
    )


def _path(call: Call, random: Random) -> Call:
    path = call.path[1:]
    at = random.randrange(len(path) + 1)
    edited = random.choice(
        (
            _flip(path, random),
            _encode(path, random),
            _encode(path, random),
            path.replace("/", "%2F"),
            path.replace("/", "%2f", 1),
            path.replace("//", "/"),
            path.replace("/./", "/"),
            path[:at] + random.choice(("/", "/./", "../", "%00", "%2e")) + path[at:],
            f"{path}%3F{call.query}",
            f"{path}?{call.query.partition('&')[0]}".replace("?", "%3F"),
        )
    )
    return replace(call, path="/" + edited)


def _query(call: Call, random: Random) -> Call:
    parts = call.query.split("&")
    at, other = random.randrange(len(parts)), random.randrange(len(parts))
    kind = random.randrange(7)
    if kind == 0:
        parts[at], parts[other] = parts[other], parts[at]
    elif kind == 1:
        del parts[at]
    elif kind == 2:
        parts.insert(at, parts[other])
    elif kind == 3:
        parts.insert(at, random.choice(_NAMES) + random.choice(("", "=", "=1", "=video%2Fsnapshot,t_1")))
    elif kind == 4:
        parts[at] = _flip(parts[at], random)
    elif kind == 5:
        parts[at] = _encode(parts[at], random)
    else:
        random.shuffle(parts)
    return replace(call, query="&".join(parts))


def _value(call: Call, random: Random) -> Call:
    """Another date, region, time, id, token or signature that looks right."""
    wanted = random.choice(
        (
            ("cn-hangzhou", "cn-beijing"),
            ("cn-hangzhou", "oss-cn-hangzhou"),
            ("20260115", "20260116"),
            ("T080000Z", "T080001Z"),
            ("=3600", "=3601"),
            ("=3600", "=03600"),
            ("1768467600", "1768467601"),
            ("%2Foss%2F", "%2Fs3%2F"),
            ("aliyun_v4", "aliyun_v5"),
            ("LTAI5tExample", "LTAI5tExampl3"),
            ("CAISexample", "CAISexampl3"),
            ("OSS4-HMAC-SHA256", "OSS2"),
            ("w_800", "w_801"),
            ("snapshot%2C", "snapshot,"),
            ("snapshot%2C", "snapshot%2c"),
        )
    )
    headers = tuple(
        (name, value.replace(*wanted) if name == "authorization" else value) for name, value in call.headers
    )
    return replace(call, query=call.query.replace(*wanted), headers=headers)


def _signature(call: Call, random: Random) -> Call:
    """The signature with other padding bits, another case, or one sign changed."""

    def change(text: str, mark: str) -> str:
        start = text.find(mark) + len(mark)
        if start < len(mark):
            return text
        stop = min((at for at in (text.find(end, start) for end in "&,") if at > 0), default=len(text))
        value = text[start:stop]
        bare = value.removesuffix("=").removesuffix("%3D")
        bits = bare[:-1] + chr(ord(bare[-1:] or "0") + 1)
        chosen = random.choice(
            (bits + value[len(bare) :], value.upper(), value + "=", bare, _flip(value, random))
        )
        return text[:start] + chosen + text[stop:]

    headers = tuple(
        (name, change(value, "ature=" if "4" in value[:4] else ":") if name == "authorization" else value)
        for name, value in call.headers
    )
    return replace(call, query=change(call.query, "ignature="), headers=headers)


def _header(call: Call, random: Random) -> Call:
    headers = list(call.headers) or [("host", "media.example.com")]
    at = random.randrange(len(headers))
    name, value = headers[at]
    kind = random.randrange(7)
    if kind == 0:
        headers.insert(at, (random.choice(_HEADERS), random.choice(("", "1", "bytes=0-3", "a/b"))))
    elif kind == 1:
        del headers[at]
    elif kind == 2:
        headers[at] = (name, f" {value}\t")
    elif kind == 3:
        headers.insert(at, headers[at])
    elif kind == 4:
        headers[at] = (name, value.replace(", ", ",").replace(",", random.choice((",", ", ", " , "))))
    elif kind == 5:
        random.shuffle(headers)
    else:
        headers[at] = (name, _flip(value, random))
    return replace(call, headers=tuple(headers))


def _method(call: Call, random: Random) -> Call:
    return replace(call, method=random.choice(("HEAD", "PUT", "get", "GET", "")))


_EDITS: tuple[Callable[[Call, Random], Call], ...] = (
    _path,
    _path,
    _query,
    _query,
    _value,
    _signature,
    _header,
    _header,
    _method,
)
