"""From the words that name a source to the source.

In: a folder, ``s3://bucket/prefix``, ``gs://…``, ``az://…``, ``oss://…`` or ``https://host/prefix``. Out: the
`Source`, made with the client that this kind needs; no other client is imported. Credentials come from
where the clients look for them, never from the words. Asks no store anything.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

from framefetch.settings import BadSetting, Settings

if TYPE_CHECKING:
    from framefetch.sources import Source

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}[A-Za-z0-9]")
_OPTIONS = {
    "s3": ("endpoint", "region", "anonymous"),
    "gs": ("endpoint", "anonymous"),
    "az": ("endpoint", "account", "anonymous"),
    "oss": ("endpoint", "region", "internal", "cname", "role", "signature", "anonymous"),
}
_TAKES = (
    "a folder, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, oss://bucket/prefix "
    "or https://host/prefix"
)


def open_source(text: str, settings: Settings) -> Source:
    """The source that an operator named; its keys are below what the words say.

    Raises:
        BadSetting: the words name none.
    """
    found = _SCHEME.fullmatch(text)
    if found is None:
        return _folder(text)
    kind = found[1].lower()
    if kind in ("http", "https"):
        return _http(text, settings)
    if kind in _OPTIONS:
        bucket, prefix, options = _bucket(kind, found[2])
        return _cloud(kind, bucket, prefix, options, settings)
    message = f"{found[1]}:// is not a source: it takes {_TAKES}."
    raise BadSetting(message)


def split_source(text: str, settings: Settings | None = None) -> tuple[Source, str]:
    """The source and the key of one object that a user named on the command line.

    A user may read what a user may reach: a URL's host may be in any network, but a cloud's metadata
    service, and redirects may lead anywhere on that host.

    Raises:
        BadSetting: the words name no object.
    """
    found = _SCHEME.fullmatch(text)
    if found is None:
        path = path_of(text)
        if not path.name:
            message = f"{text!r} names no file."
            raise BadSetting(message)
        # A link that the user names leads where the user wants; what it points to is the file.
        real = path.resolve() if path.is_symlink() else path
        return _folder(str(real.parent)), real.name
    kind = found[1].lower()
    if kind in ("http", "https"):
        return _one_url(text)
    if kind not in _OPTIONS:
        message = f"{found[1]}:// is not a source: it takes {_TAKES}."
        raise BadSetting(message)
    bucket, key, options = _bucket(kind, found[2])
    if not key:
        message = f"{kind}://{bucket} names no object: {kind}://bucket/key does."
        raise BadSetting(message)
    return _cloud(kind, bucket, "", options, settings or Settings()), key


def path_of(text: str) -> Path:
    """The path that an operator wrote; ``~`` at its beginning is a home, where there is such a user."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _folder(text: str) -> Source:
    from framefetch.sources.folder import FolderSource  # noqa: PLC0415 - see the module's docstring

    try:
        return FolderSource(path_of(text))
    except OSError as fault:
        message = f"{text!r} is not a folder: a source is {_TAKES}."
        raise BadSetting(message) from fault


def _http(text: str, settings: Settings) -> Source:
    from framefetch.sources.addresses import AddressPolicy  # noqa: PLC0415
    from framefetch.sources.http import HttpSource  # noqa: PLC0415
    from framefetch.sources.urls import parse_url  # noqa: PLC0415

    try:
        prefix = parse_url(text)
    except ValueError as fault:
        message = f"The source's URL is not valid: {fault}."
        raise BadSetting(message) from fault
    try:
        policy = AddressPolicy.of(settings.networks, prefix.host)
    except ValueError as fault:
        message = f"FRAMEFETCH_NETWORKS is not valid: {fault}."
        raise BadSetting(message) from fault
    return HttpSource(prefix, policy)


def _one_url(text: str) -> tuple[Source, str]:
    from framefetch.sources.addresses import AddressPolicy  # noqa: PLC0415
    from framefetch.sources.http import HttpSource  # noqa: PLC0415
    from framefetch.sources.urls import HttpUrl, parse_url  # noqa: PLC0415

    try:
        url = parse_url(text)
    except ValueError as fault:
        message = f"The URL is not valid: {fault}."
        raise BadSetting(message) from fault
    # The path goes back onto the wire as it was typed, but for its last segment, which is the key.
    folder, _, name = url.path.rpartition("/")
    key = unquote(name, errors="surrogateescape")
    if not key or "/" in key:
        message = "The URL names no object: its path ends in a slash, or in a segment with %2F."
        raise BadSetting(message)
    prefix = HttpUrl(url.scheme, url.host, url.port, folder or "/", url.query)
    everywhere = HttpUrl(url.scheme, url.host, url.port, "/")
    upgraded = HttpUrl("https", url.host, 443, "/")
    return HttpSource(prefix, AddressPolicy(any_private=True), (everywhere, upgraded)), key


