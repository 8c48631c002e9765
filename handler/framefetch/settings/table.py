"""The table of all settings, read from ``FRAMEFETCH_*``. Each row is declared by a function of `declare`."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING

from framefetch.settings.declare import (
    PREFIX,
    BadSetting,
    Setting,
    choice,
    colour,
    integer,
    network,
    seconds,
    secret,
    switch,
    text,
    words,
)
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FUNCTION_PLATFORMS = ("AWS_LAMBDA_FUNCTION_NAME", "FC_FUNCTION_NAME")
"""Set by Lambda and by Function Compute."""
_FUNCTION_MEMORY = ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "FC_FUNCTION_MEMORY_SIZE")
"""Set by the same two, in MiB."""
_NOT_MEMORY_MB = 256
"""Addresses that are in use without memory behind them: libraries, stacks of threads, malloc's arenas.
Measured with H.265, VP9 and AV1 on two threads: 221 MiB more than the memory at its peak."""
_NOT_SETTINGS = frozenset({"FRAMEFETCH_CORPUS", "FRAMEFETCH_SIGNING"})
"""Where the tests look for their material; not read here."""


@dataclass(frozen=True)
class Settings:
    """The values of one process, fixed at its start. Fields marked ``pixels`` enter every ETag."""

    source: str = text(
        "",
        "a folder, s3://bucket/prefix, gs://…, az://…, oss://… or https://host/prefix",
        "Where the videos are, when the command line does not say.",
    )
    networks: tuple[str, ...] = words(
        "Private networks that the names and redirects of HTTP sources may lead into; beside them only a "
        "source written as an address or as localhost may be private, and what the command line names.",
        "networks as 10.1.0.0/16, separated by commas",
        network,
    )

    buckets: str = text(
        "",
        "lines of HOST=BUCKET=SOURCE [access=signed|public] [region=…] [prefix=…] [styles=a,b], or JSON",
        "Which bucket of which source each host name stands for; without it there is one source only.",
    )
    bucket: str = text(
        "",
        "3 to 63 of a-z, 0-9 and -",
        "The bucket's name in signatures and URLs, where one source is all; else that of the source itself.",
        "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    )
    access: str = choice(
        "auto",
        ("auto", "signed", "public"),
        "Who may read, where a bucket does not say: signed needs a signature, public lets anyone in; "
        "auto is public for a local folder and signed for all else.",
    )
    keys: str = secret(
        "lines of ID:SECRET [prefix=…] [token=…], JSON, or the ARN of a secret or parameter that holds them",
        "The key pairs whose signatures are accepted.",
    )
    styles: str = text(
        "",
        "lines of NAME=video/snapshot,…, or a JSON object",
        "What x-oss-process=style/NAME stands for.",
    )
    on_upload: str = text(
        "",
        "lines of PREFIX*SUFFIX=PROCESS[;PROCESS…]=PLACE [bucket=NAME], or JSON",
        "Which pictures an uploaded video gets, and where they are written.",
    )
    max_receives: int = integer(
        3,
        2,
        1000,
        "A queue's message that was received so often is not decoded again, as it may be what ends the "
        "process; it goes back until the queue gives it up.",
    )
    save_to: tuple[str, ...] = words(
        "Where signed POST requests may save pictures (sys/saveas); nowhere by default.",
        "BUCKET/PREFIX, separated by commas; BUCKET is one that is served",
    )
    style_only: bool = switch("Only named styles may be asked for.")
    playground: str = choice(
        "local",
        ("local", "on", "off"),
        "The page at /, on which to try things: on this machine's own listeners, everywhere, or nowhere, as "
        "behind a proxy on this machine, whose requests look like its own.",
    )
    trust_host_header: bool = switch(
        "Behind a CDN that signs its requests to us: x-framefetch-host says which host was asked for."
    )
    cors: tuple[str, ...] = words(
        "Origins whose pages may read the answers with scripts; none by default.",
        "origins as https://app.example.com, https://*.example.com or *, separated by commas",
    )

    quality: int = integer(85, 1, 100, "JPEG quality.", pixels=True)
    jpg: str = choice(
        "baseline",
        ("baseline", "progressive"),
        "progressive is seen from its first bytes on and a little smaller, and costs more time.",
        pixels=True,
    )
    webp_quality: int = integer(80, 1, 100, "WebP quality.", pixels=True)
    avif_quality: int = integer(60, 1, 100, "AVIF quality.", pixels=True)
    png_level: int = integer(1, 0, 9, "PNG compression: 1 is fast, 9 is small.", pixels=True)
    aspect: str = choice(
        "display",
        ("display", "coded"),
        "display applies the sample aspect ratio, so that circles are round; coded gives the stored pixels.",
        pixels=True,
    )
    aperture: str = choice(
        "full",
        ("full", "clean"),
        "full shows all of the stored picture; clean the clean aperture of MP4 and MOV, where there is one.",
        pixels=True,
    )
    rotate_order: str = choice(
        "rotate-first",
        ("rotate-first", "resize-first"),
        "With ar: rotate-first gives exactly w x h; resize-first turns the w x h picture afterwards.",
        pixels=True,
    )
    background: str = colour(
        "FFFFFF",
        "What shows behind transparent parts of a video in jpg, which has no transparency.",
        pixels=True,
    )
    deinterlace: str = choice(
        "auto",
        ("auto", "off"),
        "auto shows one moment of a picture that is flagged as interlaced; off shows both, as stored.",
        pixels=True,
    )
    oversize: str = choice(
        "error",
        ("error", "shrink"),
        "What becomes of a picture that is larger than the platform lets an answer be: 413, or smaller.",
        pixels=True,
    )
    max_side: int = integer(8192, 16, 65500, "The longest side that a caller may ask for, in pixels.")
    max_pixels: int = integer(
        36_000_000, 1024, 400_000_000, "The largest picture, decoded or answered, in pixels."
    )

    max_tiles: int = integer(100, 1, 1000, "Pictures on one sheet, track or animation.")

    timeout_s: float = seconds(
        15.0,
        0.1,
        900.0,
        "Time that one request may take, looked at in between: an encoder that has begun is not interrupted.",
    )
    max_bytes: int = integer(256 << 20, 1 << 16, 1 << 36, "Bytes that one request may read from the source.")
    max_requests: int = integer(2000, 1, 100_000, "Requests that one request may send to the source.")
    max_steps: int = integer(
        50_000,
        1000,
        100_000_000,
        "Boxes, elements and packets of a video that one request may look at: half an hour of pictures.",
    )
    max_search_s: float = seconds(
        0.75,
        0.05,
        900.0,
        "Time that the processor may work to find the way through one video; decoding does not count.",
    )
    index: str = choice(
        "own",
        ("own", "generic"),
        "own reads the index of known containers directly; generic leaves all of them to FFmpeg.",
    )
    tail_bytes: int = integer(
        768 << 10, 0, 16 << 20, "How much of a video's end is asked for together with its beginning; 0: none."
    )
    index_cache: str = choice(
        "memory",
        ("off", "memory", "folder"),
        "Where indexes are kept for later requests; on Lambda and Function Compute it is folder by itself.",
    )
    cache_folder: str = text(
        "/tmp/framefetch",  # noqa: S108 - made with mode 0700, and its owner is checked at each use
        "a folder that only we may use",
        "The folder of the index cache.",
    )
    cache_mb: int = integer(64, 1, 10_240, "Size of the index cache in MiB, of memory and folder each.")
    block_bytes: int = integer(
        256 << 10, 4 << 10, 16 << 20, "Size of the ranges in which a video without an own index is read."
    )
    max_age_s: int = integer(3600, 0, 31_536_000, "max-age of Cache-Control on pictures.")

    threads: int = integer(2, 1, 16, "Threads of one decoder: more take more memory.")
    concurrency: int = integer(2, 1, 256, "Pictures that are made at the same time.")
    queue: int = integer(256, 0, 10_000, "Requests that may wait for their turn; more are answered 429.")
    memory_mb: int = integer(512, 64, 65_536, "Memory that all decoders together may use, in MiB.")

    address_space_mb: int = integer(
        0,
        0,
        1 << 20,
        "Addresses that the process may use, in MiB, 0: any number; on Lambda and Function Compute it "
        "is the function's memory and 256 more by itself.",
    )

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
        for name in _FUNCTION_MEMORY:
            if name in given:
                values.setdefault("address_space_mb", int(given[name]) + _NOT_MEMORY_MB)
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
