"""What commands print, and the exit codes that they end with.

Standard output may be a closed pipe, a full disk, or nothing at all; names of files may hold what a terminal
takes for orders. Both end in words here, and never in a traceback.
"""

from __future__ import annotations

import os
import sys

from framefetch.settings import BadSetting

OUR_FAULT, USAGE, CALLERS_FAULT, SOURCES_FAULT = 1, 2, 3, 4
INTERRUPTED, PIPE_CLOSED = 130, 141
"""As a shell tells of a program that SIGINT or SIGPIPE ended."""


def prepare() -> None:
    """Makes both outputs take any text: what their encoding lacks is written as its number."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lasts as long as we do
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def shown(text: str) -> str:
    """A name as it may be printed: control characters are written as their numbers."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def write_out(what: str | bytes) -> None:
    """Writes to standard output, at once.

    Args:
        what: text, whose line is ended here, or bytes, which are written as they are.

    Raises:
        BadSetting: it cannot be written.
        BrokenPipeError: nobody reads it any more.
    """
    if sys.stdout is None:
        message = "standard output is closed."
        raise BadSetting(message)
    try:
        if isinstance(what, bytes):
            sys.stdout.buffer.write(what)
        else:
            sys.stdout.write(what + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as fault:
        _let_go()
        message = f"standard output cannot be written: {fault.strerror}."
        raise BadSetting(message) from None


def flush() -> None:
    """Writes what others have printed, as `--help`."""
    if sys.stdout is not None:
        sys.stdout.flush()


def tell(text: str) -> None:
    """One line on stderr."""
    print(text, file=sys.stderr, flush=True)


def tell_fault(code: str, message: str, status: int, why: str = "") -> int:
    """Tells of a fault of a request, in one line.

    Args:
        code: OSS's.
        message: public, with its hint.
        status: of HTTP.
        why: what is behind it. Whoever runs a command may know; of our own faults it is the traceback.

    Returns:
        The exit code.
    """
    is_ours = status == 500
    hint = " Is the address right, and the store up?" if status == 502 else ""
    behind = f" ({why.splitlines()[0]})" if why and status > 500 else ""
    tell(f"framefetch: {code}: {shown(message + behind + hint)}")
    if is_ours and why:
        tell(why)
    return code_of(status)


def pipe_closed() -> int:
    """The exit code where nobody reads any more what we print."""
    _let_go()
    return PIPE_CLOSED


def code_of(status: int) -> int:
    """The exit code for an HTTP status that is an error."""
    if status == 500:
        return OUR_FAULT
    return SOURCES_FAULT if status > 500 else CALLERS_FAULT


def _let_go() -> None:
    """What is still in a buffer goes nowhere: Python would complain at its end that it cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
