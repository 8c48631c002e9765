"""``framefetch settings``: every setting, its value here, what it takes and what it means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from framefetch.commands.printing import write_out
from framefetch.settings import Settings
from framefetch.texts import check

if TYPE_CHECKING:
    import argparse


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser(
        "settings",
        help="print every setting, its value and meaning",
        description="Prints every setting with its value here and its meaning, and says what is wrong with "
        "one. Settings are environment variables.",
    )
    mine.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Prints the table, if all of it can be read."""
    values = Settings.from_environment()
    check(values)
    for one in Settings.table():
        value = getattr(values, one.name)
        changed = "" if value == one.default else f" (default {text(one.default) or 'none'})"
        shown = "***" if one.kind.secret and value else _without_queries(text(value))
        write_out(f"{one.variable}={shown}{changed}\n    {one.meaning} Takes {one.kind.takes}.")
    return 0


def text(value: object) -> str:
    """A value as it would be written in the environment."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _without_queries(value: str) -> str:
    """A value without the queries of web servers in it: such a one may be what opens the source."""
    return re.sub(r"(https?://[^\s?\"]*\?)[^\s\"]+", r"\1***", value, flags=re.IGNORECASE)
