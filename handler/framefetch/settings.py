"""Every setting: one typed table, read from ``FRAMEFETCH_*``. The only reader of the environment.

The class below is the table. A field is declared through one of the functions under it, which give
its type, default, bounds and meaning; the same declaration writes the message for a bad value, the
README's table and what ``framefetch settings`` prints.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PREFIX = "FRAMEFETCH_"


class BadSetting(Exception):  # noqa: N818 - ends the start, is never answered
    """A variable's value is not one that the setting takes; the message says which it takes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a setting's text is read, and what it may be, in words for people."""

    parse: Callable[[str], Any]
    takes: str
    secret: bool = False
    """The value is never shown: not in messages, not by ``framefetch settings``, not in a repr."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    kind: Kind
    default: Any
    meaning: str
    pixels: bool

    @property
    def variable(self) -> str:
        """The environment variable's name."""
        return PREFIX + self.name.upper()

    def read(self, text: str) -> Any:  # noqa: ANN401 - as typed as the field that it fills
        """The value that a text stands for.

        Raises:
            BadSetting: it stands for none.
        """
        try:
            return self.kind.parse(text.strip())
        except ValueError:
            shown = "***" if self.kind.secret else repr(text)
            message = f"{self.variable}={shown} is not valid: it takes {self.kind.takes}. {self.meaning}"
            raise BadSetting(message) from None


def _declare(kind: Kind, default: Any, meaning: str, *, pixels: bool = False) -> Any:  # noqa: ANN401
    metadata = {"kind": kind, "meaning": meaning, "pixels": pixels}
    return field(default=default, metadata=metadata, repr=not kind.secret)


def _integer(default: int, low: int, high: int, meaning: str, *, pixels: bool = False) -> int:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    made: int = _declare(Kind(parse, f"a whole number from {low} to {high}"), default, meaning, pixels=pixels)
    return made


def _seconds(default: float, low: float, high: float, meaning: str) -> float:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    made: float = _declare(Kind(parse, f"seconds from {low:g} to {high:g}"), default, meaning)
    return made


def _choice(default: str, values: tuple[str, ...], meaning: str, *, pixels: bool = False) -> str:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError
        return text

    made: str = _declare(Kind(parse, " or ".join(values)), default, meaning, pixels=pixels)
    return made


def _text(default: str, takes: str, meaning: str) -> str:
    made: str = _declare(Kind(str, takes), default, meaning)
    return made


def _secret(takes: str, meaning: str) -> str:
    made: str = _declare(Kind(str, takes, secret=True), "", meaning)
    return made


