"""``framefetch snapshot``: one picture of one video, through the same service as a request."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from framefetch.call import Answer, Call
from framefetch.commands.trace_table import trace_table
from framefetch.process import AUTO, PARAMETER, Fit, Format, Mode, Rotate, SnapshotRequest
from framefetch.settings import BadSetting, Settings
from framefetch.sources.locate import split_source

if TYPE_CHECKING:
    import argparse

_CLOCK = re.compile(r"(?:(\d+):(?=[0-5]?\d:))?(\d{1,2}):([0-5]?\d(?:\.\d+)?)", re.ASCII)
_SUFFIXED = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_FORMATS = [str(one) for one in Format if one is not Format.AUTO]
OUR_FAULT, CALLERS_FAULT, SOURCES_FAULT = 1, 3, 4


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser("snapshot", help="write one picture of one video to a file")
    mine.add_argument(
        "source", metavar="SRC", help="a path, s3://bucket/key, gs://…, az://…, oss://… or https://…"
    )
    add_picture_options(mine)
    mine.add_argument("-o", "--output", required=True, metavar="FILE", help="- is standard output")
    mine.add_argument("--trace", action="store_true", help="print what was read, with purpose, bytes and ms")
    mine.set_defaults(run=run)


def add_picture_options(mine: argparse.ArgumentParser) -> None:
    """The options that say which picture."""
    mine.add_argument(
        "-t", "--time", default="0", help="17s, 17000 (ms), 00:00:17.5, 50%% or auto (default: 0)"
    )
    mine.add_argument("-W", "--width", type=int, default=0, help="pixels; 0 follows from the height")
    mine.add_argument("-H", "--height", type=int, default=0, help="pixels; 0 follows from the width")
    mine.add_argument("-f", "--format", choices=_FORMATS, help="default: by the file's name, else jpg")
    mine.add_argument("-q", "--quality", type=int, default=0, metavar="1-100", help="of jpg, webp and avif")
    mine.add_argument("--fit", choices=[str(one) for one in Fit], default="stretch", help="with -W and -H")
    mine.add_argument("--background", default="", metavar="RRGGBB", help="behind what is transparent")
    mine.add_argument("--fast", action="store_true", help="the nearest keyframe at or before the time")
    mine.add_argument(
        "--rotate", choices=["auto", "h", "w"], help="turn as the video says, or to portrait, landscape"
    )


def run(options: argparse.Namespace) -> int:
    """Makes the picture and writes it."""
    request = picture_request(options, Path(options.output).suffix)
    answer = ask(options.source, request.canonical(), trace=options.trace)
    if answer.status != 200:
        return fail(answer)
    if options.output == "-":
        sys.stdout.buffer.write(answer.body)
        return 0
    try:
        Path(options.output).write_bytes(answer.body)
    except OSError as error:
        message = f"cannot write {options.output}: {error.strerror}."
        raise BadSetting(message) from None
    print(f"{options.output}: the picture at {answer.header('x-framefetch-time')} ms", file=sys.stderr)
    return 0


def ask(film: str, process: str, *, trace: bool) -> Answer:
    """What the service answers to whoever may read everything.

    Args:
        film: as the command line names it.
        process: a process string.
        trace: whether to print what was read.

    Raises:
        BadSetting: there is no such source, or a setting is bad.
    """
    # Whoever runs this reads as themselves; who may ask a deployment for what does not matter here.
    settings = replace(
        Settings.from_environment(),
        buckets="",
        keys="",
        access="public",
        styles="",
        style_only=False,
        save_to=(),
    )
    source, key = split_source(film, settings)
    from framefetch.observe import Record  # noqa: PLC0415 - slow to import, and not needed to refuse
    from framefetch.snapshot import Service  # noqa: PLC0415

    # The one line on stderr says it; without a handler, logging would write the record beside it.
    logging.getLogger("framefetch").addHandler(logging.NullHandler())
    service = Service(settings, source)
    record = Record(service.budget())
    answer = service.answer(Call("GET", "/" + quote(key), f"{PARAMETER}={quote(process)}"), record)
    if trace:
        print(trace_table(record), file=sys.stderr)
    return answer


def picture_request(options: argparse.Namespace, suffix: str = "") -> SnapshotRequest:
    """The request that `add_picture_options` describes; `suffix` is of the file that it is written to."""
    named = suffix.lower().removeprefix(".")
    form = options.format or (named if named in _FORMATS else "jpg")
    if min(options.width, options.height) < 0:
        message = "--width and --height are 0 or more."
        raise BadSetting(message)
    if not 0 <= options.quality <= 100:
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
        format=Format(form),
        rotate=Rotate(options.rotate) if options.rotate else Rotate.NONE,
        quality=options.quality,
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


def fail(answer: Answer) -> int:
    """Prints an error in one line; returns the exit code for it."""
    error = ET.fromstring(answer.body)  # noqa: S314 - our own answer
    hint = " Is the address right, and the store up?" if answer.status == 502 else ""
    print(f"framefetch: {error.findtext('Code')}: {error.findtext('Message')}{hint}", file=sys.stderr)
    if answer.status == 500:
        return OUR_FAULT
    return SOURCES_FAULT if answer.status > 500 else CALLERS_FAULT
