"""Films of which the container is sound, and the stream in it asks the decoder for too much.

H.264 is written here bit by bit (ITU-T H.264 §7.3): pictures of one macroblock's choice each, so that a
picture of 35 million pixels has a few bytes. Of an H.265 film the sequence parameter set is changed.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.films import boxes
from tests.hostile.files import FTYP, box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HUGE, LARGE, SMALL = (32768, 32768), (5888, 5888), (160, 128)
"""Above max_pixels; below it, and too large to be kept 16 times; harmless."""
_HEVC_SPS = 33
_HIGH_DEFINITION = (1920, 1088)


def films(hevc: bytes) -> dict[str, bytes]:
    """The films by name; none of them has a picture that may be had.

    Args:
        hevc: a good H.265 film.
    """
    few = list(h264(3))
    large = list(h264(40, macroblocks=_macroblocks(LARGE)))
    return {
        "h264-of-32768.mp4": mp4(sps(HUGE), few, HUGE),
        "h264-of-32768-small-sample-entry.mp4": mp4(sps(HUGE), few, SMALL),
        "h264-of-32768-in-band.mp4": mp4(sps(SMALL), in_band(sps(HUGE), few), SMALL),
        "h264-16-references.mp4": mp4(sps(LARGE, references=16), large, LARGE),
        "h264-16-references-in-band.mp4": mp4(sps(SMALL), in_band(sps(LARGE, references=16), large), SMALL),
        "hevc-of-32768.mp4": resized(hevc, HUGE),
    }


def slow(pictures: int) -> bytes:
    """A film whose every picture lacks all macroblocks but one: the decoder makes up for them, at length."""
    return mp4(sps(_HIGH_DEFINITION), list(h264(pictures)), _HIGH_DEFINITION)


def growing(first: tuple[int, int], then: tuple[int, int], pictures: int) -> bytes:
    """A film whose pictures become larger half-way, as its samples alone say: grey all of it."""
    small = list(h264(pictures, macroblocks=_macroblocks(first)))
    large = in_band(sps(then), list(h264(pictures, macroblocks=_macroblocks(then))))
    return mp4(sps(first), [*small, *large], first, keys=(1, pictures + 1))


def h264(pictures: int, macroblocks: int = 1) -> Iterator[bytes]:
    """Samples: a grey keyframe, then pictures that repeat it.

    Args:
        pictures: how many.
        macroblocks: of each, the rest is missing.
    """
    yield _sample(_unit(f"{0x65:08b}1{_ue(7)}1{0:04b}1001{_ue(1)}{'00100111' * macroblocks}1"))
    for number in range(1, pictures):
        yield _sample(_unit(f"{0x41:08b}1{_ue(5)}1{number % 16:04b}0001{_ue(1)}{_ue(macroblocks)}1"))


def sps(size: tuple[int, int], references: int = 1) -> bytes:
    """§7.3.2.1.1: baseline, level 5.1, pictures in the order in which they are decoded."""
    width, height = size
    sides = _ue(width // 16 - 1) + _ue(height // 16 - 1)
    return _unit(f"{0x67:08b}{66:08b}{0:08b}{51:08b}1{_ue(0)}{_ue(2)}{_ue(references)}0{sides}11001")


def in_band(parameters: bytes, samples: Sequence[bytes]) -> list[bytes]:
    """The samples with other parameter sets in the first one."""
    return [_sample(parameters) + _sample(_PPS) + samples[0], *samples[1:]]


def mp4(
    parameters: bytes, samples: Sequence[bytes], size: tuple[int, int], keys: Sequence[int] = (1,)
) -> bytes:
    """A film of 25 pictures a second."""
    configuration = b"\1" + parameters[1:4] + b"\xff\xe1" + struct.pack(">H", len(parameters)) + parameters
    configuration += b"\1" + struct.pack(">H", len(_PPS)) + _PPS
    width, height = (min(side, 65535) for side in size)
    entry = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", width, height)
    entry += _numbers(0x480000, 0x480000, 0) + b"\0\1" + bytes(32) + b"\0\x18\xff\xff"
    count, start = len(samples), len(FTYP) + 16
    stbl = b"".join(
        (
            _full(b"stsd", _numbers(1), box(b"avc1", entry + box(b"avcC", configuration))),
            _full(b"stts", _numbers(1, count, 1)),
            _full(b"stss", _numbers(len(keys), *keys)),
            _full(b"stsc", _numbers(1, 1, count, 1)),
            _full(b"stsz", _numbers(0, count, *map(len, samples))),
            _full(b"stco", _numbers(1, start)),
        )
    )
    minf = box(b"vmhd", _numbers(1, 0, 0))
    minf += box(b"dinf", _full(b"dref", _numbers(1), box(b"url ", b"\0\0\0\1"))) + box(b"stbl", stbl)
    mdia = _full(b"mdhd", _numbers(0, 0, 25, count, 0x55C40000))
    mdia += _full(b"hdlr", _numbers(0), b"vide", bytes(13)) + box(b"minf", minf)
    matrix = _numbers(65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    tkhd = _numbers(3, 0, 0, 1, 0, count * 40, 0, 0, 0, 0) + matrix + _numbers(width << 16, height << 16)
    mvhd = _full(b"mvhd", _numbers(0, 0, 1000, count * 40, 65536, 0x1000000, 0, 0), matrix, bytes(24))
    moov = box(b"moov", mvhd + box(b"trak", box(b"tkhd", tkhd) + box(b"mdia", mdia)))
    data = b"".join(samples)
    return FTYP + struct.pack(">I4sQ", 1, b"mdat", 16 + len(data)) + data + moov


def resized(film: bytes, size: tuple[int, int]) -> bytes:
    """An H.265 film that says that its pictures are of another size; its index is at the end."""
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    around = [boxes.find(film, *path[: depth + 1])[0] for depth in range(len(path))]
    around.append(film.index(b"hvc1", around[-1]) - 4)
    start = film.index(b"hvcC", around[-1]) - 4
    stop = start + int.from_bytes(film[start : start + 4], "big")
    new = box(b"hvcC", b"".join(_with_size(film[start + 8 : stop], size)))
    changed = bytearray(film[:start] + new + film[stop:])
    for place in around:
        (length,) = struct.unpack_from(">I", changed, place)
        struct.pack_into(">I", changed, place, length + len(new) - (stop - start))
    return bytes(changed)


def _with_size(record: bytes, size: tuple[int, int]) -> Iterator[bytes]:
    """ISO/IEC 14496-15 §8.3.3.1.2."""
    yield record[:23]
    at = 23
    for _ in range(record[22]):
        yield record[at : at + 3]
        count = int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            unit = record[at + 2 : at + 2 + length]
            at += 2 + length
            if unit[0] >> 1 & 63 == _HEVC_SPS:
                unit = _hevc_of(unit, size)
            yield struct.pack(">H", len(unit)) + unit


def _hevc_of(unit: bytes, size: tuple[int, int]) -> bytes:
    """ITU-T H.265 §7.3.2.2.1, of one layer and 4:2:0: the header takes 2 bytes, what is before its ID 13."""
    bits = "".join(f"{byte:08b}" for byte in unit.replace(b"\0\0\3", b"\0\0"))
    at = 8 * 15
    for _ in range(2):
        at = _after_ue(bits, at)
    end = _after_ue(bits, _after_ue(bits, at))
    return _unit(bits[:at] + _ue(size[0]) + _ue(size[1]) + bits[end:])


def _after_ue(bits: str, at: int) -> int:
    zeros = bits.index("1", at) - at
    return at + 2 * zeros + 1


def _ue(value: int) -> str:
    """§9.1."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def _unit(bits: str) -> bytes:
    """A NAL unit, with what keeps start codes out of it (§7.4.1)."""
    bits += "0" * (-len(bits) % 8)
    raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
    found, zeros = bytearray(), 0
    for byte in raw:
        if zeros >= 2 and byte <= 3:
            found.append(3)
            zeros = 0
        found.append(byte)
        zeros = 0 if byte else zeros + 1
    return bytes(found)


def _sample(unit: bytes) -> bytes:
    return struct.pack(">I", len(unit)) + unit


def _macroblocks(size: tuple[int, int]) -> int:
    return size[0] // 16 * (size[1] // 16)


def _numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def _full(kind: bytes, *body: bytes) -> bytes:
    return box(kind, bytes(4) + b"".join(body))


# §7.3.2.2: CAVLC, one slice group, no weights, deblocking said in the slices.
_PPS = _unit(f"{0x68:08b}11001110001111001")
