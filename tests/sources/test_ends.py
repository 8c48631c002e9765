"""Head and tail of an object, asked for together: one version, no byte twice, suffix ranges or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framefetch.settings import Settings
from framefetch.sources import Changed
from framefetch.sources.locate import open_source
from tests.servers import ranges
from tests.servers.range_header import cut
from tests.sources.stores import Opening, ramp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from framefetch.sources.fetch import PinnedObject
    from tests.servers.ranges import Handler, RangeServer

SIZE = 2 << 20
FILM = ramp(SIZE)
HEAD, REACH, TAIL = 1 << 10, 64 << 10, 100_000


class TailHandler(ranges.Handler):
    """Answers suffix ranges as it is told."""

    tail: Callable[[Handler], None] | None = None

    def answer(self, *, pinned: bool = True) -> None:
        if self.tail is not None and self.headers.get("Range", "").startswith("bytes=-"):
            type(self).tail(self)  # type: ignore[misc]  # a function, and no method
            return
        super().answer(pinned=pinned)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    monkeypatch.setattr(TailHandler, "tail", None)
    with ranges.listening(TailHandler, ranges.RangeServer) as made:
        made.put("a.mp4", FILM)
        yield made


def opened(server: RangeServer, opening: Opening) -> PinnedObject:
    pinned = opening.pin(open_source(server.url, Settings(timeout_s=5)), "a.mp4")
    assert pinned.open_ends(HEAD, REACH, TAIL) == FILM[:HEAD]
    return pinned


def asked(server: RangeServer) -> list[str]:
    return sorted(one.range for one in server.asked)


def test_the_end_is_there_without_another_request(server: RangeServer, opening: Opening) -> None:
    """What lies within the tail costs no request more, and is counted once."""
    with opened(server, opening) as pinned:
        assert pinned.read(SIZE - 50_000, SIZE, "index") == FILM[-50_000:]
    assert asked(server) == [f"-{TAIL}", f"0-{REACH - 1}"]
    (tail,) = (one for one in opening.trace.reads if one.purpose == "tail")
    assert (tail.start, tail.stop, tail.received) == (SIZE - TAIL, SIZE, TAIL)


def test_an_end_that_is_not_needed_is_dropped(server: RangeServer, opening: Opening) -> None:
    """The first read elsewhere drops it, and the trace says what of it was received."""
    with opened(server, opening) as pinned:
        assert pinned.read(1 << 20, (1 << 20) + 10, "samples") == FILM[1 << 20 : (1 << 20) + 10]
        assert [one.received for one in opening.trace.reads if one.purpose == "tail"] == [0]


def test_head_and_tail_of_two_versions_are_found_out(server: RangeServer, opening: Opening) -> None:
    """Not a byte of the other version's end is handed on."""
    other = ranges.Stored(ramp(SIZE, 1), '"other"')

    def answer(handler: Handler) -> None:
        start, stop = cut(handler.headers["Range"], SIZE) or (0, 0)
        handler.say(206, handler.facts(other, start, stop), other.content[start:stop])

    TailHandler.tail = answer
    with opened(server, opening) as pinned, pytest.raises(Changed):
        pinned.read(SIZE - 10, SIZE, "index")


def whole(handler: Handler) -> None:
    """As if there was no Range."""
    handler.say(200, {"ETag": str(handler.state.objects["a.mp4"].etag)}, FILM)


def from_the_start(handler: Handler) -> None:
    """As if the suffix was a prefix."""
    handler.say(206, handler.facts(handler.state.objects["a.mp4"], 0, TAIL), FILM[:TAIL])


@pytest.mark.parametrize(
    "tail",
    [
        lambda handler: handler.fail(416, "InvalidRange"),
        lambda handler: handler.fail(400, "InvalidRange"),
        lambda handler: handler.fail(501, "NotImplemented"),
        lambda handler: handler.hang_up(reset=True),
        whole,
        from_the_start,
    ],
    ids=["416", "400", "501", "reset", "whole", "from the start"],
)
def test_a_server_without_suffix_ranges_is_asked_in_the_ordinary_way(
    server: RangeServer, opening: Opening, tail: Callable[[Handler], None]
) -> None:
    """Whatever it makes of a suffix range, the end is read by its place, and nothing else is received."""
    TailHandler.tail = tail
    with opened(server, opening) as pinned:
        assert pinned.read(SIZE - 50_000, SIZE, "index") == FILM[-50_000:]
    assert asked(server)[-1] == f"{SIZE - 50_000}-{SIZE - 1}"
    assert [one.received for one in opening.trace.reads if one.purpose == "tail"] == [0]
