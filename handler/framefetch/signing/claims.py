"""What a request says of its signature, before anything is looked up or computed with a secret.

In: a `Call`, the bucket and key that it names, the region, the clock. Out: a `Claim` whose dates hold, or
None where there is no signature at all. Checks come in OSS's order: what has to be there, what it looks
like, the dates; whether the key is known and the signature right is `verify.py`'s. The EC of each is OSS's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from framefetch.errors import (
    AccessDenied,
    InvalidAuthorization,
    NotImplementedHere,
    RequestTimeTooSkewed,
)
from framefetch.signing import v1, v4
from framefetch.signing.canonical import Pairs, basic, first, iso, seconds, trim
from framefetch.signing.fields import (
    HEADER_CODES,
    URL_CODES,
    bad_argument,
    check_day,
    check_id,
    credential_of,
    names_of,
    present,
    v1_header,
    v4_header,
    whole,
)

if TYPE_CHECKING:
    from framefetch.http.call import Call

MAX_SKEW_S = 900

# A CDN or gateway in front of a function signs its own request to it with this; it is no signature of ours.
_PLATFORM = "AWS4-HMAC-SHA256 "
_URL_V1 = ("OSSAccessKeyId", "Signature")
_URL_V4 = ("x-oss-signature-version", "x-oss-signature", "x-oss-credential")


class Claim(NamedTuple):
    """A signature that could hold.

    Attributes:
        version: ``v1`` or ``v4``.
        kind: where it was found.
        access_key_id: who is said to have signed.
        signature: as it was sent, decoded once.
        token: the session token that came with it.
        stop: unix seconds of the last moment at which it holds.
        text: the string to sign.
        scope: of V4.
        ambiguous: the text could stand for another request (V1 only).
        headers: whether it holds only for requests with certain headers, beside the host.
    """

    version: Literal["v1", "v4"]
    kind: Literal["presigned", "header"]
    access_key_id: str
    signature: str
    token: str | None
    stop: int
    text: bytes
    scope: v4.Scope | None = None
    ambiguous: bool = False
    headers: bool = False

    def signature_by(self, secret: str) -> str:
        """The signature that this secret makes."""
        return v4.sign(secret, self.scope, self.text) if self.scope else v1.sign(secret, self.text)


def read(call: Call, bucket: str, key: str, region: str, now: float) -> Claim | None:
    """Reads the one signature of a request.

    Raises:
        InvalidAuthorization: it cannot be read, or there are two.
        AccessDenied: something is missing, or its time is over or not yet come.
        RequestTimeTooSkewed: a header signature's date is more than 15 minutes away.
        NotImplementedHere: signature version 2.
    """
    parameters = call.parameters
    names = {name for name, _ in parameters}
    in_header = [
        value for name, value in call.headers if name == "authorization" and not value.startswith(_PLATFORM)
    ]
    in_v4_url, in_v1_url = not names.isdisjoint(_URL_V4), not names.isdisjoint(_URL_V1)
    if len(in_header) + (in_v4_url or in_v1_url) > 1:
        message = "Only one signature is allowed, in the Authorization header or in the URL."
        raise InvalidAuthorization(message, ec="0002-00000039")
    if in_header:
        return _in_header(trim(in_header[0]), call, bucket, key, region, now)
    if in_v4_url:
        return _in_v4_url(call, parameters, bucket, key, region, now)
    return _in_v1_url(call, parameters, bucket, key, now) if in_v1_url else None


def _in_v1_url(call: Call, parameters: Pairs, bucket: str, key: str, now: float) -> Claim:
    expires, access_key_id, signature = present(
        parameters,
        ("Expires", "0002-00000067", "0002-00000068"),
        ("OSSAccessKeyId", "0002-00000071", "0002-00000072"),
        ("Signature", "0002-00000074", "0002-00000075"),
    )
    stop = whole(expires)
    if stop is None:
        raise AccessDenied("Invalid date (should be seconds since epoch).", ec="0002-00000070")
    if now > stop:
        raise _expired(stop, now, "0002-00000069")
    check_id(access_key_id, "OSSAccessKeyId", "0002-00000073")
    text = v1.string_to_sign(
        method=call.method, bucket=bucket, key=key, parameters=parameters, headers=call.headers, date=expires
    )
    return Claim(
        version="v1",
        kind="presigned",
        access_key_id=access_key_id,
        signature=signature,
        token=first(parameters, "security-token"),
        stop=stop,
        text=text,
        ambiguous=v1.is_ambiguous(key, parameters),
        headers=any(v4.is_signed(name) for name, _ in call.headers),
    )


def _in_v4_url(  # noqa: PLR0917 - private, called once
    call: Call, parameters: Pairs, bucket: str, key: str, region: str, now: float
) -> Claim:
    version = first(parameters, "x-oss-signature-version")
    if version == "OSS2":
        raise _no_v2()
    if version != v4.ALGORITHM:
        message = f"x-oss-signature-version must be {v4.ALGORITHM}."
        raise InvalidAuthorization(message, ec="0002-00000066")
    # OSS publishes no code for a URL without x-oss-date; 503 is the one for a request without any date.
    expires, credential, signature, date = present(
        parameters,
        ("x-oss-expires", "0002-00000215", "0002-00000216"),
        ("x-oss-credential", "0002-00000217", "0002-00000218"),
        ("x-oss-signature", "0002-00000219", "0002-00000220"),
        ("x-oss-date", "0002-00000503", "0002-00000503"),
    )
    access_key_id, scope = credential_of(credential, region, "x-oss-credential", URL_CODES)
    start = seconds(date)
    if start is None or basic(start) != date:
        raise AccessDenied("Invalid date (x-oss-date should be YYYYMMDDTHHMMSSZ).", ec="0002-00000505")
    check_day(scope, start, "x-oss-credential", URL_CODES)
    lasting = whole(expires)
    if lasting is None or not 1 <= lasting <= v4.MAX_EXPIRES_S:
        message = f"x-oss-expires must be from 1 to {v4.MAX_EXPIRES_S} seconds."
        raise bad_argument(message, "x-oss-expires", expires, "0002-00000232")
    if now < start - MAX_SKEW_S:
        extras = (("RequestTime", iso(start)), ("ServerTime", iso(int(now))))
        raise AccessDenied("Request is not valid yet.", ec="0002-00000235", extras=extras)
    if now > start + lasting:
        raise _expired(start + lasting, now, "0002-00000236")
    additional = names_of(first(parameters, "x-oss-additional-headers") or "")
    also = frozenset(additional) - {"host"}
    return Claim(
        version="v4",
        kind="presigned",
        access_key_id=access_key_id,
        signature=signature,
        token=first(parameters, "x-oss-security-token"),
        stop=start + lasting,
        text=_v4_text(call, bucket, key, _unsigned(parameters), additional, date, scope),
        scope=scope,
        headers=any(v4.is_signed(name) or name in also for name, _ in call.headers),
    )


def _in_header(  # noqa: PLR0917 - private, called once
    value: str, call: Call, bucket: str, key: str, region: str, now: float
) -> Claim:
    scheme, _, rest = value.partition(" ")
    if scheme == "OSS2":
        raise _no_v2()
    if scheme not in ("OSS", v4.ALGORITHM):
        raise InvalidAuthorization(ec="0002-00000061")
    token = first(call.headers, "x-oss-security-token")
    token = None if token is None else trim(token)
    if scheme == v4.ALGORITHM:
        credential, signature, additional = v4_header(rest)
        access_key_id, scope = credential_of(credential, region, "Credential", HEADER_CODES)
        payload = first(call.headers, "x-oss-content-sha256")
        if payload is not None and trim(payload) != v4.PAYLOAD:
            message = f"x-oss-content-sha256 must be {v4.PAYLOAD}."
            raise InvalidAuthorization(message, ec="0002-00000214")
        date, start = _date(call, now)
        check_day(scope, start, "Credential", HEADER_CODES)
        text = _v4_text(call, bucket, key, call.parameters, additional, date, scope)
        return Claim("v4", "header", access_key_id, signature, token, start + MAX_SKEW_S, text, scope)
    access_key_id, signature = v1_header(rest)
    date, start = _date(call, now)
    parameters = call.parameters
    text = v1.string_to_sign(
        method=call.method, bucket=bucket, key=key, parameters=parameters, headers=call.headers, date=date
    )
    ambiguous = v1.is_ambiguous(key, parameters)
    return Claim(
        "v1", "header", access_key_id, signature, token, start + MAX_SKEW_S, text, ambiguous=ambiguous
    )


def _date(call: Call, now: float) -> tuple[str, int]:
    """The date that a header signature is made with, as it was sent and in seconds."""
    date = first(call.headers, "x-oss-date") or first(call.headers, "date")
    if not date:
        raise AccessDenied("OSS authentication requires a valid Date.", ec="0002-00000503")
    date = trim(date)
    start = seconds(date)
    if start is None:
        raise AccessDenied("OSS authentication requires a valid Date.", ec="0002-00000502")
    if abs(now - start) > MAX_SKEW_S:
        raise RequestTimeTooSkewed(
            extras=(
                ("MaxAllowedSkewMilliseconds", str(MAX_SKEW_S * 1000)),
                ("RequestTime", iso(start)),
                ("ServerTime", iso(int(now))),
            )
        )
    return date, start


def _expired(stop: int, now: float, ec: str) -> AccessDenied:
    extras = (("Expires", iso(stop)), ("ServerTime", iso(int(now))))
    return AccessDenied("Request has expired.", ec=ec, extras=extras)


def _no_v2() -> NotImplementedHere:
    message = "Signature version 2 (OSS2) is not supported."
    return NotImplementedHere(message, hint="Sign the request with version 4 or version 1.")


def _unsigned(parameters: Pairs) -> Pairs:
    """The query without its one signature; a second one is a parameter like others, and breaks the first."""
    at = next(at for at, (name, _) in enumerate(parameters) if name == "x-oss-signature")
    return parameters[:at] + parameters[at + 1 :]


def _v4_text(  # noqa: PLR0917 - private
    call: Call,
    bucket: str,
    key: str,
    parameters: Pairs,
    additional: tuple[str, ...],
    date: str,
    scope: v4.Scope,
) -> bytes:
    canonical = v4.canonical_request(
        method=call.method,
        bucket=bucket,
        key=key,
        parameters=parameters,
        headers=call.headers,
        additional=additional,
    )
    return v4.string_to_sign(date, scope, canonical)
