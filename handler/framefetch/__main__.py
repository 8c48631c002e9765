"""The command line: ``framefetch serve``, ``snapshot``, ``info``, ``backfill``, ``sign``, ``settings``.

Errors go to stderr in one line, with a hint. Exit codes: 0 done, 1 our own fault, 2 wrong usage or a
bad setting, 3 the request or the video is at fault (4xx), 4 the store is at fault or out of time. Ctrl-C
is 130, and a pipe that nobody reads any more 141, as shells have it.
"""

from __future__ import annotations

import argparse
import sys

from framefetch import __version__
from framefetch.commands import backfill, info, printing, serve, settings, sign, snapshot
from framefetch.errors import FramefetchError
from framefetch.settings import BadSetting

COMMANDS = (serve, snapshot, info, backfill, sign, settings)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="framefetch",
        description="One picture of a video in object storage, for the bytes that the picture needs.",
        epilog="Exit codes: 0 done, 1 our own fault, 2 wrong usage, 3 the request or the video (4xx), "
        "4 the store or out of time (5xx).",
    )
    top.add_argument("--version", action="version", version=f"framefetch {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit code.
    """
    printing.prepare()
    try:
        try:
            options = parser().parse_args(arguments)
        finally:
            printing.flush()
        code: int = options.run(options)
    except BadSetting as error:
        printing.tell(f"framefetch: {printing.shown(str(error))}")
        return printing.USAGE
    except FramefetchError as error:
        return printing.tell_fault(error.code, str(error), error.status, error.detail)
    except KeyboardInterrupt:
        return printing.INTERRUPTED
    except BrokenPipeError:
        return printing.pipe_closed()
    return code


if __name__ == "__main__":
    sys.exit(main())
