"""``framefetch snapshot``: one picture of one video, through the same service as a request."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from framefetch.access.grants import unlocked
from framefetch.commands.printing import shown, tell, tell_fault, write_out
from framefetch.commands.trace_table import trace_table
from framefetch.errors import NoSuchKey
from framefetch.http.call import Answer, Call
from framefetch.process import AUTO, PARAMETER, Fit, Format, Mode, Rotate, SnapshotRequest
from framefetch.settings import BadSetting, Settings
from framefetch.sources.locate import path_of, split_source

if TYPE_CHECKING:
    import argparse

    from framefetch.observe import Record

_CLOCK = re.compile(r"(?:(\d+):(?=[0-5]?\d:))?(\d{1,2}):([0-5]?\d(?:\.\d+)?)", re.ASCII)
_SUFFIXED = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_FORMATS = [str(one) for one in Format if one is not Format.AUTO]
_ENDINGS = {one: one for one in _FORMATS} | {"jpeg": "jpg"}
SOURCE_HELP = "a path, s3://bucket/key, gs://…, az://…, oss://… or https://…"


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser(
        "snapshot",
        help="write one picture of one video to a file",
        description="Writes one picture of one video to a file: "
        "framefetch snapshot film.mp4 -t 17s -W 640 -o picture.jpg",
    )
    mine.add_argument("source", metavar="SRC", help=SOURCE_HELP)
    add_picture_options(mine, "by the file's ending, else jpg")
    mine.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="its ending says the format; - is standard output",
    )
    mine.add_argument("--trace", action="store_true", help="print what was read, with purpose, bytes and ms")
    mine.set_defaults(run=run)


def add_picture_options(mine: argparse.ArgumentParser, usual_format: str = "jpg") -> None:
    """The options that say which picture."""
    mine.add_argument(
        "-t", "--time", default="0", help="17s, 17000 (ms), 00:00:17.5, 50%% or auto (default: 0)"
    )
    mine.add_argument("-W", "--width", type=int, default=0, help="pixels; 0 follows from the height")
    mine.add_argument("-H", "--height", type=int, default=0, help="pixels; 0 follows from the width")
    mine.add_argument("-f", "--format", choices=_FORMATS, help=f"default: {usual_format}")
    mine.add_argument("-q", "--quality", type=int, metavar="1-100", help="of jpg, webp and avif")
    mine.add_argument("--fit", choices=[str(one) for one in Fit], default="stretch", help="with -W and -H")
    mine.add_argument("--background", default="", metavar="RRGGBB", help="behind what is transparent")
    mine.add_argument("--fast", action="store_true", help="the nearest keyframe at or before the time")
    mine.add_argument(
        "--rotate", choices=["auto", "h", "w"], help="turn as the video says, or to portrait, landscape"
    )


def run(options: argparse.Namespace) -> int:
    """Makes the picture and writes it."""
    request = picture_request(options, _format_of(options.output) if options.format is None else "")
    _check_output(options.output, options.source)
    answer, record = ask(options.source, request.canonical(), trace=options.trace)
    if answer.status != 200:
        return fail(answer, record)
    if options.output == "-":
        write_out(answer.body)
        return 0
    try:
        Path(options.output).write_bytes(answer.body)
    except OSError as error:
        message = f"cannot write {options.output!r}: {error.strerror}."
        raise BadSetting(message) from None
    tell(f"{shown(options.output)}: the picture at {answer.header('x-framefetch-time')} ms")
    return 0


def _format_of(output: str) -> str:
    """The format that a file's name says.

    Raises:
        BadSetting: it is none that is made here.
    """
    ending = Path(output).suffix
    named = _ENDINGS.get(ending.lower().removeprefix("."), "") if ending else "jpg"
    if not named:
        endings = ", ".join(f".{one}" for one in _ENDINGS)
        message = f"-o {output}: {ending} is no format that is made here: write {endings}, or add -f."
        raise BadSetting(message)
    return named


def _check_output(output: str, film: str) -> None:
    """Finds out before anything is read what cannot be written, or must not be.

    Raises:
        BadSetting: there is no such place, or the video itself is there.
    """
    if output == "-":
        if sys.stdout is not None and sys.stdout.isatty():
            message = "-o - would write a picture to the terminal: lead it into a file or a program."
            raise BadSetting(message)
        return
    path = Path(output)
    wrong = ""
    try:
        if not output or path.is_dir():
            wrong = "it is a folder; name a file."
        elif not path.parent.is_dir():
            wrong = f"there is no folder {path.parent}."
        elif "://" not in film and path.exists() and path.samefile(path_of(film)):
            wrong = "it is the video itself."
    except OSError:
        # Whether the one or the other can be opened is told by whoever opens it.
        return
    if wrong:
        message = f"cannot write {output!r}: {wrong}"
        raise BadSetting(message)


def ask(film: str, process: str, *, trace: bool) -> tuple[Answer, Record]:
    """What the service answers to whoever may read everything, and what is known of the request.

    Args:
        film: as the command line names it.
        process: a process string.
        trace: whether to print what was read.

    Raises:
        BadSetting: there is no such source, or a setting is bad.
        NoSuchKey: there is no such file.
    """
    # Whoever runs this reads as themselves.
    settings = unlocked(Settings.from_environment())
    if "://" not in film and film:
        _check_file(film)
    source, key = split_source(film, settings)
    from framefetch.observe import Record  # noqa: PLC0415 - slow to import, and not needed to refuse
    from framefetch.snapshot import Service  # noqa: PLC0415

    # The one line on stderr says it; without a handler, logging would write the record beside it.
    logging.getLogger("framefetch").addHandler(logging.NullHandler())
    service = Service(settings, source)
    record = Record(service.budget())
    # A name that is not UTF-8 is refused by the service, in its words.
    path = "/" + quote(key, errors="surrogateescape")
    answer = service.answer(Call("GET", path, f"{PARAMETER}={quote(process)}"), record)
    if trace:
        tell(trace_table(record))
    return answer, record


def _check_file(film: str) -> None:
    """Says of a path what the service, which knows keys only, would not.

    Raises:
        BadSetting: it is a folder, or a device.
        NoSuchKey: there is nothing.
    """
    path = path_of(film)
    try:
        if path.is_dir():
            message = f"{film} is a folder: name a video in it."
            raise BadSetting(message)
        if not path.exists():
            raise NoSuchKey(f"There is no file {film}.")
        if not path.is_file():
            message = f"{film} is not a file that can be read from any place in it."
            raise BadSetting(message)
    except OSError as fault:
        raise NoSuchKey(f"The file {film} cannot be opened: {fault.strerror}.") from None


def picture_request(options: argparse.Namespace, form: str = "") -> SnapshotRequest:
    """The request that `add_picture_options` describes; `form` is the format where none is asked for."""
    if min(options.width, options.height) < 0:
        message = "--width and --height are 0 or more."
        raise BadSetting(message)
    if options.quality is not None and not 1 <= options.quality <= 100:
        message = "--quality is 1 to 100."
        raise BadSetting(message)
    if options.background and not re.fullmatch("[0-9A-Fa-f]{6}", options.background):
        message = "--background is RRGGBB, such as FFFFFF."
        raise BadSetting(message)
    return SnapshotRequest(
        **_moment(options.time),
        width=options.width,
        height=options.height,
        mode=Mode.FAST if options.fast else Mode.EXACT,
        format=Format(options.format or form or "jpg"),
        rotate=Rotate(options.rotate) if options.rotate else Rotate.NONE,
        quality=options.quality or 0,
        fit=Fit(options.fit),
        background=options.background.upper(),
    )


def _moment(text: str) -> dict[str, Any]:
    """The fields of a request that say when."""
    if text == AUTO:
        return {"is_auto": True}
    percent = text.removesuffix("%")
    if percent != text and percent.isascii() and percent.isdecimal() and int(percent) <= 100:
        return {"at_percent": int(percent)}
    return {"at_ms": parse_time_ms(text)}


def parse_time_ms(text: str) -> int:
    """Reads a time: ``17000`` are milliseconds, ``17s``, ``1.5m`` and ``00:00:17.5`` say their unit.

    Raises:
        BadSetting: it is none.
    """
    if text.isascii() and text.isdecimal():
        return int(text)
    if found := _SUFFIXED.fullmatch(text):
        return round(float(found[1]) * _UNITS_MS[found[2]])
    if found := _CLOCK.fullmatch(text):
        return round((int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])) * 1000)
    message = f"-t {text!r} is not a time: write 17s, 17000 (milliseconds), 00:00:17.5, 50% or auto."
    raise BadSetting(message)


def fail(answer: Answer, record: Record) -> int:
    """Prints an error in one line; returns the exit code for it."""
    error = ET.fromstring(answer.body)  # noqa: S314 - our own answer
    code, message = error.findtext("Code") or "", error.findtext("Message") or ""
    return tell_fault(code, message, answer.status, record.why)
