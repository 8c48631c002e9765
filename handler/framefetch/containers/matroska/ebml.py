"""Elements: length-bounded reading of EBML (RFC 8794 §4 to §7), and the IDs of Matroska (RFC 9559 §5).

No element reads past its parent, and of no parent are more children read than are `Allowed`. What breaks
its parent is not understood, rather than guessed at.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framefetch.containers.index import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_BYTES = 12
"""The longest header of an element: an ID of 4 bytes and a size of 8."""
MAX_CHILDREN = 512
"""More than any element of real films has, but for clusters and cues."""

EBML = 0x1A45DFA3
DOC_TYPE = 0x4282
MAX_ID_BYTES = 0x42F2
MAX_SIZE_BYTES = 0x42F3
SEGMENT = 0x18538067
SEEK_HEAD = 0x114D9B74
SEEK = 0x4DBB
SEEK_ID = 0x53AB
SEEK_POSITION = 0x53AC
INFO = 0x1549A966
TIMESTAMP_SCALE = 0x2AD7B1
DURATION = 0x4489
MUXING_APP = 0x4D80
WRITING_APP = 0x5741
TRACKS = 0x1654AE6B
TRACK_ENTRY = 0xAE
TRACK_NUMBER = 0xD7
TRACK_TYPE = 0x83
TRACK_TIMESTAMP_SCALE = 0x23314F
CODEC_ID = 0x86
CODEC_PRIVATE = 0x63A2
CODEC_DELAY = 0x56AA
DEFAULT_DURATION = 0x23E383
VIDEO = 0xE0
ALPHA_MODE = 0x53C0
PIXEL_WIDTH = 0xB0
PIXEL_HEIGHT = 0xBA
CONTENT_ENCODINGS = 0x6D80
CONTENT_ENCODING = 0x6240
CONTENT_ENCODING_TYPE = 0x5033
CUES = 0x1C53BB6B
CUE_POINT = 0xBB
CUE_TIME = 0xB3
CUE_TRACK_POSITIONS = 0xB7
CUE_TRACK = 0xF7
CUE_CLUSTER_POSITION = 0xF1
CUE_RELATIVE_POSITION = 0xF0
CLUSTER = 0x1F43B675
TIMESTAMP = 0xE7
POSITION = 0xA7
PREV_SIZE = 0xAB
SIMPLE_BLOCK = 0xA3
BLOCK_GROUP = 0xA0
BLOCK = 0xA1
BLOCK_DURATION = 0x9B
REFERENCE_BLOCK = 0xFB
ENCRYPTED_BLOCK = 0xAF
VOID = 0xEC
CRC_32 = 0xBF
ATTACHMENTS = 0x1941A469
CHAPTERS = 0x1043A770
TAGS = 0x1254C367

TOP_LEVEL = frozenset({SEEK_HEAD, INFO, TRACKS, CUES, CLUSTER, ATTACHMENTS, CHAPTERS, TAGS})
"""What a segment holds. None of these can be inside a cluster, so they end one of unknown size."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first bytes of an element.

    Attributes:
        id: with its length marker, as the RFC lists it.
        bytes: how long the header is.
        size: of what follows it; None: unknown, it goes on until something that it cannot hold.
    """

    id: int
    bytes: int
    size: int | None


def number(data: bytes | memoryview, at: int) -> tuple[int | None, int]:
    """A variable-size integer without its marker, and where it ends; None: all its bits are set.

    Raises:
        NotUnderstood: it is longer than 8 bytes, or cut short.
    """
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if length > 8 or at + length > len(data):
        raise NotUnderstood("a number is too long, or cut short")
    ones = (1 << 7 * length) - 1
    value = int.from_bytes(data[at : at + length], "big") & ones
    return (None if value == ones else value), at + length


def header(data: bytes | memoryview, at: int = 0) -> Header | None:
    """Reads an element's header; None when the bytes end before it does.

    Raises:
        NotUnderstood: there is none: the ID is longer than 4 bytes, or the size than 8.
    """
    if at >= len(data):
        return None
    id_bytes = 9 - data[at].bit_length()
    if id_bytes > 4:
        raise NotUnderstood("an element without an ID")
    size_at = at + id_bytes
    if size_at >= len(data):
        return None
    size_bytes = 9 - data[size_at].bit_length()
    if size_bytes > 8:
        raise NotUnderstood("an element without a size")
    if size_at + size_bytes > len(data):
        return None
    size, stop = number(data, size_at)
    return Header(int.from_bytes(data[at:size_at], "big"), stop - at, size)


@dataclass(slots=True)
class Allowed:
    """How many elements may still be read: two bytes may be one, and each takes a microsecond or two."""

    left: int = MAX_CHILDREN


def children(body: bytes | memoryview, allowed: Allowed | None = None) -> Iterator[tuple[int, memoryview]]:
    """The elements in a body, one after the other, with their own bodies.

    Args:
        body: of an element.
        allowed: what several bodies have together; without it, each has `MAX_CHILDREN`.

    Raises:
        NotUnderstood: one of them reaches out of it, or has no size, or they are too many.
    """
    view = memoryview(body)
    allowed = allowed or Allowed()
    at = 0
    while at < len(view):
        allowed.left -= 1
        if allowed.left < 0:
            raise NotUnderstood("too many elements")
        head = header(view, at)
        if head is None or head.size is None or head.size > len(view) - at - head.bytes:
            raise NotUnderstood("an element reaches out of its parent")
        start = at + head.bytes
        at = start + head.size
        yield head.id, view[start:at]


def fields(body: bytes | memoryview, allowed: Allowed | None = None) -> dict[int, memoryview]:
    """The elements in a body by ID; the first of each counts. See `children`."""
    found: dict[int, memoryview] = {}
    for kind, inner in children(body, allowed):
        found.setdefault(kind, inner)
    return found


def unsigned(body: bytes | memoryview) -> int:
    """An unsigned integer element; an empty one is 0."""
    if len(body) > 8:
        raise NotUnderstood("an integer of more than 8 bytes")
    return int.from_bytes(body, "big")


def real(body: bytes | memoryview) -> float:
    """A float element; an empty one is 0."""
    if len(body) not in (0, 4, 8):
        raise NotUnderstood("a float of neither 4 nor 8 bytes")
    value: float = struct.unpack(">f" if len(body) == 4 else ">d", body)[0] if len(body) else 0.0
    return value


def text(body: bytes | memoryview) -> str:
    """A string element; zeros at its end are padding."""
    return bytes(body[:256]).split(b"\0")[0].decode("utf-8", "replace")


def element(kind: int, body: bytes) -> bytes:
    """Makes an element, with a size of 8 bytes."""
    size = 1 << 56 | len(body)
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size.to_bytes(8, "big") + body
