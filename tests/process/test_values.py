"""Values are dataclasses in all but the time that making a class takes."""

from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest

from framefetch import values


def make(decorator: Any) -> Any:
    """One class by a decorator, with everything that a field may have."""

    class Value:
        """Of a test."""

        name: str
        size: int = 3
        parts: list[int] = field(default_factory=list)
        unseen: str = field(default="", repr=False, compare=False)
        twice: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "twice", 2 * self.size)

    return decorator(Value)


OURS = make(values.dataclass(frozen=True, slots=True))
THEIRS = make(dataclasses.dataclass(frozen=True, slots=True))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("a",), {}), (("a", 4, [1]), {}), ((), {"size": 5, "name": "b", "unseen": "x"})],
)
def test_a_value_is_a_dataclass(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Fields, defaults, repr, pattern and replacement are those of the standard library's."""
    one, other = OURS(*arguments, **named), THEIRS(*arguments, **named)
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert repr(one) == repr(other)
    assert OURS.__match_args__ == THEIRS.__match_args__
    changed, theirs = replace(one, size=9, parts=[2]), replace(other, size=9, parts=[2])
    assert dataclasses.asdict(changed) == dataclasses.asdict(theirs)
    assert changed.twice == 18


def test_values_are_equal_by_what_is_compared() -> None:
    """As keys of a dict they are one where all compared fields are equal, and only among their own class."""

    @values.dataclass(frozen=True, slots=True)
    class Key:
        name: str
        note: str = field(default="", compare=False)

    assert {Key("a"): 1}[Key("a", "seen before")] == 1
    assert Key("a") != Key("b")
    assert OURS("a") == OURS("a", unseen="x")
    assert OURS("a") != THEIRS("a")


def test_a_frozen_value_stays_as_it_is() -> None:
    """What is frozen can be neither set nor taken away, nor given what is no field."""
    one = OURS("a")
    with pytest.raises(FrozenInstanceError):
        one.name = "b"
    with pytest.raises(FrozenInstanceError):
        del one.name
    assert one.name == "a"


@pytest.mark.parametrize("call", [{}, {"size": 1}, {"name": "a", "more": 1}])
def test_a_value_gets_its_fields(call: dict[str, Any]) -> None:
    """Too few fields, or one that there is not, are an error where the value is made."""
    with pytest.raises((TypeError, AttributeError)):
        OURS(**call)


def test_what_is_not_frozen_has_no_hash() -> None:
    """A value that changes is no key, but for one that is told apart by its identity."""
    changing = make(values.dataclass(slots=True))
    with pytest.raises(TypeError):
        hash(changing("a"))
    by_identity = make(values.dataclass(slots=True, eq=False))
    assert by_identity("a") != by_identity("a")