def _switch(meaning: str) -> bool:
    def parse(text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError
        return text == "true"

    made: bool = _declare(Kind(parse, "true or false"), default=False, meaning=meaning)
    return made


def _words(meaning: str, takes: str) -> tuple[str, ...]:
    def parse(text: str) -> tuple[str, ...]:
        return tuple(text.replace(",", " ").split())

    made: tuple[str, ...] = _declare(Kind(parse, takes), (), meaning)
    return made


@dataclass(frozen=True)
class Settings:
    """The values of one process, fixed at its start. Fields marked ``pixels`` enter every ETag."""

    source: str = _text(
        "",
        "a folder, s3://bucket/prefix, gs://…, az://…, oss://… or https://host/prefix",
        "Where the videos are, when the command line does not say.",
    )
    networks: tuple[str, ...] = _words(
        "Private networks that HTTP sources may be in; all others of that kind are refused.",
        "networks as 10.1.0.0/16, separated by commas",
    )

    buckets: str = _text(
        "",
        "lines of HOST=BUCKET=SOURCE [access=signed|public] [region=…] [prefix=…] [styles=a,b], or JSON",
        "Which bucket of which source each host name stands for; without it there is one source only.",
    )
    bucket: str = _text(
        "",
        "3 to 63 of a-z, 0-9 and -",
        "The bucket's name in signatures and URLs, where one source is all; else that of the source itself.",
    )
    access: str = _choice(
        "auto",
        ("auto", "signed", "public"),
        "Who may read, where a bucket does not say: signed needs a signature, public lets anyone in; "
        "auto is public for a local folder and signed for all else.",
    )
    keys: str = _secret(
        "lines of ID:SECRET [prefix=…] [token=…], JSON, or the ARN of a secret or parameter that holds them",
        "The key pairs whose signatures are accepted.",
    )
    styles: str = _text(
        "",
        "lines of NAME=video/snapshot,…, or a JSON object",
        "What x-oss-process=style/NAME stands for.",
    )
    style_only: bool = _switch("Only named styles may be asked for.")
    cors: tuple[str, ...] = _words(
        "Origins whose pages may read the answers with scripts; none by default.",
        "origins as https://app.example.com, https://*.example.com or *, separated by commas",
    )

    quality: int = _integer(85, 1, 100, "JPEG quality.", pixels=True)
    png_level: int = _integer(1, 0, 9, "PNG compression: 1 is fast, 9 is small.", pixels=True)
    aspect: str = _choice(
        "display",
        ("display", "coded"),
        "display applies the sample aspect ratio, so that circles are round; coded gives the stored pixels.",
        pixels=True,
    )
    rotate_order: str = _choice(
        "rotate-first",
        ("rotate-first", "resize-first"),
        "With ar: rotate-first gives exactly w x h; resize-first turns the w x h picture afterwards.",
        pixels=True,
    )
    max_side: int = _integer(8192, 16, 65500, "The longest side that a caller may ask for, in pixels.")
    max_pixels: int = _integer(
        36_000_000, 1024, 400_000_000, "The largest picture, decoded or answered, in pixels."
    )

    timeout_s: float = _seconds(15.0, 0.1, 900.0, "Time that one request may take.")
    max_bytes: int = _integer(256 << 20, 1 << 16, 1 << 36, "Bytes that one request may read from the source.")
    max_requests: int = _integer(2000, 1, 100_000, "Requests that one request may send to the source.")
    index: str = _choice(
        "own",
        ("own", "generic"),
        "own reads the index of known containers directly; generic leaves all of them to FFmpeg.",
    )
    tail_bytes: int = _integer(
        768 << 10, 0, 16 << 20, "How much of a video's end is asked for together with its beginning; 0: none."
    )
    index_cache: str = _choice(
        "memory",
        ("off", "memory", "folder"),
        "Where indexes are kept for later requests; on Lambda and Function Compute it is folder by itself.",
    )
    cache_folder: str = _text(
        "/tmp/framefetch",  # noqa: S108 - made with mode 0700, and its owner is checked at each use
        "a folder that only we may use",
        "The folder of the index cache.",
    )
    cache_mb: int = _integer(64, 1, 10_240, "Size of the index cache in MiB, of memory and folder each.")
    block_bytes: int = _integer(
        256 << 10, 4 << 10, 16 << 20, "Size of the ranges in which a video without an own index is read."
    )
    max_age_s: int = _integer(3600, 0, 31_536_000, "max-age of Cache-Control on pictures.")

    threads: int = _integer(2, 1, 16, "Threads of one decoder: more take more memory.")
    concurrency: int = _integer(2, 1, 256, "Pictures that are made at the same time.")
    queue: int = _integer(256, 0, 10_000, "Requests that may wait for their turn; more are answered 429.")
    memory_mb: int = _integer(512, 64, 65_536, "Memory that all decoders together may use, in MiB.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Reads all settings.

        Raises:
            BadSetting: a value is out of its bounds, or a ``FRAMEFETCH_`` variable is not known.
        """
        given = os.environ if environment is None else environment
        table = {one.variable: one for one in cls.table()}
        unknown = sorted(name for name in given if name.startswith(PREFIX) and name not in table)
        unknown = [name for name in unknown if name not in _NOT_SETTINGS]
        if unknown:
            message = f"{unknown[0]} is not a setting; `framefetch settings` prints all of them."
            raise BadSetting(message)
        values = {one.name: one.read(given[name]) for name, one in table.items() if name in given}
        if any(name in given for name in _FUNCTION_PLATFORMS):
            # A function's container comes and goes with its memory; its /tmp outlives a crash of it.
            values.setdefault("index_cache", "folder")
        return cls(**values)

    @classmethod
    def table(cls) -> Iterator[Setting]:
        """The rows, in order."""
        for one in fields(cls):
            yield Setting(
                name=one.name,
                kind=one.metadata["kind"],
                default=one.default,
                meaning=one.metadata["meaning"],
                pixels=one.metadata["pixels"],
            )

    def pixel_values(self) -> tuple[tuple[str, object], ...]:
        """The values that change what a picture looks like, for the ETag."""
        return tuple((one.name, getattr(self, one.name)) for one in self.table() if one.pixels)


def platform_variable(name: str) -> str:
    """A variable that a platform sets for its functions; empty where there is none.

    Raises:
        KeyError: `name` is none of `PLATFORM_VARIABLES`.
    """
    if name not in PLATFORM_VARIABLES:
        raise KeyError(name)
    return os.environ.get(name, "")


PLATFORM_VARIABLES = frozenset(
    {
        # Of Lambda: opens the extension that holds secrets and parameters, at its port.
        "AWS_SESSION_TOKEN",
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
        # Of Function Compute: the function's role. The others are those that oss2's own users set.
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "OSS_ACCESS_KEY_ID",
        "OSS_ACCESS_KEY_SECRET",
        "OSS_SESSION_TOKEN",
    }
)
"""What is read of the environment beside the settings: what clients need that cannot look themselves."""

_FUNCTION_PLATFORMS = ("AWS_LAMBDA_FUNCTION_NAME", "FC_FUNCTION_NAME")
"""Set by Lambda and by Function Compute."""
_NOT_SETTINGS = frozenset({"FRAMEFETCH_CORPUS", "FRAMEFETCH_SIGNING"})
"""Where the tests look for their material; not read here."""
