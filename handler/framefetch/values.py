"""Dataclasses that cost a function's start little: what type checkers see is the standard library's own.

That one writes and compiles up to eight methods for each class, which takes 0.7 ms: with sixty classes, a
third of what a start took beside FFmpeg and Pillow. Here the methods are shared. An instance takes some
2 µs longer to make, so what a request makes thousands of is a `typing.NamedTuple`, or stays with the
standard library where it is no part of a start.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Callable[[type], type]:
        """As `dataclasses.dataclass`; fields, `replace` and patterns work as with it."""

        def made(cls: type) -> type:
            bare = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            bare.__init__ = _init(bare)
            if "__repr__" not in vars(cls):
                bare.__repr__ = _repr
            if eq:
                bare.__eq__ = _eq
                bare.__hash__ = _hash if frozen else None
            if frozen:
                bare.__setattr__, bare.__delattr__ = _refuse, _refuse
            return bare

        return made


def _init(cls: Any) -> Callable[..., None]:  # noqa: ANN401 - a dataclass
    fields = dataclasses.fields(cls)
    missing = dataclasses.MISSING
    names = tuple(one.name for one in fields if one.init)
    defaults = {one.name: one.default for one in fields if one.default is not missing}
    factories = [(one.name, one.default_factory) for one in fields if one.default_factory is not missing]
    needed = frozenset(names) - defaults.keys() - {name for name, _ in factories}
    after = getattr(cls, "__post_init__", None)
    put = object.__setattr__

    def init(self: object, *args: object, **given: object) -> None:
        given |= zip(names, args, strict=False)
        if len(args) > len(names) or not needed <= given.keys():
            message = f"{cls.__name__} takes {', '.join(names)}"
            raise TypeError(message)
        for name, value in (defaults | given).items():
            put(self, name, value)
        for name, factory in factories:
            if name not in given:
                put(self, name, factory())
        if after is not None:
            after(self)

    return init


def _compared(value: Any) -> tuple[object, ...]:  # noqa: ANN401 - of a dataclass
    return tuple(getattr(value, one.name) for one in dataclasses.fields(value) if one.compare)


def _eq(self: object, other: object) -> Any:  # noqa: ANN401 - a bool, or NotImplemented
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _compared(self) == _compared(other)


def _hash(self: object) -> int:
    return hash(_compared(self))


def _repr(self: Any) -> str:  # noqa: ANN401 - a dataclass
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, *_: object) -> None:
    message = f"{self.__class__.__name__} is frozen, and so is its {name}"
    raise dataclasses.FrozenInstanceError(message)
