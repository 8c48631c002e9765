"""What the operating system holds this process to, set once at its start by the doors that own it.

In go the settings; out comes nothing. Address space is bounded, so that a film which makes FFmpeg
allocate without end costs one request and not the process: the allocation fails, and the next film is
answered. No core is dumped: it would hold credentials and other people's pictures.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framefetch.settings import Settings

_MOST_FILES = 16_384
"""Each connection may hold the head of a request: half a GiB, when all of them do."""


def is_bounded() -> bool:
    """Whether its addresses are bounded. If not, an allocation fails only where no process could have it."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def limit_process(settings: Settings) -> None:
    """Bounds the process: its address space by `address_space_mb`, its cores by nothing at all."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if settings.address_space_mb:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = settings.address_space_mb << 20
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def allow_connections() -> None:
    """Lets the process open as many files and connections as it may; what is usual is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
