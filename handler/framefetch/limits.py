"""What the operating system holds this process to, set once at its start by the doors that own it.

In go the settings; out comes nothing. Address space is bounded, so that a film which makes FFmpeg
allocate without end costs one request and not the process: the allocation fails, and the next film is
answered. No core is dumped: it would hold credentials and other people's pictures.
"""

from __future__ import annotations

import ctypes
import logging
import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framefetch.settings import Settings

_M_ARENA_MAX = -8
"""Of glibc's malloc.h."""
_ARENAS = 2
"""Places that threads allocate from. Each new decoder thread would get one of its own, of 64 MiB of
addresses, and would keep what it frees: measured, 63 MiB less address space and 20 less memory."""


def limit_process(settings: Settings) -> None:
    """Bounds the process: its address space by `address_space_mb`, its cores by nothing at all."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    _bound_arenas()
    if settings.address_space_mb:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = settings.address_space_mb << 20
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _bound_arenas() -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # Other C libraries have none of this, and no arenas either.
    if mallopt is not None and not mallopt(_M_ARENA_MAX, _ARENAS):
        logging.getLogger(__name__).warning("malloc keeps as many arenas as it likes")
