"""The packets of MPEG transport streams (ISO/IEC 13818-1 §2.4): how long they are, and what they carry.

Pure. A packet has 188 bytes; Blu-ray and AVCHD put a stamp of 4 bytes before each, DVB may put a check of 16
bytes behind. A recording may start within a packet.
"""

from __future__ import annotations

PACKET_BYTES = 188
_STEPS = (188, 192, 204)
_SYNC = 0x47
_SYNCS_WANTED = 5
_STARTS, _HAS_FIELD = 0x40, 0x20
_MAP_TABLE = b"\2"
_MAP_PACKETS = 6
"""§2.4.4.9: a section of the map has 1024 bytes at most."""
_CODECS = {0x1B: "h264", 0x24: "hevc"}
"""§2.4.4.10, table 2-34."""


def geometry(head: bytes) -> tuple[int, int] | None:
    """Where the first sync byte is, and how far it is from one to the next; None: these are no packets.

    Args:
        head: the first bytes of the object; 1 KiB and 204 bytes are enough.
    """
    for step in _STEPS:
        for first in range(step):
            seen = head[first::step][:_SYNCS_WANTED]
            if seen.count(_SYNC) == _SYNCS_WANTED:
                return first, step
    return None


def payload(data: bytes, at: int) -> bytes:
    """What a packet carries behind its header and adaptation field; nothing when it is scrambled."""
    control = data[at + 3]
    if not control & 0x10 or control & 0xC0:
        return b""
    skipped = 5 + data[at + 4] if control & _HAS_FIELD else 4
    return data[at + min(skipped, PACKET_BYTES) : at + PACKET_BYTES]


class Packets:
    """Takes the video streams out of the packets, as the maps of its programs have them.

    Args:
        first: where the first sync byte of the object is.
        step: from one to the next, in bytes.
    """

    def __init__(self, first: int, step: int) -> None:
        self._first, self._step = first, step
        self._rest = b""
        self._streams: dict[int, str] = {}

    def split(self, data: bytes, follows: bool) -> dict[tuple[int, str], bytes]:  # noqa: FBT001 - a callback
        """What the whole packets of some bytes carry, by PID and codec, without the headers around it.

        Args:
            data: of the object.
            follows: whether they follow those of the call before.
        """
        if follows:
            data = self._rest + data
        at = data.find(_SYNC)
        while 0 <= at < len(data) - self._step and data[at + self._step] != _SYNC:
            at = data.find(_SYNC, at + 1)
        if at < 0:
            at = len(data)
        count = max(0, (len(data) - at - PACKET_BYTES) // self._step + 1)
        places = range(at, at + count * self._step, self._step)
        self._rest = data[places.stop :] if count else data[at:]
        self._learn(data, places)
        return {(pid, codec): _carried(data, places, pid) for pid, codec in self._streams.items()}

    def _learn(self, data: bytes, places: range) -> None:
        """§2.4.4.9: a program's map says which stream is of which codec."""
        for number, at in enumerate(places):
            if not data[at + 1] & _STARTS or data[at + 4 : at + 7] == b"\0\0\1":
                continue
            section = payload(data, at)
            pointer = section[0] if section else 0
            if section[1 + pointer : 2 + pointer] != _MAP_TABLE:
                continue
            pid = _pid(data, at)
            following = (one for one in places[number + 1 :] if _pid(data, one) == pid)
            for one, _ in zip(following, range(_MAP_PACKETS), strict=False):
                section += payload(data, one)
            self._streams.update(_mapped(section[1 + pointer :]))


def _pid(data: bytes, at: int) -> int:
    return (data[at + 1] & 0x1F) << 8 | data[at + 2]


def _mapped(section: bytes) -> dict[int, str]:
    end = min(3 + int.from_bytes(section[1:3], "big") % 4096 - 4, len(section))
    at = 12 + int.from_bytes(section[10:12], "big") % 4096
    found = {}
    while at + 5 <= end:
        if section[at] in _CODECS:
            found[int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF] = _CODECS[section[at]]
        at += 5 + int.from_bytes(section[at + 3 : at + 5], "big") % 4096
    return found


def _carried(data: bytes, places: range, pid: int) -> bytes:
    high, low = pid >> 8, pid & 0xFF
    found = []
    for at in places:
        if data[at + 2] == low and data[at + 1] & 0x1F == high:
            part = payload(data, at)
            # §2.4.3.6: the header of a PES packet.
            found.append(part[9 + part[8] :] if data[at + 1] & _STARTS and len(part) > 8 else part)
    return b"".join(found)
