"""``framefetch info``: what the index of one video says of it, as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from framefetch.commands.snapshot import ask, fail
from framefetch.process import INFO

if TYPE_CHECKING:
    import argparse


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser("info", help="print what is known of one video, as JSON")
    mine.add_argument("source", metavar="SRC", help="as for snapshot")
    mine.add_argument("--trace", action="store_true", help="print what was read, with purpose, bytes and ms")
    mine.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the facts."""
    answer = ask(options.source, INFO, trace=options.trace)
    if answer.status != 200:
        return fail(answer)
    sys.stdout.write(answer.body.decode() + "\n")
    return 0