def _bucket(kind: str, rest: str) -> tuple[str, str, dict[str, str]]:
    """Bucket, key or prefix as it was written, and the options after the last ``?``."""
    place, mark, query = rest.rpartition("?")
    if not mark or not _is_options(kind, query):
        # A key may hold a question mark.
        place, query = rest, ""
    bucket, _, key = place.partition("/")
    if not _BUCKET.fullmatch(bucket):
        message = f"{kind}://{bucket} is not a bucket's name: a source is {kind}://bucket/prefix."
        raise BadSetting(message)
    return bucket, key, dict(parse_qsl(query))


def _is_options(kind: str, query: str) -> bool:
    pairs = parse_qsl(query, keep_blank_values=True)
    known = [name for name, _ in pairs if name in _OPTIONS[kind]]
    if known and len(known) < len(pairs):
        wrong = next(name for name, _ in pairs if name not in _OPTIONS[kind])
        message = f"?{wrong}= is not an option of {kind}://: it takes {', '.join(_OPTIONS[kind])}."
        raise BadSetting(message)
    return bool(known)


def _cloud(kind: str, bucket: str, prefix: str, options: dict[str, str], settings: Settings) -> Source:
    if kind == "oss":
        from framefetch.sources.oss_options import open_oss  # noqa: PLC0415 - see the module's docstring

        return open_oss(bucket, prefix, options)
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415
        from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415
    except ImportError as fault:
        message = f"{kind}:// needs the package obstore, which is not installed."
        raise BadSetting(message) from fault
    from framefetch.errors import InvalidObjectName  # noqa: PLC0415
    from framefetch.sources import container_credentials  # noqa: PLC0415
    from framefetch.sources.cloud import CloudSource, S3Source, refuse_unnameable  # noqa: PLC0415
    from framefetch.sources.waits import CONNECT_S, IDLE_S  # noqa: PLC0415

    try:
        if prefix.strip("/"):
            refuse_unnameable(prefix.strip("/"))
    except InvalidObjectName as fault:
        message = f"The prefix {prefix!r} is not valid: {fault.hint}"
        raise BadSetting(message) from fault
    endpoint = options.get("endpoint", "")
    if endpoint and not re.match(r"https?://", endpoint):
        message = f"?endpoint={endpoint} is not valid: it takes a URL that begins with https:// or http://."
        raise BadSetting(message)
    if options.get("anonymous", "false") not in ("true", "false"):
        message = f"?anonymous={options['anonymous']} is not valid: it takes true or false."
        raise BadSetting(message)
    given: dict[str, Any] = {
        "client_options": {
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "pool_idle_timeout": timedelta(seconds=IDLE_S),
            # For threads that were left behind; a request's own deadline is kept elsewhere.
            "timeout": timedelta(seconds=settings.timeout_s),
            **({"allow_http": True} if endpoint.startswith("http://") else {}),
        },
        "retry_config": {"max_retries": 0},
        **({"skip_signature": True} if options.get("anonymous") == "true" else {}),
    }
    try:
        if kind == "s3":
            given |= {name: options[name] for name in ("endpoint", "region") if name in options}
            given |= container_credentials.offered()
            store: Any = S3Store(bucket, **given)
        elif kind == "gs":
            given |= {"base_url": endpoint} if endpoint else {}
            store = GCSStore(bucket, **given)
        else:
            given |= {"endpoint": endpoint} if endpoint else {}
            given |= {"account_name": options["account"]} if "account" in options else {}
            store = AzureStore(bucket, **given)
    except (BaseError, ValueError) as fault:
        said = str(fault).split("\n", 1)[0][:200]
        message = f"{kind}://{bucket} cannot be opened: {said}"
        raise BadSetting(message) from fault
    return (S3Source if kind == "s3" else CloudSource)(kind, store, prefix)


def split_root(text: str) -> tuple[str, str, str]:
    """A source's bucket, the source that is all of this bucket, and the prefix that the words name in it.

    A folder has no bucket, and is its own root.

    Raises:
        BadSetting: the words name no source.
    """
    found = _SCHEME.fullmatch(text)
    if found is None or found[1].lower() not in _OPTIONS:
        return "", text, ""
    kind = found[1].lower()
    bucket, prefix, options = _bucket(kind, found[2])
    return bucket, f"{kind}://{bucket}" + (f"?{urlencode(options)}" if options else ""), prefix
