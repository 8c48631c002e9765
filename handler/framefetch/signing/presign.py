"""Making signatures: a presigned URL, or the headers of a signed request. Byte for byte what oss2 makes.

In: decoded parts, a key pair, the clock. Out: text. Never sends anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from framefetch.signing import v1, v4
from framefetch.signing.canonical import Pairs, basic, encode, http_date

if TYPE_CHECKING:
    from framefetch.signing.keys import KeyPair


def presign(
    key: str,
    pair: KeyPair,
    *,
    bucket: str,
    endpoint: str,
    now: float,
    expires_s: int = 3600,
    grid_s: int = 0,
    region: str = "",
    version: Literal["v1", "v4"] = "v4",
    parameters: Pairs = (),
    headers: Pairs = (),
    additional: tuple[str, ...] = (),
    method: str = "GET",
    slash_safe: bool = True,
    cname: bool = False,
) -> str:
    """Makes a URL that opens one object for some time.

    Args:
        key: decoded, not empty.
        pair: signs; its session token, if any, goes into the URL.
        bucket: in the host name, or in the path where `endpoint` is an IP or localhost.
        endpoint: scheme and host, such as ``https://oss-cn-hangzhou.aliyuncs.com``.
        now: unix seconds.
        expires_s: for how long it holds at least; V4 takes 604 800 (with `grid_s`) at most.
        grid_s: the end is rounded up to a multiple of this, so that everybody who asks within one such
            step gets the same URL, and a CDN can keep its answer. 0 does not round.
        region: without ``oss-``; V4 needs it.
        version: of the signature.
        parameters: decoded, in the order in which they shall stand, such as ``("x-oss-process", "…")``.
        headers: that the caller of the URL will send, and that are signed; names in lower case.
        additional: V4: names of further `headers` that are signed.
        method: of the request that the URL is for.
        slash_safe: leaves ``/`` in the key as it is; oss2's default is ``%2F``.
        cname: `endpoint` is bound to the bucket.

    Raises:
        ValueError: one of these is out of its range, or V1 cannot sign the request without a doubt.
    """
    scheme, separator, host = endpoint.rstrip("/").partition("://")
    if not (key and separator and host):
        message = "a key and an endpoint with its scheme, such as https://oss-cn-hangzhou.aliyuncs.com"
        raise ValueError(message)
    if cname:
        base = f"{scheme}://{host}/"
    elif is_ip_or_localhost(host):
        base = f"{scheme}://{host}/{bucket}/"
    else:
        base = f"{scheme}://{bucket}.{host}/"
    start, lasting = _window(int(now), expires_s, grid_s)
    if version == "v1":
        query = _v1_query(key, pair, bucket, method, parameters, headers, start + lasting)
    else:
        if not 1 <= lasting <= v4.MAX_EXPIRES_S:
            message = f"a V4 URL holds from 1 to {v4.MAX_EXPIRES_S} seconds, the grid included"
            raise ValueError(message)
        scope = _scope(start, region)
        query = _v4_query(key, pair, bucket, method, parameters, headers, additional, scope, start, lasting)
    text = "&".join(f"{encode(name)}={encode(value)}" if value else encode(name) for name, value in query)
    return f"{base}{encode(key, '/' if slash_safe else '')}?{text}"


def authorization(
    key: str,
    pair: KeyPair,
    *,
    bucket: str,
    now: float,
    region: str = "",
    version: Literal["v1", "v4"] = "v4",
    parameters: Pairs = (),
    headers: Pairs = (),
    additional: tuple[str, ...] = (),
    method: str = "GET",
) -> Pairs:
    """The headers to add to a request so that it is signed; arguments as in `presign`.

    Raises:
        ValueError: V4 without a region.
    """
    at = int(now)
    added: Pairs = (("x-oss-security-token", pair.security_token),) if pair.security_token else ()
    if version == "v1":
        date = http_date(at)
        added += (("date", date),)
        text = v1.string_to_sign(
            method=method, bucket=bucket, key=key, parameters=parameters, headers=headers + added, date=date
        )
        return (*added, ("authorization", f"OSS {pair.access_key_id}:{v1.sign(pair.secret, text)}"))
    scope = _scope(at, region)
    added += (("x-oss-date", basic(at)), ("x-oss-content-sha256", v4.PAYLOAD))
    names = _additional(headers, additional)
    canonical = v4.canonical_request(
        method=method,
        bucket=bucket,
        key=key,
        parameters=parameters,
        headers=headers + added,
        additional=names,
    )
    signature = v4.sign(pair.secret, scope, v4.string_to_sign(basic(at), scope, canonical))
    value = f"{v4.ALGORITHM} Credential={pair.access_key_id}/{scope}, Signature={signature}"
    if names:
        value += f", AdditionalHeaders={';'.join(names)}"
    return (*added, ("authorization", value))


def is_ip_or_localhost(host: str) -> bool:
    """Whether the SDKs address a host (with or without port) by path style."""
    name = without_port(host)
    numbers = name.split(".")
    ipv4 = len(numbers) == 4 and all(number.isascii() and number.isdigit() for number in numbers)
    return name == "localhost" or name.startswith("[") or ipv4


def without_port(host: str) -> str:
    """A Host header's host; the brackets of IPv6 stay."""
    if host.startswith("["):
        return host[: host.find("]") + 1] or host
    return host.partition(":")[0]


