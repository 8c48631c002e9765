"""Every word and status with which a store refuses means the same to us, through whichever client it came."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from framefetch.settings import Settings
from framefetch.sources import Transient
from framefetch.sources.locate import open_source
from framefetch.sources.refusals import CODES, STATUSES, refusal
from tests.servers.kinds import KINDS, running, words

if TYPE_CHECKING:
    from tests.servers.ranges import Handler
    from tests.sources.stores import Opening

UNKNOWN_STATUS = 409


def kinds_of(fault: BaseException) -> tuple[type, type | None]:
    """Its class, and that of the error that it turns into when trying again does not help."""
    return type(fault), type(fault.as_error) if isinstance(fault, Transient) else None


def refuse(handler: Handler, status: int, code: str) -> None:
    handler.fail(status, code)


@pytest.mark.parametrize("kind", KINDS)
def test_refusals(kind: str, opening: Opening) -> None:
    """Through each client, each row of the tables becomes its error; the word counts more than the status."""
    rows = [(status, "") for status in STATUSES] + [(418, "")]
    rows += [(UNKNOWN_STATUS, code) for code in CODES] + [(403, "NoSuchBucket"), (404, "AccessDenied")]
    with running(kind) as server:
        source = open_source(words(kind, server.url), Settings())
        for status, code in rows:
            server.faults.append(partial(refuse, status=status, code=code))
            with pytest.raises(Exception) as caught:
                source.open("very-secret.mp4").get(5, 10, opening.budget)
            # A web server has no words of its own.
            expected = refusal("" if kind == "http" else code, status, "")
            assert kinds_of(caught.value) == kinds_of(expected), (status, code)
            told = f"{caught.value} {getattr(caught.value, 'detail', '')}"
            assert "127.0.0.1" not in told
            assert "secret" not in told
    assert opening.budget.retries == 0


@pytest.mark.parametrize("status", [400, 409, 500])
def test_what_a_store_answered_is_told(status: int) -> None:
    """A status that says nothing else is told to the caller, and no more; not where a client made it up."""
    found = refusal("", status, "host.example")
    assert str(found) == f"The object store answered {status}."
    assert "answered" not in str(refusal("", status, "host.example", has_answered=False))


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("", 403)])
def test_a_refusal_may_hide_that_there_is_none(code: str, status: int) -> None:
    """Without the right to list, a missing object is a 403, to HEAD without a word: the message says so."""
    assert "(s3:ListBucket)" in str(refusal(code, status, ""))
    for other in ("ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
        assert "ListBucket" not in str(refusal(other, status, ""))


def test_what_is_not_in_the_tables() -> None:
    """A refusal that nobody has thought of is the store's fault, and not tried again."""
    found = refusal("Unheard", 499, "detail")
    assert (type(found).__name__, getattr(found, "status", None)) == ("SourceError", 502)
