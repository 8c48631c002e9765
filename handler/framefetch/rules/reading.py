"""Rules for uploads as operators write them. In: text; out: `Rules`, or a ValueError that says what it takes.

Pure. All rules are read at the start, so that a bad one is a bad setting and never a lost picture: what
could be overwritten, lost among others, or taken for a film is refused here.
"""

from __future__ import annotations

import re
from itertools import combinations, product
from typing import TYPE_CHECKING

from framefetch.access import styles
from framefetch.errors import FramefetchError
from framefetch.process import SheetRequest
from framefetch.process import parse as parse_process
from framefetch.rules import PLACEHOLDERS, Rule, Rules, Upload
from framefetch.settings.rows import is_json, json_rows, line_values, lines

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORM = "PREFIX*SUFFIX[,…]=PROCESS[;PROCESS…]=PLACE [bucket=NAME]"
_JSON_KEYS = ("match", "process", "to", "bucket")
_STORES = ("s3", "gs", "az", "oss")


def parse(text: str, named: Mapping[str, str], *, max_side: int) -> Rules:
    """Reads rules, as ``FRAMEFETCH_ON_UPLOAD`` has them.

    One line a rule, ``PREFIX*SUFFIX[,…]=PROCESS[;PROCESS…]=PLACE [bucket=NAME]``. A line that starts with
    ``#`` is a remark. Or JSON: a list of objects with the keys ``match`` and ``process`` (text or list),
    ``to`` and ``bucket``, for values with spaces or ``=`` in them.

    Args:
        text: the rules.
        named: process strings by the styles that stand for them.
        max_side: the largest side of a picture, in pixels.

    Raises:
        ValueError: says which rule and what it takes.
    """
    if is_json(text):
        rows = json_rows(text, _JSON_KEYS, "the rules")
    else:
        rows = [(where, _line_values(line, where)) for where, line in lines(text)]
    rules = tuple(_rule(where, values, named, max_side) for where, values in rows)
    for (one_at, one), (two_at, two) in combinations(
        zip((where for where, _ in rows), rules, strict=True), 2
    ):
        if key := _shared_key(one, two):
            message = (
                f"{one_at} and {two_at} of the rules would have different pictures of a film under one key, "
                f"such as {key}: add {{id}}, or {{t}}, {{w}} or {{ext}}, or write them to different folders"
            )
            raise ValueError(message)
    return Rules(rules)


def _line_values(line: str, where: str) -> dict[str, list[str]]:
    refusal = f"{where} of the rules is not {_FORM}"
    values = line_values(line, ("match", "process", "to"), ("bucket",), refusal)
    lists = {name: [value] for name, value in values.items()}
    return lists | {"match": values["match"].split(","), "process": values["process"].split(";")}


def _rule(where: str, values: dict[str, list[str]], named: Mapping[str, str], max_side: int) -> Rule:
    try:
        processes = tuple(_process(one.strip(), named, max_side) for one in values.get("process", [""]))
        place, template = _place(_one(values, "to"))
        rule = Rule(_patterns(values.get("match", [])), processes, place, template, _one(values, "bucket"))
        _check(rule)
    except ValueError as error:
        message = f"{where} of the rules: {error}"
        raise ValueError(message) from None
    return rule


def _one(values: dict[str, list[str]], name: str) -> str:
    given = values.get(name, [""])
    if len(given) != 1:
        message = f"{name} takes one text"
        raise ValueError(message)
    return given[0]


