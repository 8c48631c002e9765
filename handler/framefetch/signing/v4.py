"""Signature V4 (OSS4-HMAC-SHA256). In: decoded parts; out: string to sign, signature."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import NamedTuple

from framefetch.signing.canonical import Pairs, encode, first, lines, raw, trim

ALGORITHM = "OSS4-HMAC-SHA256"
PRODUCT = "oss"
TERMINATOR = "aliyun_v4_request"
PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_EXPIRES_S = 604_800


class Scope(NamedTuple):
    """What a signing key is good for.

    Attributes:
        day: ``20260115``.
        region: without ``oss-``.
        product: ``oss``.
    """

    day: str
    region: str
    product: str = PRODUCT

    def __str__(self) -> str:
        """As in a credential."""
        return f"{self.day}/{self.region}/{self.product}/{TERMINATOR}"


def canonical_request(
    *,
    method: str,
    bucket: str,
    key: str,
    parameters: Pairs,
    headers: Pairs,
    additional: tuple[str, ...] = (),
) -> bytes:
    """The request in the one form that is hashed.

    Args:
        method: upper case.
        bucket: by configuration; in the path also on a virtual host or CNAME.
        key: decoded.
        parameters: the query without its signature, decoded.
        headers: names in lower case; see `is_signed` for which of them count.
        additional: further signed headers, names in lower case.
    """
    encoded = [(encode(name), encode(value)) for name, value in parameters]
    # Only by name: the order of two values of one name is part of what was signed.
    encoded.sort(key=lambda pair: pair[0])
    query = "&".join(f"{name}={value}" if value else name for name, value in encoded)
    also = frozenset(additional)
    signed = [header for header in headers if is_signed(header[0]) or header[0] in also]
    uri = encode(f"/{bucket}/{key}", keep="/")
    names = ";".join(sorted(additional))
    payload = trim(first(headers, "x-oss-content-sha256") or PAYLOAD)
    return raw("\n".join((method, uri, query, lines(signed), names, payload)))


def is_signed(header: str) -> bool:
    """Whether a header (lower case) is always signed where it is sent."""
    return header.startswith("x-oss-") or header in ("content-type", "content-md5")


def string_to_sign(date: str, scope: Scope, canonical: bytes) -> bytes:
    """The text that is signed; `date` is the request's date, verbatim."""
    return raw(f"{ALGORITHM}\n{date}\n{scope}\n{sha256(canonical).hexdigest()}")


def sign(secret: str, scope: Scope, text: bytes) -> str:
    """The signature, 64 lower-case hexadecimal digits."""
    made = raw(f"aliyun_v4{secret}")
    for step in (scope.day, scope.region, scope.product, TERMINATOR):
        made = hmac.digest(made, raw(step), "sha256")
    return hmac.digest(made, text, "sha256").hex()
