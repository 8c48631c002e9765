"""Who may ask for what. In: a `Call` and the clock. Out: a `Grant`, or the error that OSS answers.

Reads the settings once; asks no source anything. So a request without a right signature costs no request
to a store, and its answer is the same whether the object exists or not.
"""

from __future__ import annotations

import math
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING, Self

from framefetch.access import styles
from framefetch.access.buckets import Target
from framefetch.access.secrets_aws import fetch, is_arn
from framefetch.errors import (
    AccessDenied,
    InvalidArgument,
    InvalidObjectName,
    InvalidRequest,
    NotImplementedHere,
)
from framefetch.http import caching
from framefetch.process import PARAMETER, process_of
from framefetch.settings import BadSetting
from framefetch.signing import Keyring, Signed, verify
from framefetch.signing.v1 import is_subresource
from framefetch.texts import buckets_of, read, styles_of
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framefetch.access import buckets
    from framefetch.access.buckets import Bucket, BucketMap
    from framefetch.http.call import Answer, Call
    from framefetch.settings import Settings

OVERRIDES = {
    f"response-{name.lower()}": name
    for name in (
        "Content-Type",
        "Content-Language",
        "Expires",
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
    )
}
"""Parameters of a signed request that replace a header of its answer (OSS, GetObject)."""

