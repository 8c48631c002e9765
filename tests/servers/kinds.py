"""Every kind of remote source over a server of our own, which answers as a test tells it to."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers import oss_like, ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.ranges import RangeServer

KINDS = ("http", "s3", "gs", "az", "oss")


@contextmanager
def running(kind: str) -> Iterator[RangeServer]:
    """Starts a server that speaks to the kind's client, and lets anyone in."""
    if kind == "oss":
        with oss_like.running() as oss:
            oss.anonymous = True
            yield oss
        return
    # What obstore reads of S3, GCS and Azure is the same: paths of bucket and key, XML errors.
    with ranges.running("http" if kind == "http" else "gs") as server:
        yield server


def words(kind: str, url: str) -> str:
    """What names the source of all objects below ``films/`` on such a server."""
    if kind == "http":
        return f"{url}/films"
    return f"{kind}://films?anonymous=true&endpoint={url}" + ("&account=account" if kind == "az" else "")
