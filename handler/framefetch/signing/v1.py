"""Signature V1: HMAC-SHA1 over the decoded resource. In: decoded parts; out: string to sign, signature."""

from __future__ import annotations

import hmac
from binascii import b2a_base64

from framefetch.signing.canonical import Pairs, first, lines, raw, trim

_NAMES = """
accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo callback callback-var
cloudboxes cname comp continuation-token cors delete encryption endTime group httpsConfig img inventory
inventoryId lifecycle link live location logging metaQuery objectInfo objectMeta partNumber policy
policyStatus position publicAccessBlock qos qosInfo qosRequester quota redundancyTransition referer regionList
replication replicationLocation replicationProgress requestPayment requesterQosInfo resourceGroup resourcePool
resourcePoolBuckets resourcePoolInfo restore rtc security-token sequential startTime stat status style
styleName symlink tagging transferAcceleration udf udfApplication udfApplicationLog udfId udfImage
udfImageDesc udfName uploadId uploads versionId versioning versions vip vod vpcip website withHashContext worm
wormExtend wormId
"""
# What the SDKs of OSS sign, all of them together. Whatever starts with x-oss- or response- is signed too.
_SUBRESOURCES = frozenset(_NAMES.split())


def is_subresource(name: str) -> bool:
    """Whether V1 signs this query parameter."""
    return name in _SUBRESOURCES or name.startswith(("x-oss-", "response-"))


def string_to_sign(
    *, method: str, bucket: str, key: str, parameters: Pairs, headers: Pairs, date: str
) -> bytes:
    """The text that is signed.

    Args:
        method: upper case.
        bucket: by configuration, also behind a CNAME.
        key: decoded.
        parameters: the whole query, decoded; only sub-resources are signed.
        headers: names in lower case; the ``x-oss-`` ones are signed.
        date: ``Expires`` of a URL, or the request's date as it was sent.
    """
    fields = (method, _value(headers, "content-md5"), _value(headers, "content-type"), date)
    extra = lines(header for header in headers if header[0].startswith("x-oss-"))
    signed = sorted((pair for pair in parameters if is_subresource(pair[0])), key=lambda pair: pair[0])
    query = "&".join(f"{name}={value}" if value else name for name, value in signed)
    return raw("\n".join(fields) + f"\n{extra}/{bucket}/{key}" + (f"?{query}" if query else ""))


def sign(secret: str, text: bytes) -> str:
    """The signature, in base64."""
    return b2a_base64(hmac.digest(raw(secret), text, "sha1"), newline=False).decode()


def is_ambiguous(key: str, parameters: Pairs) -> bool:
    """Whether the same text could stand for another key or other parameters.

    V1 signs decoded text, so the key ``a?acl`` and the key ``a`` with the sub-resource ``acl`` have one
    signature. Of all requests that share a text at most one is free of a separator in a wrong place; the
    others are refused, or a signature for one object would open another.
    """
    if any(_opens_subresource(rest) for rest in key.split("?")[1:]):
        return True
    for name, value in parameters:
        if is_subresource(name):
            if not {"=", "&"}.isdisjoint(name):
                return True
            if any(_opens_subresource(rest) for rest in value.split("&")[1:]):
                return True
    return False


def _opens_subresource(text: str) -> bool:
    return is_subresource(text.split("&", 1)[0].split("=", 1)[0])


def _value(headers: Pairs, name: str) -> str:
    return trim(first(headers, name) or "")
