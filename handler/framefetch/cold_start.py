"""What a function's process does around loading its modules, so that the first event waits less.

It imports nothing of ours, and next to nothing else: `begin` is to be called before all other imports.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress


def begin() -> None:
    """To be called first.

    The byte code of this package is asked of the disk all at once (posix_fadvise(2)), where the modules
    would wait for it one after the other: a hundred and more small files are then there before their
    turn. The collector waits, for what a start makes stays, and it would walk through it again and again.
    """
    gc.disable()
    if not hasattr(os, "posix_fadvise"):
        return
    ending = f".{sys.implementation.cache_tag}.pyc"
    with suppress(OSError):
        for folder, _, names in os.walk(os.path.dirname(__file__)):  # noqa: PTH120 - pathlib costs milliseconds
            for name in names:
                if name.endswith(ending):
                    file = os.open(f"{folder}/{name}", os.O_RDONLY)
                    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_WILLNEED)
                    os.close(file)


def end() -> None:
    """To be called when all is loaded: the collector works again, and leaves alone what is there now."""
    gc.freeze()
    gc.enable()
