"""What became of many films, counted and shown: a bar on a terminal, else a line for each that went wrong."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

from framefetch.budget import monotonic_s
from framefetch.errors import FramefetchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framefetch.rules import Upload
    from framefetch.uploads.outcome import Outcome

_WIDTH = 30
_REDRAW_S = 0.1


class Tally:
    """Outcomes by kind; may be told of by several threads."""

    def __init__(self) -> None:
        self.films = 0
        self.total = 0
        self.of: Counter[str] = Counter()
        self._is_all = False
        self._is_terminal = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._started_s = self._drawn_s = monotonic_s()

    def count(self, films: Iterator[Upload]) -> None:
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

    def note(self, upload: Upload, outcomes: tuple[Outcome, ...]) -> None:
        """Counts what became of one film."""
        with self._lock:
            self.films += 1
            for one in outcomes:
                self.of[one.what] += 1
                if one.what in ("faulty", "failed"):
                    self._line(f"{upload.key}: {one.what}: {one.why}")
            self._draw()

    def say(self, text: str) -> None:
        """One line."""
        with self._lock:
            self._line(text)

    def end(self) -> None:
        """The summary."""
        with self._lock:
            self._line(f"{self.films} films in {monotonic_s() - self._started_s:.1f} s: {self._counts()}")

    def _counts(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in sorted(self.of.items())) or "nothing to do"

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
        print(f"\r\x1b[K[{bar:.<{_WIDTH}}] {of}: {self._counts()}", end="", file=sys.stderr, flush=True)
