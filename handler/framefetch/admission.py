"""Who may go on now: memory and turns are shared out, and equal pictures are made once.

For the doors that run several requests at once; on Lambda there is only ever one, and it passes
straight through. Every wait ends with its request's budget, so nothing here can wait for ever.
"""

from __future__ import annotations

import copy
import threading
import traceback
from collections import deque
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Generic, TypeVar

from framefetch.errors import (
    FilmError,
    FramefetchError,
    ImageTooLarge,
    OutOfMemory,
    RequestTimeout,
    SourceError,
)
from framefetch.limits import is_bounded
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from framefetch.budget import Budget

Made = TypeVar("Made")


@dataclass(slots=True, eq=False)
class _Waiter:
    share: int
    served: threading.Event = field(default_factory=threading.Event)


class Allowance:
    """A number of bytes, or of places, that requests take from and give back: first come, first served.

    Args:
        whole: how much there is.
        setting: what an operator raises where there is too little.
    """

    def __init__(self, whole: int, setting: str) -> None:
        self._whole = whole
        self._free = whole
        self._setting = setting
        self._line: deque[_Waiter] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, wanted: int, budget: Budget) -> Iterator[None]:
        """Waits until that much is free, and holds it. More than there is in all waits for all of it.

        Raises:
            RequestTimeout: it did not become free in the request's time.
        """
        mine = _Waiter(min(wanted, self._whole))
        with self._lock:
            self._line.append(mine)
            self._serve()
        if not mine.served.wait(budget.remaining_s):
            with self._lock:
                # It may have been served in this very moment.
                if not mine.served.is_set():
                    self._line.remove(mine)
                    self._serve()
                    raise RequestTimeout(
                        "The request waited for other pictures until its time was over.",
                        hint=f"Ask again, or raise the {self._setting} setting.",
                    )
        try:
            yield
        finally:
            with self._lock:
                self._free += mine.share
                self._serve()

    def _serve(self) -> None:
        """Lets in from the head of the line whoever fits; nobody is overtaken."""
        while self._line and self._line[0].share <= self._free:
            first = self._line.popleft()
            self._free -= first.share
            first.served.set()


@dataclass(slots=True, eq=False)
class Stay:
    """One request's work, among that of others.

    Attributes:
        was_alone: from its beginning on.
    """

    was_alone: bool = True

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Turns memory that was not there into the error of whoever took it.

        Raises:
            ImageTooLarge: nobody else had any, or it is more than any process has.
            OutOfMemory: others had some, and the same request may succeed without them.
        """
        try:
            yield
        except MemoryError as fault:
            detail = told(fault)
            # Without a bound there is memory, and only a film asks for more; but threads may be lacking.
            is_films = self.was_alone if is_bounded() else not isinstance(fault.__cause__, BlockingIOError)
        else:
            return
        # Out here, where the failed work and what it held is gone.
        if is_films:
            message, hint = "The picture needs more memory than there is.", "Ask for a smaller one."
            raise ImageTooLarge(message, hint=hint, detail=detail)
        raise OutOfMemory(detail=detail)


class Company:
    """Who works in a process at the same time: memory that is not there may be with the others."""

    def __init__(self) -> None:
        self._present: set[Stay] = set()
        self._lock = threading.Lock()

    @contextmanager
    def joined(self) -> Iterator[Stay]:
        """Around a request's work with a film."""
        mine = Stay()
        with self._lock:
            self._present.add(mine)
            if len(self._present) > 1:
                for one in self._present:
                    one.was_alone = False
        try:
            yield mine
        finally:
            with self._lock:
                self._present.discard(mine)


COMPANY = Company()
"""That of this process: all of its services share its memory."""


def told(fault: MemoryError) -> str:
    """Where memory was lacking, for the log. Python's own traceback would read source files into it."""
    frames = traceback.walk_tb(fault.__traceback__)
    # A compiled module's frames have no globals.
    where = [f"{frame.f_globals.get('__name__', '')}:{line} {frame.f_code.co_name}" for frame, line in frames]
    return "\n".join([repr(fault.__cause__ or fault), *where])


@dataclass(slots=True)
class Flight(Generic[Made]):
    """One picture in the making.

    Attributes:
        key: what decides its bytes.
        made: what came of it.
        fault: what went wrong, where it goes wrong for everybody.
        landed: set when it is over, also where nothing came of it.
    """

    key: Hashable
    made: Made | None = None
    fault: FramefetchError | None = None
    landed: threading.Event = field(default_factory=threading.Event)

    def wait(self, budget: Budget) -> Made | None:
        """What came of it; None: nothing, and whoever waits has to try without it.

        Raises:
            RequestTimeout: it took longer than this request has.
            FramefetchError: the film's fault or the store's, as it was told to the one who flew.
        """
        if not self.landed.wait(budget.remaining_s):
            raise RequestTimeout(detail="an equal request did not get the picture in time")
        if self.fault is not None:
            raise copy.copy(self.fault)
        return self.made


class Flights(Generic[Made]):
    """Pictures that are being made, by what decides their bytes."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[Made]] = {}
        self._lock = threading.Lock()

    def board(self, key: Hashable) -> tuple[Flight[Made], bool]:
        """The flight to a picture, and whether it is the caller who has to fly it, with `flown`."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Flight(key)
            return flight, True

    @contextmanager
    def flown(self, flight: Flight[Made]) -> Iterator[None]:
        """Around the making: however it ends, the flight ends with it, and those who wait go on."""
        try:
            yield
        except (FilmError, SourceError) as fault:
            # What the film or its store is like, it is like for everybody. A request that ran out of time,
            # or a bug of ours, says nothing of the others.
            flight.fault = copy.copy(fault)
            raise
        finally:
            with self._lock:
                del self._flights[flight.key]
            flight.landed.set()
