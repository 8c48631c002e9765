"""What a long-lived process frees goes back to the system.

By itself glibc raises, with each large block that is freed, the size from which blocks are the system's
own (mallopt(3), M_MMAP_THRESHOLD). Decoded pictures then lie in the heap, with small things between them,
and a server keeps the holes: over the test corpus 230 MB, and more with time, instead of 95. It costs
3 % of CPU time, measured over that corpus. Does nothing where the C library knows no such option.
"""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD = -3
_THRESHOLD_BYTES = 4 << 20


def return_freed_memory() -> None:
    """To be called once, before anything large is allocated."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _THRESHOLD_BYTES)
