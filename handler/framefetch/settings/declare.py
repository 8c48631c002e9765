"""How a setting is declared: its type, default, bounds and meaning, in one line of the table.

The same declaration reads the variable's text, writes the message for a bad value, the README's table
and what ``framefetch settings`` prints.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Any

from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "FRAMEFETCH_"


class BadSetting(Exception):  # noqa: N818 - ends the start, is never answered
    """A variable's value is not one that the setting takes; the message says which it takes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a setting's text is read, and what it may be, in words for people."""

    parse: Callable[[str], Any]
    takes: str
    secret: bool = False
    """The value is never shown: not in messages, not by ``framefetch settings``, not in a repr."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    kind: Kind
    default: Any
    meaning: str
    pixels: bool

    @property
    def variable(self) -> str:
        """The environment variable's name."""
        return PREFIX + self.name.upper()

    def read(self, text: str) -> Any:  # noqa: ANN401 - as typed as the field that it fills
        """The value that a text stands for.

        Raises:
            BadSetting: it stands for none.
        """
        try:
            return self.kind.parse(text.strip())
        except ValueError:
            shown = "***" if self.kind.secret else repr(text)
            message = f"{self.variable}={shown} is not valid: it takes {self.kind.takes}. {self.meaning}"
            raise BadSetting(message) from None


def _declare(kind: Kind, default: Any, meaning: str, *, pixels: bool = False) -> Any:  # noqa: ANN401
    metadata = {"kind": kind, "meaning": meaning, "pixels": pixels}
    return field(default=default, metadata=metadata, repr=not kind.secret)


def integer(default: int, low: int, high: int, meaning: str, *, pixels: bool = False) -> int:
    """A whole number between two bounds, both included."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    made: int = _declare(Kind(parse, f"a whole number from {low} to {high}"), default, meaning, pixels=pixels)
    return made


def seconds(default: float, low: float, high: float, meaning: str) -> float:
    """A span of time, between two bounds, both included."""

    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    made: float = _declare(Kind(parse, f"seconds from {low:g} to {high:g}"), default, meaning)
    return made


def choice(default: str, values: tuple[str, ...], meaning: str, *, pixels: bool = False) -> str:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError
        return text

    made: str = _declare(Kind(parse, " or ".join(values)), default, meaning, pixels=pixels)
    return made


def colour(default: str, meaning: str, *, pixels: bool = False) -> str:
    """A colour as RRGGBB, in hexadecimal figures."""

    def parse(text: str) -> str:
        if not re.fullmatch("[0-9A-Fa-f]{6}", text):
            raise ValueError
        return text.upper()

    made: str = _declare(Kind(parse, "RRGGBB in hexadecimal figures"), default, meaning, pixels=pixels)
    return made


def text(default: str, takes: str, meaning: str, pattern: str = "") -> str:
    """Text, which whoever uses the setting reads; with a pattern it is that, or empty."""

    def parse(text: str) -> str:
        if pattern and text and not re.fullmatch(pattern, text):
            raise ValueError
        return text

    made: str = _declare(Kind(parse, takes), default, meaning)
    return made


def secret(takes: str, meaning: str) -> str:
    """Text that is never shown."""
    made: str = _declare(Kind(str, takes, secret=True), "", meaning)
    return made


def switch(meaning: str) -> bool:
    """True or false; false unless set."""

    def parse(text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError
        return text == "true"

    made: bool = _declare(Kind(parse, "true or false"), default=False, meaning=meaning)
    return made


def words(meaning: str, takes: str, check: Callable[[str], object] = str) -> tuple[str, ...]:
    """Words, separated by commas or blanks; `check` raises ValueError for one that is not as it should be."""

    def parse(text: str) -> tuple[str, ...]:
        found = tuple(text.replace(",", " ").split())
        for word in found:
            check(word)
        return found

    made: tuple[str, ...] = _declare(Kind(parse, takes), (), meaning)
    return made


def network(word: str) -> object:
    """A network of addresses.

    Raises:
        ValueError: it is none.
    """
    from ipaddress import ip_network  # noqa: PLC0415 - costs milliseconds, and few deployments name any

    return ip_network(word)
