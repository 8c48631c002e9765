"""The manual's tables, made of the code: ``python -m tests.docs.tables`` writes them into it anew.

The manual is README.md and the pages of docs/. In: a page's text with a pair of remarks
(``<!-- settings -->``, ``<!-- /settings -->``) for each of its tables. Out: the text with what
is between them replaced. What is outside them is never touched.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import av

from framefetch.commands.settings import text
from framefetch.errors import (
    AccessDenied,
    CorruptFilm,
    FramefetchError,
    ImageTooLarge,
    InvalidArgument,
    NoSuchKey,
    RequestTimeout,
    SignatureDoesNotMatch,
    SourceError,
    TooManyRequests,
    UnsupportedCodec,
    UnsupportedFormat,
    classes,
)
from framefetch.process import MALFORMED, SNAPSHOT_PARAMETERS
from framefetch.settings import Settings
from tests.docs.cost import cost_table
from tests.docs.layer import layer_rows
from tests.films.compatibility import CONTAINERS, ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_REPOSITORY = Path(__file__).resolve().parents[2]
FFMPEG = f"libavcodec {av.library_versions['libavcodec'][0]}"
MAIN_SETTINGS = (
    "source bucket buckets access keys styles on_upload cors "
    "quality max_side max_age_s timeout_s concurrency memory_mb"
).split()
"""What most people set."""
MAIN_ERRORS = (
    AccessDenied,
    CorruptFilm,
    ImageTooLarge,
    InvalidArgument,
    NoSuchKey,
    RequestTimeout,
    SignatureDoesNotMatch,
    SourceError,
    TooManyRequests,
    UnsupportedCodec,
    UnsupportedFormat,
)
"""What most people meet."""
PAGES = [_REPOSITORY / "README.md", *sorted(_REPOSITORY.glob("docs/*.md"))]


def settings_table() -> str:
    """Every setting with its default, what it takes and what it means."""
    pixels = ", ".join(_code(one.variable) for one in Settings.table() if one.pixels)
    table = _settings([one.name for one in Settings.table()])
    return f"{table}\n\nThese change pictures, and are therefore part of every ETag: {pixels}."


def main_settings_table() -> str:
    """The same of those that most people set."""
    return _settings(MAIN_SETTINGS)


def _settings(names: Sequence[str]) -> str:
    rows = [("Variable", "Default", "Takes", "Meaning")]
    by_name = {one.name: one for one in Settings.table()}
    rows += [
        (_code(one.variable), _code(text(one.default)), one.kind.takes, one.meaning)
        for one in map(by_name.__getitem__, names)
    ]
    return _table(rows)


def errors_table() -> str:
    """Every error that can be answered."""
    return _errors(classes())


def main_errors_table() -> str:
    """Those that most people meet."""
    return _errors(MAIN_ERRORS)


def _errors(some: Iterable[type[FramefetchError]]) -> str:
    rows = [("Status", "Code", "EC", "When", "Cached", "Again?")]
    rows += [
        (
            str(one.status),
            _code(one.code),
            _code(_ec(one)),
            " ".join((inspect.getdoc(one) or "").partition("\n\n")[0].split()),
            f"{one.max_age_s} s" if one.max_age_s else "no",
            "yes" if one.retryable else "no",
        )
        for one in sorted(some, key=lambda one: one.status)
    ]
    return _table(rows)


def compatibility_table() -> str:
    """Which codecs are read out of which containers: of each mark there is a film in the tests."""
    rows = [("Codec", "Bits", *CONTAINERS)]
    for name in dict.fromkeys(row.name for row in ROWS):
        alike = [row for row in ROWS if row.name == name]
        columns = [
            [str(row.bits) for row in alike if column in row.containers.split()] for column in CONTAINERS
        ]
        every = [str(row.bits) for row in alike]
        cells = ["yes" if cell == every else ", ".join(cell) for cell in columns]
        rows.append((name, ", ".join(every), *cells))
    return _table(rows)


def slim_table() -> str:
    """What the slim FFmpeg lacks."""
    return f"{_table(layer_rows())}\n\nThe wheel's FFmpeg here is the one with {FFMPEG}."


TABLES = {
    "settings": settings_table,
    "main_settings": main_settings_table,
    "errors": errors_table,
    "main_errors": main_errors_table,
    "compatibility": compatibility_table,
    "cost": cost_table,
    "slim": slim_table,
}


def refreshed(page: str, *, by_any_ffmpeg: bool = False) -> str:
    """A page's text with all of its tables made anew.

    What an FFmpeg has can only be told by the one that the table was made with, if not `by_any_ffmpeg`.
    """
    for name, make in TABLES.items():
        if name == "slim" and not by_any_ffmpeg and FFMPEG not in page:
            continue
        if name in tables_in(page):
            between = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->\n)", re.DOTALL)
            table = f"\n{make()}\n\n"
            page = between.sub(lambda _, table=table: table, page)  # type: ignore[misc]
    return page


def tables_in(page: str) -> list[str]:
    """The names of the tables that a page has room for, in their order."""
    return re.findall(r"^<!-- (\w+) -->\n.*?^<!-- /\1 -->$", page, re.DOTALL | re.MULTILINE)


def _ec(error: type[FramefetchError]) -> str:
    if error is InvalidArgument:
        return f"{min(one.ec for one in SNAPSHOT_PARAMETERS)}…{MALFORMED[-3:]}"
    return error.default_ec


def _code(word: str) -> str:
    return f"`{word}`" if word else ""


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    first, *others = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([first, "|" + "---|" * len(rows[0]), *others])


def main() -> int:
    """Writes the pages."""
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = refreshed(before, by_any_ffmpeg=True)
        if after != before:
            page.write_text(after, encoding="utf-8")
            print(f"{page.name}: the tables are new")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
