"""``framefetch backfill``: makes the pictures of films that were there before the rules for uploads were."""

from __future__ import annotations

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framefetch.commands.snapshot import CALLERS_FAULT, SOURCES_FAULT
from framefetch.commands.tally import Tally
from framefetch.errors import FramefetchError
from framefetch.rules import Upload
from framefetch.settings import BadSetting, Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from framefetch.uploads import Uploads


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser("backfill", help="make the pictures that films of a source do not have yet")
    mine.add_argument(
        "sources", nargs="+", metavar="SRC", help="a folder, s3://bucket/prefix, gs://…, az://… or oss://…"
    )
    mine.add_argument(
        "--rules",
        metavar="FILE|RULES",
        help="as FRAMEFETCH_ON_UPLOAD has them, which is what counts without it",
    )
    mine.add_argument("--dry-run", action="store_true", help="print the pictures that are missing, make none")
    mine.add_argument(
        "-j", "--jobs", type=int, metavar="N", help="films at the same time (default: FRAMEFETCH_CONCURRENCY)"
    )
    mine.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Goes through the sources; what is there already costs one or two requests a picture."""
    settings = _settings(options)
    from framefetch.uploads import Uploads  # noqa: PLC0415 - slow to import, and not needed to refuse
    from framefetch.uploads.outcome import What  # noqa: PLC0415

    logging.getLogger("framefetch").addHandler(logging.NullHandler())
    uploads = Uploads(settings)
    watched = [uploads.watch(source) for source in options.sources]

    def films() -> Iterator[Upload]:
        for bucket, source, prefix in watched:
            for listed in source.listing(prefix, uploads.budget):
                upload = Upload(bucket, listed.key, (listed.etag or "").strip('"') or None, size=listed.size)
                if uploads.rules.match(upload) and not uploads.rules.have_written(upload):
                    yield upload

    tally = Tally()
    try:
        if options.dry_run:
            _tell(uploads, films())
            return 0
        tally.count(films())
        _work(uploads, films(), settings.concurrency, tally)
    except FramefetchError as fault:
        tally.say(f"framefetch: {fault.code}: {fault}")
        return SOURCES_FAULT if fault.status >= 500 else CALLERS_FAULT
    finally:
        if not options.dry_run:
            tally.end()
    if tally.of[What.FAILED]:
        return SOURCES_FAULT
    return CALLERS_FAULT if tally.of[What.FAULTY] else 0


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    if options.rules is not None:
        settings = replace(settings, on_upload=_rules_text(options.rules))
    if not settings.on_upload.strip():
        message = "no rules: give --rules, or set FRAMEFETCH_ON_UPLOAD."
        raise BadSetting(message)
    jobs = settings.concurrency if options.jobs is None else options.jobs
    if not 1 <= jobs <= 256:
        message = "--jobs takes a number from 1 to 256."
        raise BadSetting(message)
    return replace(settings, concurrency=jobs)


def _rules_text(given: str) -> str:
    path = Path(given)
    try:
        if "\n" not in given and path.is_file():
            return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        message = f"--rules {given}: {fault}."
        raise BadSetting(message) from None
    if "=" not in given:
        message = f"--rules {given!r} is neither a file nor a rule: PREFIX*SUFFIX=PROCESS=PLACE."
        raise BadSetting(message)
    return given


def _tell(uploads: Uploads, films: Iterator[Upload]) -> None:
    for upload in films:
        # Where a listing has no ETags, the store is asked; nobody knows which pictures these are otherwise.
        for output in uploads.absent(upload):
            print(f"{upload.key} -> {output.place and output.place + ' '}{output.key}")


def _work(uploads: Uploads, films: Iterator[Upload], jobs: int, tally: Tally) -> None:
    """Hands films to threads as they become free, so that a bucket of any size fits into memory."""
    running: set[Future[None]] = set()

    def make(upload: Upload) -> None:
        tally.note(upload, uploads.handle(upload))

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="backfill")
    try:
        for upload in films:
            running.add(pool.submit(make, upload))
            if len(running) >= 2 * jobs:
                running = _left(running)
        while running:
            running = _left(running)
    finally:
        # Pictures that are being made are finished, none is begun: what is written is whole.
        pool.shutdown(wait=True, cancel_futures=True)


def _left(running: set[Future[None]]) -> set[Future[None]]:
    done, left = wait(running, return_when=FIRST_COMPLETED)
    for one in done:
        one.result()
    return left
