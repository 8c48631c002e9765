"""A setting of several rows, written as JSON. In: the text; out: each row, as lists of texts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


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
