"""Google Cloud Storage's XML API for reading, as far as obstore uses it.

None of the emulators of PyPI and npm does preconditions and ETags on reads, so this is our own
`ranges` server with GCS's paths, headers and errors; signatures are not checked.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def running() -> Iterator[ranges.RangeServer]:
    """Starts it; objects are named ``bucket/key``."""
    with ranges.running(dialect="gs") as server:
        yield server
