"""``framefetch info``: what the index of one video says of it, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framefetch.commands.printing import write_out
from framefetch.commands.snapshot import SOURCE_HELP, ask, fail
from framefetch.process import INFO

if TYPE_CHECKING:
    import argparse


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser(
        "info",
        help="print what is known of one video, as JSON",
        description="Prints what the index of one video says of it, as JSON. No picture is decoded.",
    )
    mine.add_argument("source", metavar="SRC", help=SOURCE_HELP)
    mine.add_argument("--trace", action="store_true", help="print what was read, with purpose, bytes and ms")
    mine.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the facts."""
    answer, record = ask(options.source, INFO, trace=options.trace)
    if answer.status != 200:
        return fail(answer, record)
    write_out(answer.body.decode())
    return 0
