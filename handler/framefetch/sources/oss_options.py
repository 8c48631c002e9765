"""From the options of ``oss://bucket/prefix?…`` to the source.

In: ``endpoint``, ``region``, ``internal``, ``cname``, ``role``, ``signature``, ``anonymous``, as text.
Out: an `OssSource`; what one option tells of another need not be said twice. oss2 is imported here and
not before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framefetch.settings import BadSetting
from framefetch.sources.addresses import AddressPolicy

if TYPE_CHECKING:
    from framefetch.sources.oss import OssSource

_ENDPOINT = r"https?://[A-Za-z0-9._-]+(:\d+)?/?|https?://\[[0-9A-Fa-f:]+\](:\d+)?/?"
_OF_REGION = r"(?:https?://)?(?:[a-z0-9-]+\.)?oss-([a-z]+-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com/?"
_REGION = r"[a-z]{2,}-[a-z0-9-]+"


def open_oss(bucket: str, prefix: str, options: dict[str, str]) -> OssSource:
    """The source.

    Raises:
        BadSetting: an option's value is not valid, or one is missing.
    """
    endpoint, region = _place(bucket, options)
    signature = options.get("signature", "v4")
    anonymous = _switch(options, "anonymous")
    if signature not in ("v4", "v1"):
        message = f"?signature={signature} is not valid: it takes v4 or v1."
        raise BadSetting(message)
    if signature == "v4" and not anonymous and not re.fullmatch(_REGION, region):
        message = f"oss://{bucket} needs ?region=, such as cn-hangzhou: requests are signed for it."
        raise BadSetting(message)
    role = options.get("role", "")
    if not re.fullmatch(r"[A-Za-z0-9.@_-]{0,64}", role):
        message = f"?role={role} is not the name of a RAM role."
        raise BadSetting(message)
    try:
        from framefetch.sources.oss import OssSource  # noqa: PLC0415 - see the module's docstring
        from framefetch.sources.oss_credentials import auth_of  # noqa: PLC0415
    except ImportError as fault:
        message = "oss:// needs the package oss2, which is not installed: pip install 'framefetch[oss]'."
        raise BadSetting(message) from fault
    return OssSource(
        bucket,
        prefix,
        endpoint=endpoint.rstrip("/"),
        region=region,
        auth=auth_of(anonymous=anonymous, role=role, version=signature),
        # The operator named the endpoint; those called internal are in private networks.
        policy=AddressPolicy(any_private=True),
        cname=_switch(options, "cname"),
    )


def _place(bucket: str, options: dict[str, str]) -> tuple[str, str]:
    """Endpoint and region, where either may follow from the other."""
    internal = _switch(options, "internal")
    region = options.get("region", "").removeprefix("oss-")
    endpoint = options.get("endpoint", "")
    if not endpoint:
        if not region:
            message = f"oss://{bucket} needs ?region=cn-hangzhou, or ?endpoint=https://… and region."
            raise BadSetting(message)
        return f"https://oss-{region}{'-internal' if internal else ''}.aliyuncs.com", region
    if internal:
        message = "?internal=true goes with region; an endpoint says by itself whether it is internal."
        raise BadSetting(message)
    if "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    if not re.fullmatch(_ENDPOINT, endpoint):
        message = f"?endpoint={endpoint} is not valid: it takes a host, or https://host without a path."
        raise BadSetting(message)
    return endpoint, region or region_of(endpoint)


def region_of(endpoint: str) -> str:
    """The region that one of OSS's own endpoints is in; empty for any other."""
    found = re.fullmatch(_OF_REGION, endpoint)
    return found[1] if found else ""


def _switch(options: dict[str, str], name: str) -> bool:
    value = options.get(name, "false")
    if value not in ("true", "false"):
        message = f"?{name}={value} is not valid: it takes true or false."
        raise BadSetting(message)
    return value == "true"
