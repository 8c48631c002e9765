"""Boxes: length-bounded reading of ISO/IEC 14496-12 §4.2.

No box reads past its parent, no list goes on for longer than its box has bytes, and nothing nests
deeper than `MAX_DEPTH`. A box that breaks its parent is not understood, rather than guessed at.
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

from framefetch.containers.index import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 16
MAX_CHILDREN = 4096
"""More than any box of real films has next to each other."""
HEADER_BYTES = 16
"""The longest header of a box, with its 64-bit size."""

_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_SIZE_AND_KIND = struct.Struct(">I4s")
_LARGE_SIZE = 1
_TO_THE_END = 0


class BoxHeader(NamedTuple):
    """What the first bytes of a box say.

    Attributes:
        kind: its four characters.
        bytes: how long the header is: 8 or 16.
        size: of the whole box; None when it goes on to the end of what holds it.
    """

    kind: bytes
    bytes: int
    size: int | None


def box_header(head: bytes | memoryview) -> BoxHeader | None:
    """Reads a header; None when `head` is too short for it.

    Raises:
        NotUnderstood: the box is smaller than its own header.
    """
    if len(head) < _SIZE_AND_KIND.size:
        return None
    size, kind = _SIZE_AND_KIND.unpack_from(head)
    length = _SIZE_AND_KIND.size
    if size == _LARGE_SIZE:
        if len(head) < HEADER_BYTES:
            return None
        (size,) = _U64.unpack_from(head, length)
        length = HEADER_BYTES
    elif size == _TO_THE_END:
        return BoxHeader(kind, length, None)
    if size < length:
        raise NotUnderstood(f"box {kind!r} of {size} bytes")
    return BoxHeader(kind, length, size)


class Box(NamedTuple):
    """One box that is there as a whole.

    Attributes:
        kind: its four characters.
        body: what follows the header.
        whole: the box with its header.
        start: where the box starts in the object.
        depth: how many boxes it is in.
    """

    kind: bytes
    body: memoryview
    whole: memoryview
    start: int
    depth: int = 0

    @property
    def stop(self) -> int:
        """One past the box's last byte in the object."""
        return self.start + len(self.whole)

    def children(self, skip: int = 0, most: int = MAX_CHILDREN) -> Iterator[Box]:
        """The boxes in this one.

        Args:
            skip: bytes of the body that come before the first of them.
            most: how many there may be.

        Raises:
            NotUnderstood: one of them does not fit in here, or there are too many, or too deep.
        """
        if self.depth >= MAX_DEPTH:
            raise NotUnderstood("boxes nest too deep")
        at = skip
        found = 0
        while len(self.body) - at >= _SIZE_AND_KIND.size:
            header = box_header(self.body[at : at + HEADER_BYTES])
            found += 1
            if found > most:
                raise NotUnderstood(f"more than {most} boxes in {self.kind!r}")
            if header is None:
                raise NotUnderstood(f"a box ends after {self.kind!r}")
            if header.kind == b"\0\0\0\0":
                # QuickTime ends some lists of boxes with 32 zero bits, and pads after that.
                return
            if header.size is None or at + header.size > len(self.body):
                raise NotUnderstood(f"{header.kind!r} ends after {self.kind!r}")
            whole = self.body[at : at + header.size]
            head_bytes = len(self.whole) - len(self.body)
            yield Box(header.kind, whole[header.bytes :], whole, self.start + head_bytes + at, self.depth + 1)
            at += header.size

    def child(self, kind: bytes, skip: int = 0) -> Box | None:
        """The one box of a kind in this one; None when there is none.

        Raises:
            NotUnderstood: there are two.
        """
        found = [box for box in self.children(skip) if box.kind == kind]
        if len(found) > 1:
            raise NotUnderstood(f"two {kind!r} in one {self.kind!r}")
        return found[0] if found else None

    def u32(self, at: int) -> int:
        """The unsigned 32-bit number at a place of the body."""
        return self._number(_U32, at)

    def u64(self, at: int) -> int:
        """The unsigned 64-bit number at a place of the body."""
        return self._number(_U64, at)

    def i32(self, at: int) -> int:
        """The signed 32-bit number at a place of the body."""
        value = self.u32(at)
        return value - (1 << 32) if value >> 31 else value

    def i64(self, at: int) -> int:
        """The signed 64-bit number at a place of the body."""
        value = self.u64(at)
        return value - (1 << 64) if value >> 63 else value

    @property
    def version(self) -> int:
        """Of a full box (§4.2): the first byte."""
        return self.u32(0) >> 24

    @property
    def flags(self) -> int:
        """Of a full box (§4.2): the three bytes after the version."""
        return self.u32(0) & 0xFFFFFF

    def numbers(self, at: int, count: int, code: str) -> array[int]:
        """A list of big-endian numbers.

        Args:
            at: where in the body it starts.
            count: how many.
            code: as `array` has them: ``I`` and ``i`` 32 bits, ``Q`` 64, ``H`` 16, ``B`` 8.

        Raises:
            NotUnderstood: the box is too short for them.
        """
        values = array(code)
        stop = at + count * values.itemsize
        if stop > len(self.body):
            raise NotUnderstood(f"{self.kind!r} claims {count} entries, more than it has bytes for")
        values.frombytes(self.body[at:stop])
        if sys.byteorder == "little":
            values.byteswap()
        return values

    def _number(self, form: struct.Struct, at: int) -> int:
        if at + form.size > len(self.body):
            raise NotUnderstood(f"{self.kind!r} is too short")
        value: int = form.unpack_from(self.body, at)[0]
        return value
