"""Named styles: what ``x-oss-process=style/NAME`` stands for. In: the operator's map; out: a process string.

Pure. Every style is read once at the start, so that a bad one is a bad setting and never a bad answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framefetch.errors import FramefetchError, NoSuchStyle
from framefetch.process import parse as parse_process
from framefetch.settings.rows import is_json, lines

if TYPE_CHECKING:
    from collections.abc import Mapping

STYLE = "style/"
NAME = r"[A-Za-z0-9_.-]{1,63}"
"""What a style's name is, as a regular expression."""
_FORM = "NAME=video/snapshot,…"


def style_of(process: str | None) -> str | None:
    """The name of the style that a process string asks for; None where it asks for anything else."""
    return process.removeprefix(STYLE) if process is not None and process.startswith(STYLE) else None


def resolve(process: str | None, styles: Mapping[str, str]) -> str | None:
    """The process string, or the one that its style stands for.

    Raises:
        NoSuchStyle: there is no style of that name.
    """
    name = style_of(process)
    if name is None:
        return process
    if name not in styles:
        raise NoSuchStyle(hint="Ask for a style that the service has been given, or for video/snapshot,….")
    return styles[name]


def parse(text: str, *, max_side: int) -> dict[str, str]:
    """Reads a map, as ``FRAMEFETCH_STYLES`` has it: a JSON object, or lines of ``NAME=video/snapshot,…``.

    Raises:
        ValueError: says which style and what is wrong with it.
    """
    styles = dict(_json_rows(text) if is_json(text) else _line_rows(text))
    for name, process in styles.items():
        if not re.fullmatch(NAME, name):
            message = f"a style's name is 1 to 63 of A-Z, a-z, 0-9, '_', '.' and '-', not {name!r}"
            raise ValueError(message)
        try:
            parse_process(process, max_side=max_side)
        except FramefetchError as error:
            message = f"the style {name}: {error}"
            raise ValueError(message) from None
    return styles


def _line_rows(text: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for where, line in lines(text):
        name, equals, process = (part.strip() for part in line.partition("="))
        if not equals:
            message = f"{where} of the styles is not {_FORM}"
            raise ValueError(message)
        if any(name == other for other, _ in rows):
            message = f"the style {name} is there twice"
            raise ValueError(message)
        rows.append((name, process))
    return rows


def _json_rows(text: str) -> list[tuple[str, str]]:
    import json  # noqa: PLC0415 - costs milliseconds, and most maps are lines

    try:
        parsed = json.loads(text)
    except ValueError as error:
        message = f"the styles are not valid JSON: {error}"
        raise ValueError(message) from None
    if not isinstance(parsed, dict) or not all(isinstance(process, str) for process in parsed.values()):
        message = f"the styles are an object of texts: {{{_FORM.replace('=', ': ')}}}"
        raise ValueError(message)
    return list(parsed.items())