def _window(now: int, expires_s: int, grid_s: int) -> tuple[int, int]:
    """First second and length. On a grid both are the same for all of one step of it."""
    if expires_s < 1 or grid_s < 0:
        message = "a signature holds for at least one second, on a grid of 0 or more"
        raise ValueError(message)
    if grid_s <= 1:
        return now, expires_s
    stop = -(-(now + expires_s) // grid_s) * grid_s
    # V4 signs the start too, so it is put at a fixed distance from the end; it is never after now.
    return stop - expires_s - grid_s, expires_s + grid_s


def _v1_query(  # noqa: PLR0917 - private, called once
    key: str, pair: KeyPair, bucket: str, method: str, parameters: Pairs, headers: Pairs, stop: int
) -> Pairs:
    if pair.security_token:
        parameters += (("security-token", pair.security_token),)
    if v1.is_ambiguous(key, parameters):
        message = "version 1 cannot tell this key or these parameters from others; sign with version 4"
        raise ValueError(message)
    text = v1.string_to_sign(
        method=method, bucket=bucket, key=key, parameters=parameters, headers=headers, date=str(stop)
    )
    return (
        *parameters,
        ("OSSAccessKeyId", pair.access_key_id),
        ("Expires", str(stop)),
        ("Signature", v1.sign(pair.secret, text)),
    )


def _v4_query(  # noqa: PLR0917 - private, called once
    key: str,
    pair: KeyPair,
    bucket: str,
    method: str,
    parameters: Pairs,
    headers: Pairs,
    additional: tuple[str, ...],
    scope: v4.Scope,
    start: int,
    lasting: int,
) -> Pairs:
    if pair.security_token:
        parameters += (("x-oss-security-token", pair.security_token),)
    parameters += (
        ("x-oss-date", basic(start)),
        ("x-oss-expires", str(lasting)),
        ("x-oss-signature-version", v4.ALGORITHM),
        ("x-oss-credential", f"{pair.access_key_id}/{scope}"),
    )
    names = _additional(headers, additional)
    if names:
        parameters += (("x-oss-additional-headers", ";".join(names)),)
    canonical = v4.canonical_request(
        method=method, bucket=bucket, key=key, parameters=parameters, headers=headers, additional=names
    )
    signature = v4.sign(pair.secret, scope, v4.string_to_sign(basic(start), scope, canonical))
    return (*parameters, ("x-oss-signature", signature))


def _scope(start: int, region: str) -> v4.Scope:
    if not region:
        message = "a V4 signature is made for a region"
        raise ValueError(message)
    return v4.Scope(basic(start)[:8], region)


def _additional(headers: Pairs, names: tuple[str, ...]) -> tuple[str, ...]:
    """Of the names, sorted, those that are sent and not signed anyway."""
    sent = {name for name, _ in headers if not v4.is_signed(name)}
    return tuple(sorted(sent & {name.lower() for name in names}))
