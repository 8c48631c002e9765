"""Which bucket a request names. In: Host header and raw path, and a map written by the operator.

Out: the bucket's entry and the raw path of the key within it, percent-encoded as it arrived. Pure text;
nothing is decoded but what is needed to find the bucket, and nothing is normalised.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from framefetch.errors import NoSuchBucket
from framefetch.http.call import percent_decode
from framefetch.settings.rows import is_json, json_rows, line_values, lines
from framefetch.signing.keys import within
from framefetch.signing.presign import is_ip_or_localhost, without_port
from framefetch.values import dataclass

Access = Literal["signed", "public"]

# Patterns are compiled when they are first used: at import each would cost a millisecond.
_NAME = "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
_HOST = r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[0-9]+)?|\[[0-9a-f:.]+\](:[0-9]+)?"
_SLASH = "/|%2[Ff]"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One line of the map.

    Attributes:
        name: as in signatures and URLs; 3 to 63 of ``a-z0-9-``.
        source: where the bytes are, such as ``oss://examplebucket?endpoint=…&region=…``.
        hosts: under which it is found: ``media.example.com`` (CNAME), ``*.example.com`` (virtual host
            ``NAME.example.com``), ``*`` (every host that no line names). On an IP or localhost every
            bucket is found by path style without being listed.
        access: None takes the deployment's default.
        region: that V4 signatures must be made for, without ``oss-``; empty accepts any.
        public_prefix: unsigned requests open only keys under this.
        public_styles: unsigned requests may ask only for these named styles; empty allows all.
    """

    name: str
    source: str
    hosts: tuple[str, ...] = ()
    access: Access | None = None
    region: str = ""
    public_prefix: str = ""
    public_styles: tuple[str, ...] = ()

    def admits_unsigned(self, key: str, style: str | None, default: Access) -> bool:
        """Whether a request without a signature may come in.

        Args:
            key: decoded.
            style: the named style that it asks for, None for anything else.
            default: the access of buckets whose line does not say.
        """
        if (self.access or default) != "public":
            return False
        return within(key, self.public_prefix) and (not self.public_styles or style in self.public_styles)


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is for."""

    bucket: Bucket
    path: str
    """Percent-encoded, with its leading ``/``, without the bucket."""

    @property
    def key(self) -> str:
        """Decoded once."""
        return percent_decode(self.path[1:])


@dataclass(frozen=True, slots=True)
class BucketMap:
    """All lines."""

    buckets: tuple[Bucket, ...] = ()

    def find(self, host: str, path: str) -> Target:
        """The bucket and key that a request names, as the SDKs of OSS name them.

        A host that is listed decides first; then path style on an IP or localhost, virtual hosts, and
        ``*``.

        Args:
            host: the Host header, port and all; empty where there was none.
            path: percent-encoded as on the wire, with its leading ``/``.

        Raises:
            NoSuchBucket: nothing here has that name.
        """
        host = host.strip().lower()
        name = without_port(host).rstrip(".")
        for bucket in self.buckets:
            if host in bucket.hosts or name in bucket.hosts:
                return Target(bucket, path)
        if is_ip_or_localhost(host):
            return self._path_style(path)
        label, _, base = name.partition(".")
        for bucket in self.buckets:
            if bucket.name == label and f"*.{base}" in bucket.hosts:
                return Target(bucket, path)
        for bucket in self.buckets:
            if "*" in bucket.hosts:
                return Target(bucket, path)
        raise _no_such_bucket(label)

    def _path_style(self, path: str) -> Target:
        # The C SDK sends /bucket%2Fkey: an encoded slash ends the bucket's name too.
        parts = re.split(_SLASH, path[1:], maxsplit=1)
        name = percent_decode(parts[0])
        for bucket in self.buckets:
            if bucket.name == name:
                return Target(bucket, "/" + "".join(parts[1:]))
        hint = "On an IP address or localhost the first part of the path names the bucket: /BUCKET/KEY."
        raise _no_such_bucket(name, hint)


def _no_such_bucket(name: str, hint: str = "") -> NoSuchBucket:
    return NoSuchBucket(hint=hint, extras=(("BucketName", name),) if re.fullmatch(_NAME, name) else ())


def parse(text: str) -> BucketMap:
    """Reads a map, as ``FRAMEFETCH_BUCKETS`` has it.

    One line a bucket, ``HOST[,HOST…]=NAME=SOURCE [option=value …]``, where HOST may be empty and the
    options are ``access=signed|public``, ``region=``, ``prefix=`` and ``styles=a,b`` (both of public
    access). A line that starts with ``#`` is a remark. Or JSON: a list of objects with the keys ``host``
    (text or list), ``bucket``, ``source`` and the same options, for values with spaces in them.

    Raises:
        ValueError: says which line and what it takes.
    """
    if is_json(text):
        lists = json_rows(text, _KEYS, "the bucket map")
        rows = [(where, {name: ",".join(values) for name, values in row.items()}) for where, row in lists]
    else:
        names = ("host", "bucket", "source")
        rows = [
            (where, line_values(line, names, _OPTIONS, f"{where} of the bucket map is not {_FORM}"))
            for where, line in lines(text)
        ]
    buckets = tuple(_bucket(where, values) for where, values in rows)
    taken: dict[str, str] = {}
    for bucket in buckets:
        for name in (f"the bucket {bucket.name}", *(f"the host {host}" for host in _exact(bucket))):
            if name in taken:
                message = f"{name} is in the bucket map twice"
                raise ValueError(message)
            taken[name] = bucket.name
    return BucketMap(buckets)


_OPTIONS = ("access", "region", "prefix", "styles")
_KEYS = ("host", "bucket", "source", *_OPTIONS)
_FORM = "HOST=BUCKET=SOURCE [access=signed|public] [region=…] [prefix=…] [styles=a,b]"


def _exact(bucket: Bucket) -> tuple[str, ...]:
    """The hosts that lead to one bucket only; ``*.base`` leads to many, by their names."""
    return tuple(host for host in bucket.hosts if not host.startswith("*."))


def _bucket(where: str, values: dict[str, str]) -> Bucket:
    name, source, access = values.get("bucket", ""), values.get("source", ""), values.get("access", "")
    hosts = tuple(host.strip().lower() for host in values.get("host", "").split(",") if host.strip())
    prefix = values.get("prefix", "")
    styles = tuple(style.strip() for style in values.get("styles", "").split(",") if style.strip())
    wrong = [host for host in hosts if not re.fullmatch(_HOST, host)]
    if not re.fullmatch(_NAME, name):
        complaint = f"a bucket's name is 3 to 63 of a-z, 0-9 and -, not {name!r}"
    elif not source:
        complaint = "the source is missing"
    elif wrong:
        complaint = f"{wrong[0]!r} is not a host, *.base or *"
    elif access not in ("", "signed", "public"):
        complaint = f"access is signed or public, not {access!r}"
    elif access == "signed" and (prefix or styles):
        complaint = "prefix and styles limit public access, and this bucket has none"
    else:
        region = values.get("region") or region_of(source)
        chosen: Access | None = "public" if access == "public" else "signed" if access else None
        return Bucket(name, source, hosts, chosen, region.removeprefix("oss-"), prefix, styles)
    message = f"{where} of the bucket map: {complaint}"
    raise ValueError(message)


def region_of(source: str) -> str:
    """The region that callers sign for: that of an OSS source, else empty, which accepts any."""
    parts = urlsplit(source)
    return dict(parse_qsl(parts.query)).get("region", "") if parts.scheme == "oss" else ""
