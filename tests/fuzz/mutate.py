"""A film in, a damaged film out: by a random generator that the caller has seeded, so always the same."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_KINDS = (
    "ftyp moov mvhd trak tkhd edts elst mdia mdhd hdlr minf stbl stsd stts ctts stss stsc stsz stz2 "
    "stco co64 mvex trex moof mfhd traf tfhd tfdt trun sidx mfra tfra mfro mdat dref dinf avcC hvcC av1C "
    "vpcC avc1 hvc1 hev1 av01 vp09 mp4v sgpd sbgp RIFF LIST avih strh strf idx1 movi hdrl 00dc OggS FLV"
)
_BOXES = re.compile(b"|".join(re.escape(kind.encode()) for kind in _KINDS.split()))
_ELEMENTS = re.compile(
    rb"\x1a\x45\xdf\xa3|\x18\x53\x80\x67|\x11\x4d\x9b\x74|\x15\x49\xa9\x66|\x16\x54\xae\x6b|"
    rb"\x1f\x43\xb6\x75|\x1c\x53\xbb\x6b|\xae|\xe7\x81|\xe7\x82|\xa3[\x40-\xff]|\xa0[\x40-\xff]|\xbb|\xb7|\xb3|\xf1|\x2a\xd7\xb1|"
    rb"\x63\xa2|\xe0"
)
_STARTS = re.compile(rb"\x00\x00\x01|G[\x00\x40\x41][\x00-\xff][\x10-\x3f]")
_NUMBERS = (0, 1, 2, 7, 8, 127, 255, 256, (1 << 16) - 1, 1 << 16, 1 << 24, (1 << 31) - 1, 0xFFFFFFFF)
_LONGEST = 4 << 20


class Seed:
    """A good film, and the places in it that say how the rest is to be read."""

    def __init__(self, name: str, film: bytes) -> None:
        self.name = name
        self.film = film
        pattern = _ELEMENTS if film[:4] == b"\x1a\x45\xdf\xa3" else _BOXES
        self.places = [one.start() for one in pattern.finditer(film)]
        if len(self.places) < _FEW:
            self.places = [one.start() for one in _STARTS.finditer(film)] or [0]


_FEW = 4


def damage(seed: Seed, random: Random) -> bytes:
    """The film after one to six of the damages below."""
    film = bytearray(seed.film)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        random.choice(_DAMAGES)(film, seed, random)
        del film[_LONGEST:]
    return bytes(film)


def _near(film: bytearray, seed: Seed, random: Random) -> int:
    """A place that matters, or one that may not."""
    at = (
        random.choice(seed.places) + random.randrange(-8, 40)
        if random.random() < 0.8
        else random.randrange(1 << 30)
    )
    return max(0, at) % max(1, len(film))


def _put(film: bytearray, at: int, value: bytes) -> None:
    film[at : at + len(value)] = value[: max(0, len(film) - at)]


def _bits(film: bytearray, seed: Seed, random: Random) -> None:
    for _ in range(random.choice((1, 2, 4, 16)) if film else 0):
        film[_near(film, seed, random)] ^= 1 << random.randrange(8)


def _number(film: bytearray, seed: Seed, random: Random) -> None:
    """A length or a count, at a box's start or in it."""
    offset = random.choice((-4, 4, 8, 12, 16, 20, 24))
    at = max(0, random.choice(seed.places) + offset)
    form = random.choice((">I", "<I"))
    _put(film, at, struct.pack(form, random.choice((*_NUMBERS, len(film), random.randrange(1 << 32)))))


def _long_number(film: bytearray, seed: Seed, random: Random) -> None:
    at = max(0, random.choice(seed.places) + random.choice((-4, 4, 12)))
    _put(
        film,
        at,
        struct.pack(">Q", random.choice((0, 1, 1 << 31, 1 << 32, 1 << 62, (1 << 63) - 1, (1 << 64) - 1))),
    )


def _vint(film: bytearray, seed: Seed, random: Random) -> None:
    """EBML's lengths of one to eight bytes, of unknown size among them."""
    at = random.choice(seed.places) + random.choice((1, 2, 4))
    length = random.randrange(1, 9)
    value = random.choice((0, 1, 5, len(film), (1 << 7 * length) - 1, random.randrange(1 << 7 * length)))
    value = min(value, (1 << 7 * length) - 1) | 1 << 7 * length
    _put(film, at, value.to_bytes(length, "big"))


def _kind(film: bytearray, seed: Seed, random: Random) -> None:
    _put(film, random.choice(seed.places), random.choice(_KINDS.split()).encode())


def _cut(film: bytearray, seed: Seed, random: Random) -> None:
    del film[_near(film, seed, random) :]


def _stretch(film: bytearray, seed: Seed, random: Random) -> tuple[int, int]:
    start = _near(film, seed, random)
    return start, min(len(film), start + random.choice((1, 4, 8, 64, 188, 1024, 20_000)))


def _leave_out(film: bytearray, seed: Seed, random: Random) -> None:
    start, stop = _stretch(film, seed, random)
    del film[start:stop]


def _repeat(film: bytearray, seed: Seed, random: Random) -> None:
    start, stop = _stretch(film, seed, random)
    film[stop:stop] = film[start:stop] * random.choice((1, 2, 50))


def _splice(film: bytearray, seed: Seed, random: Random) -> None:
    start, stop = _stretch(film, seed, random)
    _put(film, _near(film, seed, random), bytes(film[start:stop]))


def _noise(film: bytearray, seed: Seed, random: Random) -> None:
    _put(film, _near(film, seed, random), random.randbytes(random.choice((1, 4, 16, 300))))


def _nothing(film: bytearray, seed: Seed, random: Random) -> None:
    _put(film, _near(film, seed, random), bytes(random.choice((4, 64, 4096))))


_DAMAGES: tuple[Callable[[bytearray, Seed, Random], None], ...] = (
    _bits,
    _bits,
    _number,
    _number,
    _number,
    _long_number,
    _vint,
    _vint,
    _kind,
    _cut,
    _leave_out,
    _repeat,
    _splice,
    _noise,
    _nothing,
)
