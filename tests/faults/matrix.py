"""The fault matrix: what a store does, in which of a request's ranges, and how the request must end.

A row is one fault; a cell is a row in the first, middle or last range of one kind of source. The rows
are numbered as their promises are in the documents of the service. Where a row cannot happen, it says
why, and there is no cell.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tests.faults import answers as say
from tests.servers.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.faults.answers import Fault
    from tests.servers.ranges import RangeServer

OBSTORE = ("s3", "gs", "az")
POSITIONS = ("first", "middle", "last")
MAX_TRIES = 3
LATE_S = float(os.environ.get("LATE_MS", "1500")) / 1000
"""What a request may take longer than its budget on a machine that does other things as well;
``scripts/soak deadlines`` holds 200 ms."""


@dataclass(frozen=True)
class End:
    """How a request ends.

    Attributes:
        status: 200: with the picture of the object as it was first.
        code: OSS's code of an error.
        retries: that the log tells; None: no matter, as long as it is bounded.
        tries: requests for the range that failed; None: no matter.
        retry_after: the header.
        other: the picture is of the object that took the first one's place.
    """

    status: int = 200
    code: str = ""
    retries: int | None = None
    tries: int | None = None
    retry_after: str | None = None
    other: bool = False


PICTURE = End(retries=0)
RETRIED = End(retries=1)
WRONG = End(502, "SourceError", retries=0, tries=1)
FORBIDDEN = End(403, "AccessDenied", retries=0, tries=1)
ARCHIVED = End(403, "InvalidObjectState", retries=0, tries=1)
BUSY = End(503, "ServiceUnavailable", retries=MAX_TRIES - 1, tries=MAX_TRIES, retry_after="1")
DOWN = End(502, "SourceError", retries=MAX_TRIES - 1, tries=MAX_TRIES)
LATE = End(504, "RequestTimeout", retries=0, tries=1)
GONE = End(404, "NoSuchKey", retries=0, tries=1)
RESTARTED = End(retries=0, other=True)


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        name: with its number in front.
        fault: answers the request for the range.
        end: how the whole request ends.
        times: how often the fault comes in a row.
        on: the kinds of sources on which it ends so, and those on which it ends in another way.
        absent: kinds and positions where it cannot happen, with the reason.
        prepare: changes the server as the range is asked for, before the fault answers.
        early: the fault stands in the answer before the range's own.
        timeout_s: of the request.
    """

    name: str
    fault: Fault
    end: End
    times: int = 1
    on: Mapping[str, End] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[RangeServer], None] = lambda _: None
    early: bool = False
    timeout_s: float = 10.0


@dataclass(frozen=True)
class Cell:
    """A row in one range of one kind of source."""

    row: Row
    position: Literal["first", "middle", "last"]
    kind: str

    @property
    def end(self) -> End:
        return self.row.on.get(self.kind, self.row.end)

    def __str__(self) -> str:
        return f"{self.row.name}-{self.position}-{self.kind}"


def _all_of(kinds: tuple[str, ...], end: End) -> dict[str, End]:
    return dict.fromkeys(kinds, end)


def _replace(server: RangeServer) -> None:
    server.put("films/a.mp4", server.objects["films/b.mp4"].content)


def _delete(server: RangeServer) -> None:
    server.objects.pop("films/a.mp4", None)


UNPINNED = {"first": "nothing is pinned before the first answer"}
NO_ARCHIVE = {"http": "a web server has no word for archived", "gs": "GCS reads its archive at once"}
FOLLOWED = dict.fromkeys(OBSTORE, "the client itself follows what its store says; it offers no hook")
OSS_STAYS = {"oss": WRONG}
LENGTH = _all_of(OBSTORE, WRONG)
"""obstore takes no answer without Content-Length."""

