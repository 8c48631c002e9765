"""The manual as tests read it: the text of the README and of docs/, its code blocks and commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from tests.docs.tables import PAGES

TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
TEXT = "\n".join(TEXTS.values())
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands after its fence, and what is in it."""

    kind: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"^```([^\n]*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)]


def block(kind: str) -> str:
    """The text of the one block of a kind."""
    (found,) = (one for one in BLOCKS if one.kind == kind)
    return found.text


def commands() -> list[list[str]]:
    """The words of every command of the shell blocks."""
    lines = [line for one in BLOCKS if one.kind == "sh" for line in _joined(one.text)]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def _joined(text: str) -> list[str]:
    """Lines as the shell sees them: one that ends in a backslash, or within single quotes, goes on."""
    found: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        if found and found[-1].partition("#")[0].count("'") % 2:
            found[-1] += line
        else:
            found.append(line)
    return found
