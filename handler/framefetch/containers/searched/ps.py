"""MPEG program streams (ISO/IEC 13818-1 §2.5, ISO/IEC 11172-1): PES packets, found by their start codes."""

from __future__ import annotations

from framefetch.containers.searched.keys import begins_with_key, is_aligned
from framefetch.containers.searched.pes import WRAP, pes_header
from framefetch.containers.searched.places import Form, Place


def ps_form(stream_id: int, codec: str) -> Form:
    """How to find the video of a program stream.

    Args:
        stream_id: 0xE0 to 0xEF; no start code of an MPEG video is like that, nor is one of H.264.
        codec: FFmpeg's name of it.
    """
    mark = bytes((0, 0, 1, stream_id))

    def scan(data: bytes, start: int) -> list[Place]:
        found = []
        at = data.find(mark)
        while at >= 0:
            header = pes_header(data, at)
            if header is not None:
                stop = at + 6 + int.from_bytes(data[at + 4 : at + 6], "big")
                stream = data[at + header.payload : stop]
                key, aligned = begins_with_key(stream, codec), is_aligned(stream, codec)
                found.append(Place(start + at, header.dts, header.pts, key, aligned))
            at = data.find(mark, at + 4)
        return found

    return Form(scan, WRAP)
