"""Transport streams, program streams and FLVs made byte by byte. Their pictures are no pictures."""

from __future__ import annotations

from dataclasses import dataclass

PID = 0x111
WRAP = 1 << 33


@dataclass(frozen=True)
class Shot:
    """One picture: its times in ticks, its bytes, and what is between it and the next."""

    dts: int
    pts: int
    size: int
    key: bool = False
    gap: int = 0


def five(mark: int, time: int) -> bytes:
    time %= WRAP
    return bytes(
        (
            mark << 4 | time >> 30 << 1 | 1,
            time >> 22 & 0xFF,
            time >> 15 << 1 & 0xFE | 1,
            time >> 7 & 0xFF,
            time << 1 & 0xFE | 1,
        )
    )


def pes(shot: Shot, *, length: bool = False, payload: bytes | None = None) -> bytes:
    """A PES packet whose payload is an access unit of H.264: a delimiter, then a slice."""
    body = payload
    if body is None:
        body = b"\x00\x00\x01\x09\xf0" + (b"\x00\x00\x01\x65" if shot.key else b"\x00\x00\x01\x41")
        body += b"\xaa" * shot.size
    times = five(3, shot.pts) + five(1, shot.dts) if shot.pts != shot.dts else five(2, shot.pts)
    flags = 0xC0 if shot.pts != shot.dts else 0x80
    rest = bytes((0x80, flags, len(times))) + times + body
    return b"\x00\x00\x01\xe0" + (len(rest) if length else 0).to_bytes(2, "big") + rest


def packets(
    data: bytes, pid: int = PID, *, flag: bool = False, before: bytes = b"", after: bytes = b""
) -> bytes:
    """A PES packet cut into transport packets; the last one is stuffed."""
    made = []
    start = 0x40
    while data:
        room = 184
        field = b"\x01\x40" if flag and start else b""
        if len(data) < room - len(field):
            fill = room - len(data)
            field = (
                bytes((fill - 1,))
                + (bytes((0x40 if flag and start else 0,)) + b"\xff" * (fill - 2))[: fill - 1]
            )
        taken = room - len(field)
        head = bytes((0x47, start | pid >> 8, pid & 0xFF, 0x30 if field else 0x10))
        made.append(before + head + field + data[:taken] + after)
        data, start = data[taken:], 0
    return b"".join(made)


def transport(shots: list[Shot], *, flag: bool = True, before: bytes = b"", after: bytes = b"") -> bytes:
    null = before + b"\x47\x1f\xff\x10" + bytes(184) + after
    return b"".join(
        packets(pes(shot), flag=flag and shot.key, before=before, after=after) + null * shot.gap
        for shot in shots
    )


def program(shots: list[Shot]) -> bytes:
    pack = b"\x00\x00\x01\xba\x44" + bytes(9)
    return b"".join(pack + pes(shot, length=True) for shot in shots)


def flash(shots: list[Shot]) -> bytes:
    made = [b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"]
    for shot in shots:
        kind = 0x17 if shot.key else 0x27
        body = bytes((kind, 1)) + (shot.pts - shot.dts).to_bytes(3, "big", signed=True) + b"\x09" * shot.size
        dts = shot.dts % (1 << 32)
        head = b"\x09" + len(body).to_bytes(3, "big") + (dts & 0xFFFFFF).to_bytes(3, "big")
        tag = head + bytes((dts >> 24, 0, 0, 0)) + body
        made.append(tag + len(tag).to_bytes(4, "big"))
    return b"".join(made)
