"""What became of many films, counted and shown: a bar on a terminal, else a line for each that went wrong."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

from framefetch.budget import monotonic_s
from framefetch.commands.printing import shown
from framefetch.errors import FramefetchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.uploads.outcome import Outcome

_WIDTH = 30
_COLUMNS = 80
_REDRAW_S = 0.1


class Tally:
    """Outcomes by kind; may be told of by several threads.

    Args:
        is_dry: pictures are only told of, and no bar is shown.

    Attributes:
        others: objects that no rule is for.
    """

    def __init__(self, *, is_dry: bool = False) -> None:
        self.films = self.others = 0
        self.total = 0
        self.of: Counter[str] = Counter()
        self._is_all = False
        self._is_dry = is_dry
        self._is_terminal = not is_dry and sys.stderr.isatty()
        self._lock = threading.Lock()
        self._started_s = self._drawn_s = monotonic_s()

    def count(self, films: Iterator[object]) -> None:
        """Counts how many there will be, in a thread beside the work; only a bar needs to know."""
        if not self._is_terminal:
            return

        def run() -> None:
            try:
                for _ in films:
                    self.total += 1
                self._is_all = True
            except FramefetchError:
                # The work meets the same fault, and tells it.
                return

        threading.Thread(target=run, name="count", daemon=True).start()

    def note_absent(self, pictures: int) -> None:
        """Counts a film, and pictures that it does not have."""
        self.films += 1
        if pictures:
            self.of["missing"] += pictures

    def note(self, film: str, outcomes: tuple[Outcome, ...]) -> None:
        """Counts what became of one film."""
        with self._lock:
            self.films += 1
            for one in outcomes:
                self.of[one.what] += 1
                if one.what in ("faulty", "failed"):
                    self._line(f"{shown(film)}: {one.what}: {shown(one.why)}")
            self._draw()

    def end(self) -> None:
        """The summary."""
        with self._lock:
            films = f"{self.films} film{'' if self.films == 1 else 's'}"
            self._line(f"{films} in {monotonic_s() - self._started_s:.1f} s: {self._counts()}")

    def _counts(self) -> str:
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.of.items()))
        if self.films or not self.others:
            return told or ("none missing" if self._is_dry else "nothing to do")
        return f"no rule is for any of {self.others} objects"

    def _line(self, text: str) -> None:
        clear = "\r\x1b[K" if self._is_terminal else ""
        print(f"{clear}{text}", file=sys.stderr, flush=True)

    def _draw(self) -> None:
        now_s = monotonic_s()
        if not self._is_terminal or now_s - self._drawn_s < _REDRAW_S:
            return
        self._drawn_s = now_s
        total = max(self.total, self.films)
        bar = "#" * (_WIDTH * self.films // total)
        of = f"{self.films} of {total}{'' if self._is_all else '+'}"
        # A line that is wrapped could not be drawn over.
        line = f"[{bar:.<{_WIDTH}}] {of}: {self._counts()}"[: _columns() - 1]
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def _columns() -> int:
    """How many characters a line of the terminal has."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    except OSError:
        return _COLUMNS