def _patterns(texts: list[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for text in texts:
        prefix, star, suffix = text.partition("*")
        if not star or "*" in suffix:
            message = f"{text!r} is not PREFIX*SUFFIX, such as uploads/*.mp4, with one *"
            raise ValueError(message)
        found.append((prefix, suffix.lower()))
    if not found:
        message = "it does not say which keys it is for"
        raise ValueError(message)
    return tuple(found)


def _process(text: str, named: Mapping[str, str], max_side: int) -> str:
    """The canonical process string.

    Raises:
        ValueError: the text is none.
    """
    try:
        resolved = styles.resolve(text, named)
        request = parse_process(resolved, max_side=max_side)
    except FramefetchError as error:
        message = f"{text!r}: {error}"
        raise ValueError(message) from None
    canonical = request.canonical()
    if ",f_auto" in canonical:
        message = f"{text!r}: nobody says what they accept when a film is uploaded; name the format"
        raise ValueError(message)
    if isinstance(request, SheetRequest) and request.is_track:
        message = (
            f"{text!r}: a track's links are relative to the film's own address, and a rule writes it "
            "elsewhere; have the sheet made (f_jpg), and GET the track"
        )
        raise ValueError(message)
    return canonical


def _place(text: str) -> tuple[str, str]:
    """The store and the key's template.

    Raises:
        ValueError: the text names no store.
    """
    scheme, is_store, rest = text.partition("://")
    if is_store:
        bucket, _, template = rest.partition("/")
        before, mark, options = template.rpartition("?")
        if mark and "{" not in options:
            template = before
        else:
            mark = options = ""
        if scheme not in _STORES or not bucket or "{" in bucket:
            message = (
                f"{text.partition('?')[0]!r} is not {', '.join(f'{one}://bucket/key' for one in _STORES)}"
            )
            raise ValueError(message)
        return f"{scheme}://{bucket}{mark}{options}", template
    if text.startswith(("/", "./", "../", "~")):
        static = text.partition("{")[0]
        folder = static[: static.rfind("/")]
        return folder or "/", text[len(folder) + 1 :]
    return "", text


def _shared_key(one: Rule, two: Rule) -> str:
    """A key under which two rules would have different pictures of one film; empty where there is none."""
    is_same_place = one.place.partition("?")[0] == two.place.partition("?")[0]
    if not is_same_place or (one.bucket and two.bucket and one.bucket != two.bucket):
        return ""
    for (before, after), (also_before, also_after) in product(one.patterns, two.patterns):
        prefix, suffix = max(before, also_before, key=len), max(after, also_after, key=len)
        film = Upload(one.bucket or two.bucket or "bucket", f"{prefix}dir/stem{suffix}")
        # Where one of the two is no beginning, or no end, of the other, no film is for both.
        if not (one.is_for(film) and two.is_for(film)):
            continue
        made = {output.key: output.process for output in one.outputs(film, "etag")}
        for output in two.outputs(film, "etag"):
            if made.get(output.key, output.process) != output.process:
                return output.key
    return ""


def _check(rule: Rule) -> None:
    """Refuses a rule whose outputs could be lost, or could be taken for films.

    Raises:
        ValueError: says what to change.
    """
    used = re.findall(r"\{(\w*)\}", rule.template)
    wrong = [name for name in used if name not in PLACEHOLDERS]
    if wrong or re.sub(r"\{\w*\}", "", rule.template).strip("{}") != re.sub(
        r"\{\w*\}|[{}]", "", rule.template
    ):
        shown = f"{{{wrong[0]}}}" if wrong else rule.template
        message = f"{shown!r} is not one of {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}"
        raise ValueError(message)
    if "etag" not in used:
        message = "the key needs {etag}: without it a film that is uploaded again would keep its old picture"
        raise ValueError(message)
    if any(part in ("", ".", "..") for part in rule.template.split("/")):
        message = f"{rule.template!r} is not a key: it has an empty, . or .. part"
        raise ValueError(message)
    if not rule.place and not rule.fixed:
        message = "in the bucket of the films the key has to begin with a folder of its own, such as thumbs/"
        raise ValueError(message)
    if not rule.place and all(prefix.startswith(rule.fixed) for prefix, _ in rule.patterns):
        message = f"it is for keys under {rule.fixed}, where its own pictures go: those never count as films"
        raise ValueError(message)
    keys = {one.key for one in rule.outputs(Upload("bucket", "dir/stem.mp4"), "etag")}
    if len(keys) < len(rule.processes):
        message = "two of its pictures would have the same key: add {id}, or {t}, {w} or {ext}"
        raise ValueError(message)
