"""Pictures in S3 and what speaks it, Google Cloud Storage and Azure Blob, through obstore.

``If-None-Match: *`` (generation 0 at Google) makes the store itself refuse a second object under a key.
Its retries are off, as of the source; ours are few and bounded. A retry whose first try was written
without an answer finds the object there, which is as good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError

from framefetch.sources.cloud_errors import as_ours
from framefetch.sources.looking import is_there
from framefetch.sources.retries import patiently

if TYPE_CHECKING:
    from obstore import Attributes

    from framefetch.budget import Budget
    from framefetch.sinks import NewObject
    from framefetch.sources.cloud import CloudSource


class CloudSink:
    """The objects below one bucket's prefix.

    Args:
        source: that reads there.
    """

    def __init__(self, source: CloudSource) -> None:
        self._source = source

    def holds(self, key: str, budget: Budget) -> bool:
        """See `Sink.holds`."""
        return is_there(self._source, key, budget)

    def put(self, key: str, new: NewObject, budget: Budget, *, replace: bool = False) -> bool:
        """See `Sink.put`."""
        path = self._source.open(key).path
        attributes: Attributes = {"Content-Type": new.content_type}
        if new.cache_control:
            attributes["Cache-Control"] = new.cache_control
        # Azure's names are those of C#: no dashes.
        dash = "_" if self._source.kind == "az" else "-"
        attributes |= {name.replace("-", dash): value for name, value in new.metadata.items()}

        def write() -> bool:
            budget.check()
            try:
                obstore.put(
                    self._source.store,
                    path,
                    new.body,
                    attributes=attributes,
                    mode="overwrite" if replace else "create",
                    use_multipart=False,
                )
            except AlreadyExistsError:
                return False
            except Exception as fault:
                raise as_ours(fault) from fault
            return True

        return patiently(write, budget)