_SERVED = frozenset({PARAMETER, "versionId", "security-token", *OVERRIDES})
# They ask for nothing that a picture has, and change nothing for whoever sends them.
_IGNORED = frozenset({"status", "startTime", "endTime", "x-oss-traffic-limit", "x-oss-request-payer"})
_OF_SIGNATURES = frozenset(
    f"x-oss-{name}"
    for name in (
        "additional-headers",
        "credential",
        "date",
        "expires",
        "security-token",
        "signature",
        "signature-version",
    )
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A request that may be answered.

    Attributes:
        bucket: the bucket that it names.
        key: of the object, decoded once.
        process: the process string, with a style's name replaced by what it stands for.
        signed: by whom and for how long; None for a public request.
        version: of the object that it asks for; None for the current one.
        overrides: headers that replace those of a picture's answer.
        is_exception: it is signed for more than all may have of a bucket that is public, whose caches do
            not look at signatures.
    """

    bucket: Bucket
    key: str
    process: str | None
    signed: Signed | None = None
    version: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    is_exception: bool = False

    def finish(self, answer: Answer, elapsed_s: float) -> Answer:
        """The answer as this caller may keep it.

        Args:
            answer: as it is for a public request.
            elapsed_s: since the signature was checked, or longer.
        """
        if self.signed is not None:
            left_s = max(0, math.floor(self.signed.seconds_left - elapsed_s))
            is_told_by_url = self.signed.kind == "presigned" and not self.signed.headers
            keep = caching.of_signed(
                answer.header("cache-control") or "no-store",
                left_s if is_told_by_url and not self.is_exception else None,
            )
            answer = caching.with_headers(answer, (("Cache-Control", keep),))
        if answer.status == 200:
            answer = caching.with_headers(answer, self.overrides)
        return answer


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one deployment.

    Attributes:
        buckets: where requests lead.
        keyring: the pairs that may sign.
        signed: whether unsigned requests are refused, by bucket name, where the bucket does not say.
        styles: process strings by the names that stand for them.
        style_only: nothing but styles may be asked for.
        whole_path: the one bucket, where a request's whole path is the key even on an IP or localhost.
    """

    buckets: BucketMap
    keyring: Keyring = field(default_factory=Keyring)
    signed: Mapping[str, bool] = field(default_factory=dict)
    styles: Mapping[str, str] = field(default_factory=dict)
    style_only: bool = False
    whole_path: Bucket | None = None

    @classmethod
    def of(cls, settings: Settings, source_kind: str = "") -> Self:
        """The rules that settings describe.

        Args:
            settings: all of them.
            source_kind: of a source that is not named by the settings, such as ``folder``.

        Raises:
            BadSetting: they are not complete, or contradict each other.
        """
        has_map = bool(settings.buckets.strip())
        if not (has_map or settings.source or source_kind):
            # A path that is empty would be the folder that the process happens to be in.
            message = "FRAMEFETCH_SOURCE, or FRAMEFETCH_BUCKETS, has to say where the videos are."
            raise BadSetting(message)
        with_map = buckets_of(settings)
        whole_path = None
        if not has_map and not settings.bucket:
            (one,) = with_map.buckets
            whole_path = None if _is_signed(one, settings, source_kind) else one
        signed = {one.name: _is_signed(one, settings, source_kind) for one in with_map.buckets}
        keyring = keyring_of(settings)
        for name, is_signed in signed.items():
            missing = [
                *(() if keyring.pairs else ("FRAMEFETCH_KEYS with a key pair, ID:SECRET",)),
                *(() if name else ("FRAMEFETCH_BUCKET with the bucket's name in signatures",)),
            ]
            if is_signed and missing:
                which = f" to the bucket {name}" if name else ""
                message = (
                    f"requests{which} have to be signed: set {', and '.join(missing)}; "
                    "or FRAMEFETCH_ACCESS=public (serve --public) to let anyone read."
                )
                raise BadSetting(message)
        return cls(with_map, keyring, signed, styles_of(settings), settings.style_only, whole_path)

    def admit(self, call: Call, now: float, process: str | None = None) -> Grant:
        """Lets a request in, or does not.

        Args:
            call: GET or HEAD, or POST with what it asks for in its body.
            now: unix seconds.
            process: the process string, where it is not in the query.

        Raises:
            NoSuchBucket, InvalidObjectName, NoSuchStyle, NotImplementedHere, InvalidRequest,
            InvalidArgument, AccessDenied: as their names say.
            FramefetchError: what `verify` raises.
        """
        target = self._target(call)
        key = _key(target)
        bucket = target.bucket
        process = process_of(call) if process is None else process
        signed = verify(call, bucket.name, key, self.keyring, bucket.region, now)
        style = styles.style_of(process)
        default: buckets.Access = "signed" if self.signed[bucket.name] else "public"
        is_for_all = bucket.admits_unsigned(key, style, default)
        if signed is None and not is_for_all:
            raise AccessDenied("Anonymous user has no right to access this object.")
        if self.style_only and style is None:
            raise AccessDenied("The channel can be only accessed using style.")
        parameters = call.parameters
        for name, _ in parameters:
            if is_subresource(name) and name not in _SERVED | _IGNORED | _OF_SIGNATURES:
                raise NotImplementedHere(hint=f"framefetch does not serve {name}.")
        overrides = _overrides(parameters, signed=signed is not None)
        return Grant(
            bucket=bucket,
            key=key,
            process=styles.resolve(process, self.styles),
            signed=signed,
            version=_version(parameters),
            overrides=overrides,
            is_exception=(bucket.access or default) == "public" and not (is_for_all and not overrides),
        )

    def _target(self, call: Call) -> Target:
        if self.whole_path is not None:
            return Target(self.whole_path, call.path)
        return self.buckets.find(call.header("host") or "", call.path)


def unlocked(settings: Settings, source: str = "") -> Settings:
    """The same settings for who may read everything: who may ask a deployment for what is left out.

    Args:
        settings: of a deployment.
        source: of all videos.
    """
    return replace(
        settings,
        source=source,
        bucket="",
        buckets="",
        keys="",
        access="public",
        styles="",
        style_only=False,
        save_to=(),
    )


def keyring_of(settings: Settings) -> Keyring:
    """The pairs that may sign.

    Raises:
        BadSetting: they cannot be read.
    """
    text = settings.keys.strip()
    return read("KEYS", Keyring.parse, fetch(text) if is_arn(text) else text)


def _is_signed(bucket: Bucket, settings: Settings, source_kind: str) -> bool:
    if bucket.access or settings.access != "auto":
        return (bucket.access or settings.access) == "signed"
    is_folder = source_kind == "folder" if source_kind else "://" not in bucket.source
    return not is_folder


def _key(target: Target) -> str:
    """The object that a path names: percent-decoded once, without its first slash.

    Raises:
        InvalidObjectName: it names none, or is not UTF-8.
    """
    key = target.key
    if not key:
        raise InvalidObjectName(hint="The path has to name a video: /videos/clip.mp4?x-oss-process=…")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidObjectName(hint="Names are percent-encoded UTF-8.") from None
    return key


def _version(parameters: tuple[tuple[str, str], ...]) -> str | None:
    version = next((value for name, value in parameters if name == "versionId"), None)
    if version is not None and not re.fullmatch(r"[!-~]{1,1024}", version):
        extras = (("ArgumentName", "versionId"), ("ArgumentValue", version))
        raise InvalidArgument("Version id cannot be the empty string.", extras=extras)
    return version


def _overrides(parameters: tuple[tuple[str, str], ...], *, signed: bool) -> tuple[tuple[str, str], ...]:
    chosen: dict[str, str] = {}
    for name, value in parameters:
        if not name.startswith("response-"):
            continue
        if not signed:
            raise InvalidRequest(
                f"{name} changes a header of the answer, which needs a signed request.",
                hint="Sign the request, with this parameter in it.",
            )
        # What is not plain ASCII could end the header, or be read differently by each client.
        if not re.fullmatch(r"[ -~]{1,1024}", value):
            extras = (("ArgumentName", name), ("ArgumentValue", value))
            raise InvalidArgument(
                f"The value of {name} is not valid.",
                hint="Write it in ASCII, without line ends.",
                extras=extras,
            )
        chosen.setdefault(OVERRIDES[name], value)
    return tuple(chosen.items())
