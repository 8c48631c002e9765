"""Pictures in Alibaba Cloud OSS, through oss2 over our own connections.

``x-oss-forbid-overwrite: true`` makes the store itself refuse a second object under a key (409
FileAlreadyExists). OSS ignores that header in a bucket with versioning on: a duplicate is then a second
version with the same bytes, as its documentation says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.sources.looking import is_there
from framefetch.sources.retries import patiently

if TYPE_CHECKING:
    from framefetch.budget import Budget
    from framefetch.sinks import NewObject
    from framefetch.sources.oss import OssSource


class OssSink:
    """The objects below one bucket's prefix.

    Args:
        source: that reads there.
    """

    def __init__(self, source: OssSource) -> None:
        self._source = source

    def holds(self, key: str, budget: Budget) -> bool:
        """See `Sink.holds`."""
        return is_there(self._source, key, budget)

    def put(self, key: str, new: NewObject, budget: Budget, *, replace: bool = False) -> bool:
        """See `Sink.put`."""
        headers = {"Content-Type": new.content_type}
        headers |= {"Cache-Control": new.cache_control} if new.cache_control else {}
        headers |= {f"x-oss-meta-{name}": value for name, value in new.metadata.items()}
        if not replace:
            headers["x-oss-forbid-overwrite"] = "true"
        return patiently(lambda: self._source.open(key).put(new.body, headers, budget), budget)
