"""One object of which pictures are taken: its bytes, and what is known of its index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from framefetch.containers.index import IndexBytes
from framefetch.containers.sniff import sniff
from framefetch.errors import FilmError, UnsupportedFormat
from framefetch.sources import Changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from framefetch.ffmpeg.reader import RangeReader
    from framefetch.film.index_cache import Known
    from framefetch.sources import ObjectInfo
    from framefetch.sources.fetch import PinnedObject

OPENING_BYTES = 64 << 10
"""The opening range: it holds the whole index of most short films."""


class FilmObject:
    """An object that was opened, or whose index and version are known.

    Args:
        pinned: its bytes.
        label: its name in the cache of indexes.
        forget: is told the label of an index that turns out to be of another version.
        head: its first bytes, where they were read.
        known: what the cache has of it.

    Attributes:
        is_checked: whether all that its index claims was looked at, for FFmpeg.
    """

    def __init__(
        self,
        pinned: PinnedObject,
        label: str,
        forget: Callable[[str], None],
        head: bytes | None = None,
        known: Known | None = None,
    ) -> None:
        self._forget = forget
        self.pinned = pinned
        self.label = label
        self._head = head
        self._reader: RangeReader | None = None
        self.known = known
        self.is_checked = False

    def take_up(self, known: Known) -> None:
        """Uses what is known of this version of it."""
        self.known = known
        if isinstance(known.index, IndexBytes):
            self._head = known.index.pieces[0][1]

    @property
    def info(self) -> ObjectInfo:
        """What the store says of it."""
        return self.pinned.info

    def head(self) -> bytes:
        """Its first bytes."""
        if self._head is None:
            self._head = self.pinned.read(0, OPENING_BYTES, "open")
        return self._head

    def reader(self, block_bytes: int) -> RangeReader:
        """A file over it. It is one and the same for all pictures of a request: no byte is fetched twice."""
        from framefetch.containers.isobmff.claims.runs import RunClaims  # noqa: PLC0415 - rare: no part of a start
        from framefetch.containers.unit_claims import unit_claims  # noqa: PLC0415 - likewise
        from framefetch.ffmpeg.reader import RangeReader  # noqa: PLC0415 - likewise

        if self._reader is None:
            container, head = self.container(), self.head()
            claims = RunClaims(self.info.size) if container == "mov" else unit_claims(container, head)
            watch = claims.see if claims is not None else None
            self._reader = RangeReader(self.pinned, head, block_bytes=block_bytes, watch=watch)
        return self._reader

    def seen(self) -> tuple[tuple[int, bytes], ...]:
        """The bytes of its index that are known, its first ones to begin with."""
        if self.known is not None and isinstance(self.known.index, IndexBytes):
            return self.known.index.pieces
        return ((0, self.head()),)

    def container(self) -> str:
        """FFmpeg's name of the container.

        Raises:
            UnsupportedFormat: it is in none that we know.
        """
        found = sniff(self.head())
        if found is None:
            raise UnsupportedFormat(hint=_not_a_video(self.info.size))
        return found

    def confirm(self) -> None:
        """Asks for one byte where nothing was asked for, as all was known.

        Raises:
            Changed: the object is of another version now.
        """
        if not self.pinned.trace.requests:
            self.pinned.read(0, 1, "open")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, _: object, fault: BaseException | None, __: object) -> None:
        """Lets go of the object, and of an index that turned out to be of another version.

        Raises:
            Changed: the film was judged by what was known of it alone, and is another one now.
        """
        try:
            if isinstance(fault, FilmError):
                self.confirm()
        except Changed as changed:
            fault = changed
            raise
        finally:
            self.pinned.close()
            if isinstance(fault, Changed):
                self._forget(self.label)


def _not_a_video(size: int) -> str:
    if not size:
        return "The object is empty."
    return "The first bytes are not those of a video that framefetch reads; the README lists them."
