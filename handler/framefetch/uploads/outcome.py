"""What became of the pictures of an upload: for those who delivered it, and for the log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from framefetch.observe import note

if TYPE_CHECKING:
    from framefetch.rules import Upload


class What(StrEnum):
    """What became of one picture of an upload."""

    WRITTEN = "written"
    PRESENT = "present"
    IGNORED = "ignored"
    GONE = "gone"
    FAULTY = "faulty"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture, or of an upload that gets none.

    Attributes:
        what: `FAILED` may succeed later; all else is done.
        key: of the picture; empty where it did not come to that.
        why: for people.
    """

    what: What
    key: str = ""
    why: str = ""


def log(upload: Upload, outcome: Outcome) -> None:
    """One row an outcome; what is lost without an operator is an error."""
    row = {
        "upload": upload.key,
        "bucket": upload.bucket,
        "etag": upload.etag,
        "version": upload.version,
        "sequencer": upload.sequencer,
        "outcome": outcome.what.value,
        "output": outcome.key,
        "why": outcome.why,
    }
    note({name: value for name, value in row.items() if value}, is_error=outcome.what is What.FAILED)