ROWS: tuple[Row, ...] = (
    *(Row(f"1-{code}-once", say.status(code), RETRIED) for code in (408, 500, 502, 503, 504)),
    Row("2-503-soon", say.status(503, "SlowDown", Retry_After="1"), RETRIED),
    *(
        Row(
            f"2-{code}-in-an-hour",
            say.status(code, "SlowDown", Retry_After="3600"),
            End(503, "ServiceUnavailable", retries=0, tries=1, retry_after="3600"),
            times=9,
            # obstore hides Retry-After: tries within our own bounds, and then our own second.
            on=_all_of(OBSTORE, BUSY),
        )
        for code in (429, 503)
    ),
    *(Row(f"3-{code}-always", say.status(code), DOWN, times=9) for code in (500, 502, 504)),
    Row("3-503-always", say.status(503), BUSY, times=9),
    Row("4-whole-object", say.whole, WRONG),
    Row("5-wrong-start", say.claiming(lambda a, b, n: f"bytes {a + 1}-{b}/{n + 1}"), WRONG),
    Row("5-beyond", say.claiming(lambda a, b, n: f"bytes {a}-{b}/{n + 9}"), WRONG),
    Row(
        "5-wrong-total",
        say.claiming(lambda a, b, n: f"bytes {a}-{b - 1}/{n + 9}"),
        WRONG,
        # The first total is all that is known, until the second contradicts it.
        absent={"first": "the first total cannot be held against another"},
    ),
    Row("5-no-content-range", say.claiming(lambda *_: None), WRONG),
    Row("5-unparsable", say.claiming(lambda *_: "bytes nonsense"), WRONG),
    *(
        Row(f"6-short-{name}", say.shortened(keep), RETRIED)
        for name, keep in (
            ("by-all", lambda _: 0),
            ("by-half", lambda n: n // 2),
            ("by-one", lambda n: n - 1),
        )
    ),
    Row("7-longer", say.longer, PICTURE),
    Row("7-garbage-after", say.garbage_after, PICTURE),
    Row("8-reset-before-headers", say.reset_before_headers, RETRIED),
    Row("8-reset-in-headers", say.reset_in_headers, RETRIED),
    Row("8-reset-in-body", say.shortened(lambda n: n // 2, reset=True), RETRIED),
    Row("9-silence", say.silence, LATE, timeout_s=0.5),
    Row("9-headers-drip", say.dripping_headers, LATE, timeout_s=0.5),
    Row("9-silence-after-headers", say.silence_after_headers, LATE, timeout_s=0.5),
    Row("9-drip", say.drip, LATE, timeout_s=0.5),
    Row("11-replaced", say.right, RESTARTED, prepare=_replace, absent=UNPINNED),
    Row(
        "11-replaced-and-if-match-ignored",
        lambda handler: handler.answer(pinned=False),
        RESTARTED,
        prepare=_replace,
        absent=UNPINNED,
    ),
    Row("12-deleted", say.right, GONE, prepare=_delete),
    Row("13-416", say.status(416, "InvalidRange"), RESTARTED, prepare=_replace, absent=UNPINNED),
    Row(
        "15-redirected-below-the-prefix",
        say.redirect("{url}{path}"),
        PICTURE,
        on=OSS_STAYS,
    ),
    *(
        Row(
            f"15-{code}",
            say.redirect("{path}", code),
            PICTURE,
            on=OSS_STAYS,
            absent=FOLLOWED,
        )
        for code in (301, 307, 308)
    ),
    *(
        Row(f"15-to-{name}", say.redirect(to), FORBIDDEN, on=OSS_STAYS, absent=FOLLOWED)
        for name, to in (
            ("another-host", "http://films.example/films/a.mp4"),
            ("metadata", "http://169.254.169.254/latest/meta-data/"),
            ("out-of-the-prefix", "{url}/secret/a.mp4"),
        )
    ),
    Row("15-loop", say.redirect("{path}"), WRONG, times=11, on=OSS_STAYS, absent=FOLLOWED),
    Row("16-denied", say.status(403, "AccessDenied"), FORBIDDEN),
    Row("16-token-expired", say.status(403, "ExpiredToken"), FORBIDDEN),
    Row("16-clock-skew", say.status(403, "RequestTimeTooSkewed"), FORBIDDEN),
    Row(
        "17-an-error-under-200",
        say.status(200, "AccessDenied"),
        # obstore refuses a 200 before it looks at the body.
        WRONG,
        on={"oss": FORBIDDEN},
        absent={"http-first": "for a web server it is the object, and no video"},
    ),
    Row("18-gzip", say.with_headers(Content_Encoding="gzip"), WRONG),
    Row("19-chunked", say.chunked, PICTURE, on=LENGTH),
    Row("19-http-1.0", say.until_closed, PICTURE, on=LENGTH),
    Row(
        "20-connection-gone",
        say.then_closed,
        End(),
        early=True,
        absent={"first": "no connection is there before the first range"},
    ),
    Row(
        "21-archived", say.status(403, "InvalidObjectState"), ARCHIVED, absent=NO_ARCHIVE | {"az": "see next"}
    ),
    Row(
        "21-blob-archived",
        say.status(409, "BlobArchived"),
        ARCHIVED,
        absent=dict.fromkeys(("http", "s3", "gs", "oss"), "Azure's word"),
    ),
)
"""Rows 10 and 9 at other stages: `test_deadlines`; 14 and 22, which have no middle: `test_matrix`."""


def cells() -> Iterator[Cell]:
    """Every cell that can happen."""
    for row in ROWS:
        for position in POSITIONS:
            for kind in KINDS:
                if not {position, kind, f"{kind}-{position}"} & row.absent.keys():
                    yield Cell(row, position, kind)  # type: ignore[arg-type]
