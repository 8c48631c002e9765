"""URLs of pictures, for whoever writes the page that shows them. In: names, a key pair; out: text.

The same that ``framefetch sign`` prints. Sends nothing, and needs nothing beyond the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from framefetch.budget import now_unix
from framefetch.process import PARAMETER, SnapshotRequest
from framefetch.signing import presign
from framefetch.signing.canonical import encode, first, seconds

if TYPE_CHECKING:
    from framefetch.http.call import Call
    from framefetch.signing import KeyPair, Signed


def snapshot_url(
    bucket: str,
    key: str,
    process: SnapshotRequest | str,
    pair: KeyPair,
    *,
    endpoint: str,
    region: str = "",
    expires_s: int = 3600,
    grid_s: int = 0,
    version: Literal["v1", "v4"] = "v4",
    cname: bool = False,
    slash_safe: bool = True,
    now: float | None = None,
) -> str:
    """Makes a signed URL of one picture, byte for byte what oss2's ``sign_url`` makes.

    Args:
        bucket: as the server knows it; in the host name, or in the path of an IP or localhost.
        key: of the video.
        process: what picture: a request, or text such as ``video/snapshot,t_1000`` or ``style/cover``.
        pair: signs.
        endpoint: scheme and host, such as ``https://oss-cn-hangzhou.aliyuncs.com``.
        region: without ``oss-``; V4 needs it.
        expires_s: for how long the URL holds at least; 604 800 (with `grid_s`) at most.
        grid_s: the end is rounded up to a multiple of this, so that all URLs made within one such step
            are the same one, and a CDN can keep its answer.
        version: of the signature.
        cname: `endpoint` is a domain of the bucket's own.
        slash_safe: leaves ``/`` in the key as it is; False writes ``%2F``, as oss2 does by default.
        now: unix seconds; None takes the clock.

    Raises:
        ValueError: one of these is out of its range.
    """
    text = process if isinstance(process, str) else process.canonical()
    return presign(
        key,
        pair,
        bucket=bucket,
        endpoint=endpoint,
        now=now_unix() if now is None else now,
        expires_s=expires_s,
        grid_s=grid_s,
        region=region,
        version=version,
        parameters=((PARAMETER, text),),
        slash_safe=slash_safe,
        cname=cname,
    )


def beside(call: Call, process: str, bucket: str, key: str, signed: Signed | None) -> str:
    """The address of something else made of the same video, relative to that of a request.

    It opens as much as the request does: a presigned one gives a presigned address by the same key pair, for
    the same time, and the same each time. One that is signed in its header gives an unsigned address.

    Args:
        call: the request, which was let in.
        process: what the address is for.
        bucket: that the request names.
        key: likewise.
        signed: who signed the request, and how.
    """
    # A colon in the first part of a relative address would end a scheme.
    name = call.path.rpartition("/")[2].replace(":", "%3A")
    parameters: tuple[tuple[str, str], ...] = ((PARAMETER, process),)
    version = first(call.parameters, "versionId")
    if version is not None:
        parameters += (("versionId", version),)
    if signed is None or signed.kind == "header":
        return f"{name}?" + "&".join(f"{encode(one)}={encode(value)}" for one, value in parameters)
    if signed.version == "v4":
        start = seconds(_signed_with(call, "x-oss-date")) or 0
        lasting = int(_signed_with(call, "x-oss-expires"))
        region = _signed_with(call, "x-oss-credential").split("/")[2]
    else:
        start, lasting, region = int(_signed_with(call, "Expires")) - 1, 1, ""
    url = presign(
        key,
        signed.pair,
        bucket=bucket,
        endpoint="http://localhost",
        now=start,
        expires_s=lasting,
        region=region,
        version=signed.version,
        parameters=parameters,
        cname=True,
    )
    return f"{name}?{url.partition('?')[2]}"


def _signed_with(call: Call, name: str) -> str:
    """What the signature was checked with: the first value of a name.

    Version 1 does not sign its own parameters, so anybody can put a second one behind it.
    """
    return first(call.parameters, name) or ""
