"""Settings that are texts of their own kind: key pairs, buckets, styles, origins, rules, places.

In: `Settings`, whose table holds them as they were written. Out: what they stand for, or a `BadSetting` of
one line that names the variable and its rule. Each is read by whoever uses it; `check` reads all of them,
for the commands that are to tell what is wrong before anything is asked. It asks no store and no cloud.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from framefetch.access import buckets, styles
from framefetch.access.buckets import Bucket, BucketMap
from framefetch.http.cors import Cors
from framefetch.settings import BadSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from framefetch.rules import Rules
    from framefetch.settings import Settings

_T = TypeVar("_T")


def read(name: str, parse: Callable[[str], _T], text: str) -> _T:
    """What a setting's text stands for.

    Args:
        name: the variable's, without ``FRAMEFETCH_``.
        parse: raises ValueError, with words for people, for what it cannot read.
        text: its value.

    Raises:
        BadSetting: it stands for nothing.
    """
    try:
        return parse(text)
    except ValueError as error:
        message = f"FRAMEFETCH_{name} is not valid: {error}."
        raise BadSetting(message) from None


def buckets_of(settings: Settings) -> BucketMap:
    """The buckets of a map, or the one of a single source; its name is empty where there is none to be had.

    Raises:
        BadSetting: the map cannot be read, or has no bucket in it.
    """
    if not settings.buckets.strip():
        found = re.match(r"(?:s3|gs|az|oss)://([a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:[/?]|$)", settings.source)
        name = settings.bucket or (found[1] if found else "")
        region = buckets.region_of(settings.source)
        return BucketMap((Bucket(name, settings.source, ("*",), region=region),))
    found_map = read("BUCKETS", buckets.parse, settings.buckets)
    if not found_map.buckets:
        message = "FRAMEFETCH_BUCKETS has no bucket in it."
        raise BadSetting(message)
    return found_map


def styles_of(settings: Settings) -> dict[str, str]:
    """Process strings by the names that stand for them.

    Raises:
        BadSetting: they cannot be read, or there are none and nothing else may be asked for.
    """
    named = read("STYLES", lambda text: styles.parse(text, max_side=settings.max_side), settings.styles)
    if settings.style_only and not named:
        message = (
            "FRAMEFETCH_STYLE_ONLY=true lets requests ask for styles only, and FRAMEFETCH_STYLES has none: "
            "give it some, or leave FRAMEFETCH_STYLE_ONLY out."
        )
        raise BadSetting(message)
    return named


def cors_of(settings: Settings) -> Cors:
    """Which pages may read.

    Raises:
        BadSetting: what is said is no origin.
    """
    return read("CORS", lambda _: Cors(settings.cors), "")


def places_of(settings: Settings, names: Collection[str] | None) -> list[tuple[str, str]]:
    """Where pictures may be saved to: buckets and prefixes.

    Args:
        settings: all of them.
        names: of the buckets that are served; None: that is not known yet.

    Raises:
        BadSetting: one is none of these buckets, or no place at all.
    """
    places = []
    for place in settings.save_to:
        name, slash, prefix = place.partition("/")
        if not slash or (names is not None and name not in names):
            served = ", ".join(names or ()) or "FRAMEFETCH_BUCKET names it"
            message = (
                f"FRAMEFETCH_SAVE_TO={place} is not valid: it takes BUCKET/PREFIX, where BUCKET is "
                f"one that is served: {served}."
            )
            raise BadSetting(message)
        places.append((name, prefix))
    return places


def rules_of(settings: Settings, name: str = "FRAMEFETCH_ON_UPLOAD") -> Rules:
    """Which pictures an upload gets.

    Args:
        settings: all of them.
        name: where the rules stand, for messages.

    Raises:
        BadSetting: they cannot be read.
    """
    from framefetch.rules import reading  # noqa: PLC0415 - no part of a function's start

    named = styles_of(settings)
    try:
        return reading.parse(settings.on_upload, named, max_side=settings.max_side)
    except ValueError as error:
        message = f"{name} is not valid: {error}."
        raise BadSetting(message) from None


def check(settings: Settings) -> None:
    """Reads every setting that is otherwise read where it is used, and some of them not before a request.

    Raises:
        BadSetting: of the first that is bad.
    """
    found = buckets_of(settings)
    styles_of(settings)
    cors_of(settings)
    _check_keys(settings.keys.strip())
    # Without any of these, which bucket is served will be said on the command line.
    is_known = settings.buckets.strip() or settings.source or settings.bucket
    places_of(settings, [one.name for one in found.buckets if one.name] if is_known else None)
    rules = rules_of(settings)
    written = [("SOURCE", one.source) for one in found.buckets]
    if settings.buckets.strip():
        written = [("BUCKETS", one.source) for one in found.buckets]
    _check_sources([*written, *(("ON_UPLOAD", one.place) for one in rules.rules)], settings)
    from framefetch.sources.locate import split_root  # noqa: PLC0415 - as above

    names = [split_root(source)[0] for _, source in written]
    read("ON_UPLOAD", lambda _: rules.check([one for one in names if one]), "")


def _check_keys(text: str) -> None:
    from framefetch.access.secrets_aws import check_arn, is_arn  # noqa: PLC0415 - as above
    from framefetch.signing import Keyring  # noqa: PLC0415

    if is_arn(text):
        read("KEYS", check_arn, text)
    else:
        read("KEYS", Keyring.parse, text)


def _check_sources(written: list[tuple[str, str]], settings: Settings) -> None:
    """Opens what is named by a scheme. Folders are left out: some commands make them."""
    from framefetch.sources.locate import open_source  # noqa: PLC0415 - as above

    for name, source in written:
        if "://" not in source:
            continue
        try:
            open_source(source, settings)
        except BadSetting as error:
            message = f"FRAMEFETCH_{name}: {error}"
            raise BadSetting(message) from error
