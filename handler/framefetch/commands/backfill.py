"""``framefetch backfill``: makes the pictures of films that were there before the rules for uploads were."""

from __future__ import annotations

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framefetch.commands.printing import CALLERS_FAULT, SOURCES_FAULT, shown, write_out
from framefetch.commands.tally import Tally
from framefetch.rules import Upload
from framefetch.settings import BadSetting, Settings
from framefetch.sources.locate import split_root
from framefetch.texts import rules_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from framefetch.sources.looking import LookableSource
    from framefetch.uploads import Uploads


@dataclass(frozen=True, slots=True)
class _Place:
    """A source that was named.

    Attributes:
        uploads: makes the pictures of all that is in its bucket or folder.
        bucket: its name; empty for a folder.
        source: all of it.
        prefix: only what begins with this was asked for.
        before: what stands before keys in what is printed, so that equal ones of two sources differ.
    """

    uploads: Uploads
    bucket: str
    source: LookableSource
    prefix: str
    before: str

    def films(self, tally: Tally | None = None) -> Iterator[tuple[_Place, Upload]]:
        """What any rule is for; `tally` counts the rest."""
        rules = self.uploads.rules
        for listed in self.source.listing(self.prefix, self.uploads.budget):
            upload = Upload(self.bucket, listed.key, (listed.etag or "").strip('"') or None, size=listed.size)
            if rules.match(upload) and not rules.have_written(upload):
                yield self, upload
            elif tally is not None:
                tally.others += 1


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser(
        "backfill",
        help="make the pictures that films of a source do not have yet",
        description="Makes the pictures that films do not have yet, by rules: framefetch backfill films "
        "--rules '*.mp4=video/snapshot,t_0,w_640=thumbs/{stem}-{etag}.{ext}' --dry-run",
    )
    mine.add_argument(
        "sources", nargs="+", metavar="SRC", help="a folder, s3://bucket/prefix, gs://…, az://… or oss://…"
    )
    mine.add_argument(
        "--rules",
        metavar="FILE|RULES",
        help="lines or JSON, or a file of them (default: what FRAMEFETCH_ON_UPLOAD says)",
    )
    mine.add_argument("--dry-run", action="store_true", help="print the pictures that are missing, make none")
    mine.add_argument(
        "-j", "--jobs", type=int, metavar="N", help="films at the same time (default: FRAMEFETCH_CONCURRENCY)"
    )
    mine.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Goes through the sources; what is there already costs one or two requests a picture."""
    settings = _settings(options)
    from framefetch.uploads.outcome import What  # noqa: PLC0415 - slow to import, and not needed to refuse

    logging.getLogger("framefetch").addHandler(logging.NullHandler())
    places = _places(options.sources, settings)
    _check_rules(places, "--rules" if options.rules is not None else "FRAMEFETCH_ON_UPLOAD")
    tally = Tally(is_dry=options.dry_run)

    def films(counted: Tally | None = None) -> Iterator[tuple[_Place, Upload]]:
        for place in places:
            yield from place.films(counted)

    if options.dry_run:
        _tell(films(tally), tally)
        tally.end()
        return 0
    try:
        tally.count(films())
        _work(films(tally), settings.concurrency, tally)
    except BaseException:
        if tally.films:
            tally.end()
        raise
    tally.end()
    if tally.of[What.FAILED]:
        return SOURCES_FAULT
    return CALLERS_FAULT if tally.of[What.FAULTY] else 0


def _places(named: list[str], settings: Settings) -> list[_Place]:
    """The sources. Two of one bucket share all that is known of it; of two buckets nothing is shared."""
    from framefetch.uploads import Uploads  # noqa: PLC0415 - slow to import, and not needed to refuse

    by_root: dict[str, Uploads] = {}
    places = []
    for text in named:
        root = split_root(text)[1]
        uploads = by_root.setdefault(root, by_root.get(root) or Uploads(settings))
        bucket, source, prefix = uploads.watch(text)
        # Options of a source may hold what opens it.
        before = f"{root.partition('?')[0] if bucket else root.rstrip('/')}/" if len(named) > 1 else ""
        places.append(_Place(uploads, bucket, source, prefix, before))
    return places


def _check_rules(places: list[_Place], name: str) -> None:
    """Refuses rules of which one would make no picture in any of the places.

    Raises:
        BadSetting: says which.
    """
    for uploads in {id(one.uploads): one.uploads for one in places}.values():
        try:
            uploads.rules.check({one.bucket for one in places if one.uploads is uploads})
        except ValueError as error:
            message = f"{name} is not valid: {error}."
            raise BadSetting(message) from None


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    name = "FRAMEFETCH_ON_UPLOAD"
    if options.rules is not None:
        text, name = _rules_text(options.rules)
        settings = replace(settings, on_upload=text)
    if not rules_of(settings, name).rules:
        message = "there are no rules: give --rules, or set FRAMEFETCH_ON_UPLOAD."
        raise BadSetting(message)
    jobs = settings.concurrency if options.jobs is None else options.jobs
    if not 1 <= jobs <= 256:
        message = "--jobs takes a number from 1 to 256."
        raise BadSetting(message)
    return replace(settings, concurrency=jobs)


def _rules_text(given: str) -> tuple[str, str]:
    """The rules, and what to call them in messages."""
    path = Path(given)
    try:
        if "\n" not in given and path.is_file():
            return path.read_text("utf-8"), f"--rules {given}"
    except (OSError, UnicodeDecodeError) as fault:
        if "=" not in given:
            why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8"
            message = f"--rules {given}: {why}."
            raise BadSetting(message) from None
    if "=" not in given and given.lstrip()[:1] not in ("[", "{"):
        message = f"--rules {given!r} is neither a file nor a rule: PREFIX*SUFFIX=PROCESS=PLACE."
        raise BadSetting(message)
    return given, "--rules"


def _tell(films: Iterator[tuple[_Place, Upload]], tally: Tally) -> None:
    for place, upload in films:
        # Where a listing has no ETags, the store is asked; nobody knows which pictures these are otherwise.
        absent = place.uploads.absent(upload)
        tally.note_absent(len(absent))
        for output in absent:
            where = (
                f"{output.place.partition('?')[0]}/{output.key}"
                if output.place
                else place.before + output.key
            )
            write_out(f"{shown(place.before + upload.key)} -> {shown(where)}")


def _work(films: Iterator[tuple[_Place, Upload]], jobs: int, tally: Tally) -> None:
    """Hands films to threads as they become free, so that a bucket of any size fits into memory."""
    running: set[Future[None]] = set()

    def make(place: _Place, upload: Upload) -> None:
        tally.note(place.before + upload.key, place.uploads.handle(upload))

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="backfill")
    try:
        for place, upload in films:
            running.add(pool.submit(make, place, upload))
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
