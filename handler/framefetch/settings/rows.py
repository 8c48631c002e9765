"""A setting of several rows, written in lines or as JSON. In: the text; out: each row. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def is_json(text: str) -> bool:
    """Whether rows are written as JSON, and not in lines."""
    return text.lstrip()[:1] in ("[", "{")


def lines(text: str) -> list[tuple[str, str]]:
    """The lines that say something, each with its place for messages; with a ``#`` begins a remark."""
    stripped = map(str.strip, text.splitlines())
    return [(f"line {at}", line) for at, line in enumerate(stripped, 1) if line and not line.startswith("#")]


def line_values(line: str, names: Sequence[str], options: Collection[str], refusal: str) -> dict[str, str]:
    """What a line says: ``VALUE=VALUE=VALUE [option=value …]``.

    Args:
        line: without blanks in its values.
        names: of the values before the options.
        options: that may be there, once each.
        refusal: says which line is not of which form.

    Raises:
        ValueError: it is not of that form: the refusal, with the word that is wrong.
    """
    first, *words = line.split()
    given = first.split("=", len(names) - 1)
    if len(given) < len(names):
        raise ValueError(refusal)
    values = dict(zip(names, given, strict=True))
    for word in words:
        name, _, value = word.partition("=")
        if name not in options or name in values or not value:
            message = f"{refusal}: {word!r}"
            raise ValueError(message)
        values[name] = value
    return values


def json_rows(text: str, keys: Collection[str], of: str) -> list[tuple[str, dict[str, list[str]]]]:
    """The rows, each with its place for messages.

    Args:
        text: one object, or a list of them; their values are texts, or lists of texts.
        keys: that a row may have.
        of: what the rows are of, for messages, as ``the rules``.

    Raises:
        ValueError: it is not that; the message says what it takes.
    """
    import json  # noqa: PLC0415 - costs milliseconds, and most are written in lines

    try:
        parsed = json.loads(text)
    except ValueError as error:
        message = f"{of}: not valid JSON: {error}"
        raise ValueError(message) from None
    rows = []
    for at, row in enumerate(parsed if isinstance(parsed, list) else [parsed], 1):
        where = f"entry {at}"
        if not isinstance(row, dict) or not row.keys() <= set(keys):
            message = f"{where} of {of} is not an object of {', '.join(keys)}"
            raise ValueError(message)
        lists = {name: value if isinstance(value, list) else [value] for name, value in row.items()}
        if not all(isinstance(value, str) for values in lists.values() for value in values):
            message = f"{where} of {of}: texts, and lists of texts, are expected"
            raise ValueError(message)
        rows.append((where, lists))
    return rows
