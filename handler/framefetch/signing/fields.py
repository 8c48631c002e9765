"""The fields of a signature, read and checked for their form. In: texts of a request; out: their parts.

Each fault has OSS's EC; nothing here knows a key or computes a signature.
"""

from __future__ import annotations

from typing import NamedTuple

from framefetch.errors import AccessDenied, InvalidAuthorization
from framefetch.signing import v4
from framefetch.signing.canonical import Pairs, basic, first, shown, trim
from framefetch.signing.keys import is_access_key_id


class Codes(NamedTuple):
    """The EC of a bad credential, by where it stands."""

    access_key_id: str
    day: str
    form: str


URL_CODES = Codes("0002-00000222", "0002-00000223", "0002-00000224")
HEADER_CODES = Codes("0002-00000206", "0002-00000212", "0002-00000213")


def credential_of(text: str, region: str, name: str, codes: Codes) -> tuple[str, v4.Scope]:
    """Id and scope of ``ID/YYYYMMDD/REGION/oss/aliyun_v4_request``; an empty `region` accepts any."""
    parts = text.split("/")
    if len(parts) != 5 or parts[4] != v4.TERMINATOR:
        raise bad_argument(f"{name} is invalid.", name, text, codes.form)
    access_key_id, day, signed_region, product, _ = parts
    check_id(access_key_id, name, codes.access_key_id)
    if region and signed_region != region:
        raise bad_argument(
            "Invalid signing region in Authorization header.", "region", signed_region, "0002-00000226"
        )
    if product != v4.PRODUCT:
        raise bad_argument(
            "Invalid signing product in Authorization header.", "product", product, "0002-00000227"
        )
    return access_key_id, v4.Scope(day, signed_region, product)


def check_day(scope: v4.Scope, start: int, name: str, codes: Codes) -> None:
    """The day that the signing key is made for must be the day of the date that is signed."""
    if scope.day != basic(start)[:8]:
        raise bad_argument(f"The date in {name} is not the request's.", name, scope.day, codes.day)


def check_id(access_key_id: str, name: str, ec: str) -> None:
    """Refuses what cannot be an AccessKeyId, before anything is looked up."""
    if not is_access_key_id(access_key_id):
        raise bad_argument("The OSS Access Key Id is invalid.", name, access_key_id, ec)


def bad_argument(message: str, name: str, value: str, ec: str) -> InvalidAuthorization:
    """The error for a field that is there and wrong; it shows the field as it was sent."""
    extras = (("ArgumentName", name), ("ArgumentValue", shown(value)))
    return InvalidAuthorization(message, ec=ec, extras=extras)


def present(parameters: Pairs, *wanted: tuple[str, str, str]) -> list[str]:
    """The values of parameters that must be there; each comes with the EC of its absence and emptiness."""
    values = []
    for name, ec_absent, ec_empty in wanted:
        value = first(parameters, name)
        if not value:
            everything = ", ".join(one for one, _, _ in wanted[:-1]) + f" and {wanted[-1][0]}"
            message = f"Query-string authentication requires the {everything} parameters"
            raise AccessDenied(message, ec=ec_absent if value is None else ec_empty)
        values.append(value)
    return values


def v1_header(rest: str) -> tuple[str, str]:
    """Id and signature of ``ID:SIGNATURE``."""
    access_key_id, colon, signature = rest.partition(":")
    if not colon:
        raise InvalidAuthorization(ec="0002-00000062")
    if not access_key_id.strip():
        raise InvalidAuthorization(ec="0002-00000063")
    check_id(access_key_id, "Authorization", "0002-00000064")
    if not signature:
        raise InvalidAuthorization(ec="0002-00000065")
    return access_key_id, signature


def v4_header(rest: str) -> tuple[str, str, tuple[str, ...]]:
    """Credential, signature and additional headers; the SDKs differ in order and in spaces."""
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = trim(part).partition("=")
        if not equals:
            raise InvalidAuthorization(ec="0002-00000203")
        if name not in ("Credential", "Signature", "AdditionalHeaders") or name in fields:
            raise InvalidAuthorization(ec="0002-00000204")
        fields[name] = value
    if not fields.get("Credential"):
        raise InvalidAuthorization(ec="0002-00000205")
    if not fields.get("Signature"):
        raise InvalidAuthorization(ec="0002-00000202")
    return fields["Credential"], fields["Signature"], names_of(fields.get("AdditionalHeaders", ""))


def whole(text: str) -> int | None:
    """A plain decimal number of at most 11 digits (the year 5138), or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 11 else None


def names_of(text: str) -> tuple[str, ...]:
    """The additional headers of ``range;host``, in lower case and in the order in which they stand."""
    return tuple(name.lower() for name in text.split(";") if name)
