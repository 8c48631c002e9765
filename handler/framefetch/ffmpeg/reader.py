"""`RangeReader`: a file that FFmpeg can read, made of ranged GETs.

In goes an opened object (`sources.fetch.PinnedObject`), out come bytes of one version of it. It
promises never to return more than was asked (FFmpeg's buffer would be overrun), never to ask the
store for the size, never to have a name (FFmpeg would take it for a path), and to keep at most
`keep_bytes` in memory. A byte that is still kept is not fetched again. The first fault is its last.
"""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from contextlib import closing
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.sources.fetch import PinnedObject

MAX_BLOCK_BYTES = 4 << 20


class _Closeable(Protocol):
    def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closeable)


def read_ahead(block_bytes: int, run: int) -> int:
    """How much to fetch at once, after `run` fetches that each went on where the last one ended.

    A demuxer that jumps wants little; one that goes on and on will go on: it costs a round trip a
    time, so the size doubles with each fetch in a row. The first two stay small, for FFmpeg often
    reads a header and jumps.
    """
    return min(block_bytes << max(0, run - 1), max(block_bytes, MAX_BLOCK_BYTES))


class RangeReader(io.RawIOBase):
    """A seekable, read-only file over one object.

    Args:
        pinned: the object, already opened, so that its size is known.
        head: its first bytes, as the opening request brought them.
        block_bytes: the smallest range to fetch.
        keep_bytes: bytes to keep in memory, the least recently used go first.
        watch: sees all that is read, with its place, before FFmpeg does; may refuse it.
    """

    def __init__(
        self,
        pinned: PinnedObject,
        head: bytes,
        *,
        block_bytes: int,
        keep_bytes: int = 32 << 20,
        watch: Callable[[int, bytes], None] | None = None,
    ) -> None:
        super().__init__()
        self._pinned = pinned
        self._block_bytes = block_bytes
        self._keep_bytes = keep_bytes
        self._watch = watch
        self._kept_bytes = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._position = 0
        self._run = 0
        self._run_stop = -1
        self._failed = False
        self._holds_back = False
        self._fault: Exception | None = None
        self.size = pinned.info.size
        if head:
            self._keep(0, head)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always; it costs nothing."""
        return True

    def tell(self) -> int:
        """The position of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves, also past the end, as FFmpeg does; asks the store for nothing.

        Raises:
            ValueError: the new position would be before the first byte.
        """
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            message = f"seek to {base + offset}"
            raise ValueError(message)
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes from the position on; fewer where a kept block ends; none at the end.

        Raises:
            RequestTimeout: the request's time is over: this is what ends a slow FFmpeg.
            ImageTooLarge: FFmpeg searches the film for too long.
            FramefetchError: as `PinnedObject.read`.
        """
        if self._failed:
            # FFmpeg goes on reading after a fault. PyAV raises that fault when FFmpeg returns, whatever it
            # returns; a second one would only drop the first, and cost one more request.
            return b""
        try:
            with self._pinned.budget.fetching():
                return self._read(size)
        except BaseException as fault:
            self._failed = True
            if not self._holds_back or not isinstance(fault, Exception):
                raise
            self._fault = fault
            return b""

    def opened(self, start: Callable[[], _Opened]) -> _Opened:
        """What FFmpeg opens over this file, once it is certain that nothing went wrong meanwhile.

        Of a fault that is raised while FFmpeg opens a film, PyAV never frees what FFmpeg had of the film by
        then, which may be all of its index. So the film just ends there, and is closed before that is raised.

        Raises:
            FramefetchError: as `read`.
            av.error.FFmpegError: as `start`.
        """
        self._holds_back = True
        container = None
        try:
            container = start()
        except Exception:
            if self._fault is None:
                raise
        finally:
            self._holds_back = False
        if container is not None and self._fault is None:
            return container
        if container is not None:
            container.close()
        # Kept here as well, it would keep this reader until the collector comes by.
        fault, self._fault = self._fault, None
        raise cast("Exception", fault)

    def _read(self, size: int) -> bytes:
        start = self._position
        wanted = self.size - start if size < 0 else min(size, self.size - start)
        if wanted <= 0:
            return b""
        found = self._kept(start)
        if found is None:
            found = start, self._fetch(start, wanted)
        at, block = found
        piece = block[start - at : start - at + wanted]
        if len(piece) > wanted:  # pragma: no cover - the slice cannot; PyAV would overrun its buffer
            message = f"{len(piece)} bytes for a read of {wanted}"
            raise AssertionError(message)
        if self._watch is not None:
            self._watch(start, piece)
        self._position = start + len(piece)
        return piece

    def hold(self, start: int, stop: int) -> bytes:
        """The bytes of a range (half-open, cut at the object's end), wherever the position is.

        What is not kept yet is fetched at once, one request a gap, and is there for `read`. Ask for
        half of `keep_bytes` at most: more does not stay.

        Raises:
            FramefetchError: as `PinnedObject.read`.
        """
        pieces = []
        at, stop = start, min(stop, self.size)
        while at < stop:
            found = self._kept(at)
            if found is None:
                until = min([stop, *(one for one in self._blocks if one > at)])
                found = at, self._pinned.read(at, until, "block")
                self._keep(*found)
            first, block = found
            pieces.append(block[at - first : stop - first])
            at += len(pieces[-1])
        return b"".join(pieces)

    def follow(self, start: int, stop: int, enough: Callable[[bytearray], bool]) -> None:
        """Fetches from a place on, in one request, until what has come is enough, and keeps it for `read`.

        Args:
            start: first byte.
            stop: go no further than this.
            enough: told all bytes from `start` on, whenever there are more.

        Raises:
            FramefetchError: as `PinnedObject.stream`.
        """
        held = bytearray()
        with self._pinned.budget.fetching(), closing(self._pinned.stream(start, stop, "block")) as pieces:
            for piece in pieces:
                held += piece
                if enough(held):
                    break
        self._keep(start, bytes(held))

    def _kept(self, position: int) -> tuple[int, bytes] | None:
        """The kept block that holds this byte, and where it starts."""
        for start, block in reversed(self._blocks.items()):
            if start <= position < start + len(block):
                self._blocks.move_to_end(start)
                return start, block
        return None

    def _fetch(self, start: int, wanted: int) -> bytes:
        self._run = self._run + 1 if start == self._run_stop else 0
        stop = start + max(read_ahead(self._block_bytes, self._run), wanted)
        # What a kept block already holds is not fetched again.
        stop = min([stop, self.size, *(at for at in self._blocks if at > start)])
        block = self._pinned.read(start, stop, "block")
        self._run_stop = stop
        self._keep(start, block)
        return block

    def _keep(self, start: int, block: bytes) -> None:
        self._kept_bytes -= len(self._blocks.pop(start, b""))
        self._blocks[start] = block
        self._kept_bytes += len(block)
        while self._kept_bytes > self._keep_bytes and len(self._blocks) > 1:
            _, gone = self._blocks.popitem(last=False)
            self._kept_bytes -= len(gone)
