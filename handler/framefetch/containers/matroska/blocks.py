"""Blocks: which track one is of, when it is shown, and where its picture is (RFC 9559 §10)."""

from __future__ import annotations

from dataclasses import dataclass

from framefetch.containers.index import NotUnderstood
from framefetch.containers.matroska import ebml

HEAD_BYTES = 16
"""A block's track number (8 at most), time (2) and flags (1), and the first bytes of its picture."""
MAX_GROUP_CHILDREN = 32
"""Elements in one group: real ones have a handful, and a film has many groups."""
_KEY = 0x80
_LACED = 0x06


@dataclass(frozen=True, slots=True)
class Block:
    """One block, as far as an index has to know it.

    Attributes:
        track: its number.
        time: of its picture, in ticks of the segment.
        key: whether it is a keyframe.
        laced: whether there are several frames in it.
        offset: of the frame, in the object.
        size: of the frame, in bytes.
        duration: in ticks; None: not said.
        start: the first bytes of the frame.
        stop: one past the last byte of the element.
    """

    track: int
    time: int
    key: bool
    laced: bool
    offset: int
    size: int
    duration: int | None
    start: bytes
    stop: int


def read_simple(head: memoryview, at: int, size: int, cluster_time: int) -> Block:
    """Reads a ``SimpleBlock``.

    Args:
        head: the first `HEAD_BYTES` of its body, fewer when it is shorter.
        at: where its body starts, in the object.
        size: of its body.
        cluster_time: of its cluster, in ticks.
    """
    return _block(head, at, size, cluster_time, None)


def read_group(body: memoryview, at: int, cluster_time: int) -> Block | None:
    """Reads a ``BlockGroup``, all of which is held; None when there is no block in it."""
    found: tuple[memoryview, int] | None = None
    duration: int | None = None
    refers = False
    position = 0
    for kind, inner in ebml.children(body, ebml.Allowed(MAX_GROUP_CHILDREN)):
        # Elements follow each other, so the next one's header is what lies between the bodies.
        head = ebml.header(body, position)
        position += (head.bytes if head is not None else 0) + len(inner)
        if kind == ebml.BLOCK and found is None:
            found = inner, at + position - len(inner)
        elif kind == ebml.BLOCK_DURATION:
            duration = ebml.unsigned(inner)
        elif kind == ebml.REFERENCE_BLOCK:
            refers = True
    if found is None:
        return None
    inner, start = found
    return _block(inner[:HEAD_BYTES], start, len(inner), cluster_time, duration, key=not refers)


def _block(
    head: memoryview, at: int, size: int, cluster_time: int, duration: int | None, *, key: bool | None = None
) -> Block:
    track, after = ebml.number(head, 0)
    if track is None or after + 3 > len(head):
        raise NotUnderstood("a block is shorter than its header")
    flags = head[after + 2]
    frame = after + 3
    return Block(
        track=track,
        time=cluster_time + int.from_bytes(head[after : after + 2], "big", signed=True),
        key=bool(flags & _KEY) if key is None else key,
        laced=bool(flags & _LACED),
        offset=at + frame,
        size=size - frame,
        duration=duration,
        start=bytes(head[frame:]),
        stop=at + size,
    )
