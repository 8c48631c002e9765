"""``framefetch sign``: a URL of one picture that holds for some time. Sends nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from framefetch.access.grants import keyring_of
from framefetch.access.styles import NAME, STYLE
from framefetch.commands.printing import write_out
from framefetch.commands.snapshot import add_picture_options, picture_request
from framefetch.links import snapshot_url
from framefetch.process import SnapshotRequest
from framefetch.settings import BadSetting, Settings, platform_variable
from framefetch.signing import KeyPair
from framefetch.sources.oss_options import region_of

if TYPE_CHECKING:
    import argparse

_DURATION = r"(\d{1,7})(s|m|h|d)?"
_ENDPOINT = r"(?:https?://)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d+)?(?:/[^\s?#]*)?"
_REGION = "[a-z0-9-]*"
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser(
        "sign",
        help="print a signed URL of one picture",
        description="Prints a signed URL of one picture, and asks nobody whether there is one. The key pair "
        "is the first of FRAMEFETCH_KEYS, else that of ALIBABA_CLOUD_ACCESS_KEY_ID or "
        "OSS_ACCESS_KEY_ID and their secrets.",
    )
    mine.add_argument("object", metavar="oss://BUCKET/KEY", help="the bucket and the video in it")
    add_picture_options(mine)
    mine.add_argument("--style", metavar="NAME", help="a named style instead of -t, -W and the like")
    mine.add_argument("--expires", default="1h", help="how long it holds: 90s, 5m, 1h, 7d (default: 1h)")
    mine.add_argument(
        "--grid", default="0", help="round its end up to a multiple, so that a CDN sees one URL: 5m"
    )
    mine.add_argument("--v1", action="store_true", help="signature version 1; 4 is the default")
    mine.add_argument(
        "--endpoint", default="", help="https://host of the server (default: OSS's own of the region)"
    )
    mine.add_argument("--region", default="", help="such as cn-hangzhou; version 4 needs it")
    mine.add_argument("--cname", action="store_true", help="the endpoint is a domain of the bucket's own")
    mine.add_argument("--key-id", default="", help="which of several key pairs signs, by its id")
    mine.add_argument(
        "--encode-slashes", action="store_true", help="%%2F for / in the key, as oss2 has it by default"
    )
    mine.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the URL."""
    bucket, key = _object(options.object)
    region = options.region.removeprefix("oss-")
    endpoint = options.endpoint
    if not endpoint and region:
        endpoint = f"https://oss-{region}.aliyuncs.com"
    region = region or region_of(endpoint)
    if not endpoint:
        message = "sign needs --endpoint https://host, or --region for OSS's own."
        raise BadSetting(message)
    if not region and not options.v1:
        message = "sign needs --region, such as cn-hangzhou: a version 4 signature is made for it."
        raise BadSetting(message)
    if not re.fullmatch(_ENDPOINT, endpoint) or not re.fullmatch(_REGION, region):
        message = "--endpoint is https://host, and --region is of a-z, 0-9 and -, such as cn-hangzhou."
        raise BadSetting(message)
    process = picture_request(options) if options.style is None else STYLE + _style(options)
    try:
        url = snapshot_url(
            bucket,
            key,
            process,
            _pair(options.key_id),
            endpoint=endpoint if "://" in endpoint else f"https://{endpoint}",
            region=region,
            expires_s=_seconds("--expires", options.expires),
            grid_s=_seconds("--grid", options.grid),
            version="v1" if options.v1 else "v4",
            cname=options.cname,
            slash_safe=not options.encode_slashes,
        )
    except ValueError as error:
        message = f"the URL cannot be signed: {error}."
        raise BadSetting(message) from None
    write_out(url)
    return 0


def _style(options: argparse.Namespace) -> str:
    """The style's name, where it can be one and nothing else says which picture.

    Raises:
        BadSetting: else.
    """
    if not re.fullmatch(NAME, options.style):
        message = f"--style {options.style!r} is no style's name: 1 to 63 of A-Z, a-z, 0-9, '_', '.' and '-'."
        raise BadSetting(message)
    if picture_request(options) != SnapshotRequest():
        message = f"--style {options.style} says which picture: leave out -t, -W and the like."
        raise BadSetting(message)
    return str(options.style)


def _object(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"oss://([a-z0-9][a-z0-9-]{1,61}[a-z0-9])/(.+)", text, re.DOTALL)
    if found is None:
        message = f"{text!r} names no object: oss://bucket/key does."
        raise BadSetting(message)
    return found[1], found[2]


def _pair(key_id: str) -> KeyPair:
    pairs = keyring_of(Settings.from_environment()).pairs
    if key_id:
        pairs = tuple(pair for pair in pairs if pair.access_key_id == key_id)
    if pairs:
        return pairs[0]
    for prefix, token in (("ALIBABA_CLOUD", "SECURITY_TOKEN"), ("OSS", "SESSION_TOKEN")):
        access_key_id = platform_variable(f"{prefix}_ACCESS_KEY_ID")
        if access_key_id and key_id in ("", access_key_id):
            secret = platform_variable(f"{prefix}_ACCESS_KEY_SECRET")
            try:
                return KeyPair(access_key_id, secret, platform_variable(f"{prefix}_{token}") or None)
            except ValueError as error:
                message = f"{prefix}_ACCESS_KEY_ID is not valid: {error}."
                raise BadSetting(message) from None
    message = f"there is no key pair {key_id}: " if key_id else "there is no key pair: "
    raise BadSetting(message + "set FRAMEFETCH_KEYS=ID:SECRET.")


def _seconds(name: str, text: str) -> int:
    found = re.fullmatch(_DURATION, text, re.ASCII)
    if found is None:
        message = f"{name} {text!r} is not a duration: write 90s, 5m, 1h or 7d."
        raise BadSetting(message)
    return int(found[1]) * _SECONDS[found[2]]
