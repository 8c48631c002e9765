"""Good films with one thing wrong, and what is to be answered: the table is `CORRUPTIONS`."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.films import boxes

if TYPE_CHECKING:
    from collections.abc import Callable

    Patch = Callable[[bytes], bytes]

RIGHT = "the right picture"
FIRST_LEFT = "the first picture that can be decoded"
"""Where nothing before t is left of a film, t is before its first picture."""
UNKNOWN = "400 BadRequest, not supported format"
CORRUPT = "400 BadRequest"
TOO_LARGE = "400 ImageTooLarge"
NO_VIDEO = "400 BadRequest 0053-00000004"
CODEC = "400 BadRequest 0053-00000005"

_STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_PATHS = {
    kind: path
    for path in (
        (b"ftyp",),
        (b"mdat",),
        (b"moov",),
        (b"moof",),
        (b"moov", b"mvhd"),
        (b"moov", b"mvex"),
        (b"moov", b"trak"),
        (b"moov", b"trak", b"tkhd"),
        (b"moov", b"trak", b"edts"),
        (b"moov", b"trak", b"edts", b"elst"),
        (b"moov", b"trak", b"mdia"),
        (b"moov", b"trak", b"mdia", b"mdhd"),
        (b"moov", b"trak", b"mdia", b"hdlr"),
        (b"moov", b"trak", b"mdia", b"minf"),
        _STBL,
        *((*_STBL, kind) for kind in b"stsd stts ctts stss stsc stsz stco".split()),
        (b"moof", b"mfhd"),
        (b"moof", b"traf"),
        (b"moof", b"traf", b"tfhd"),
        (b"moof", b"traf", b"tfdt"),
        (b"moof", b"traf", b"trun"),
    )
    for kind in (path[-1],)
}


@dataclass(frozen=True)
class Corruption:
    """One row.

    Attributes:
        film: a recipe's name.
        patch: what is done to it.
        said: a picture, or status, code and EC of the refusal.
        t_ms: the time that is asked for.
    """

    film: str
    patch: Patch
    said: str
    t_ms: int = 700


def _at(kind: bytes, offset: int, value: int, form: str = ">I") -> Patch:
    """A number in a box, at an offset from its start (header included)."""

    def patch(film: bytes) -> bytes:
        start, _ = boxes.find(film, *_PATHS[kind])
        return _put(film, start + offset, struct.pack(form, value))

    return patch


def _without(kind: bytes) -> Patch:
    """A box that nobody knows stands where the box was."""

    def patch(film: bytes) -> bytes:
        start, _ = boxes.find(film, *_PATHS[kind])
        return _put(film, start + 4, b"none")

    return patch


def _bytes(old: bytes, new: bytes, *, nth: int = 0, offset: int = 0) -> Patch:
    """Bytes near others that are found in the film."""

    def patch(film: bytes) -> bytes:
        at = -1
        for _ in range(nth + 1):
            at = film.index(old, at + 1)
        return _put(film, at + offset, new)

    return patch


def _put(film: bytes, at: int, new: bytes) -> bytes:
    return film[:at] + new + film[at + len(new) :]


def _cut(share: float) -> Patch:
    return lambda film: film[: int(len(film) * share)]


def _blank(start: float, stop: float, fill: bytes = b"\0") -> Patch:
    """A part of the film's bytes is lost."""

    def patch(film: bytes) -> bytes:
        one, two = int(len(film) * start), int(len(film) * stop)
        return _put(film, one, (fill * (two - one))[: two - one])

    return patch


def _blank_samples(first: int, stop: int, fill: bytes = b"\0") -> Patch:
    """The bytes of some samples, in an MP4 whose samples lie one behind the other."""

    def patch(film: bytes) -> bytes:
        at, _ = boxes.find(film, *_PATHS[b"stsz"])
        (count,) = struct.unpack_from(">I", film, at + 16)
        sizes = struct.unpack_from(f">{count}I", film, at + 20)
        chunk, _ = boxes.find(film, *_PATHS[b"stco"])
        start = int.from_bytes(film[chunk + 16 : chunk + 20], "big")
        one, two = start + sum(sizes[:first]), start + sum(sizes[:stop])
        return _put(film, one, (fill * (two - one))[: two - one])

    return patch


def _twice(kind: bytes) -> Patch:
    def patch(film: bytes) -> bytes:
        start, stop = boxes.find(film, *_PATHS[kind])
        return boxes.replace_box(film, _PATHS[kind], film[start:stop] * 2)

    return patch


def _after(old: bytes) -> Patch:
    """Everything from some bytes on is lost."""
    return lambda film: film[: film.index(old)]


END, FRAGMENTED, MKV, TS, AVI = "h264-mp4-end", "h264-fragmented", "h264-mkv", "h264-ts", "mpeg4-avi"
_CLUSTER, _TRACKS, _INFO = b"\x1f\x43\xb6\x75", b"\x16\x54\xae\x6b", b"\x15\x49\xa9\x66"
_CUES, _SEEK_HEAD, _SEGMENT = b"\x1c\x53\xbb\x6b", b"\x11\x4d\x9b\x74", b"\x18\x53\x80\x67"

CORRUPTIONS: dict[str, Corruption] = {
    # MP4, its index at the end.
    "no ftyp": Corruption(END, _without(b"ftyp"), UNKNOWN),
    "no mdat": Corruption(END, _without(b"mdat"), RIGHT),
    "no moov": Corruption(END, _without(b"moov"), CORRUPT),
    "no mvhd": Corruption(END, _without(b"mvhd"), CORRUPT),
    "no trak": Corruption(END, _without(b"trak"), NO_VIDEO),
    "no tkhd": Corruption(END, _without(b"tkhd"), RIGHT),
    "no mdia": Corruption(END, _without(b"mdia"), NO_VIDEO),
    "no hdlr": Corruption(END, _without(b"hdlr"), RIGHT),
    "no minf": Corruption(END, _without(b"minf"), CODEC),
    "no stbl": Corruption(END, _without(b"stbl"), CODEC),
    "no stsd": Corruption(END, _without(b"stsd"), CODEC),
    "no stts": Corruption(END, _without(b"stts"), CORRUPT),
    "no stsc": Corruption(END, _without(b"stsc"), CORRUPT),
    "no stsz": Corruption(END, _without(b"stsz"), CORRUPT),
    "no stco": Corruption(END, _without(b"stco"), CORRUPT),
    "stts of nothing": Corruption(END, _at(b"stts", 12, 0), CORRUPT),
    "stts of one too many": Corruption(END, _at(b"stts", 16, 1000), RIGHT),
    "stsz of nothing": Corruption(END, _at(b"stsz", 16, 0), CORRUPT),
    "stsz of half": Corruption(END, _at(b"stsz", 16, 25), RIGHT),
    "stsz of 16 million": Corruption(END, _at(b"stsz", 16, 1 << 24), CORRUPT),
    "stsz of one size, 4 billion": Corruption(END, _at(b"stsz", 12, 1), CORRUPT),
    "stsz of an empty first sample": Corruption(END, _at(b"stsz", 20, 0), CORRUPT),
    "stsz of a huge first sample": Corruption(END, _at(b"stsz", 20, 1 << 30), CORRUPT),
    "stsc of nothing": Corruption(END, _at(b"stsc", 12, 0), CORRUPT),
    "stsc that starts at 0": Corruption(END, _at(b"stsc", 16, 0), CORRUPT),
    "stsc that starts at 2": Corruption(END, _at(b"stsc", 16, 2), CORRUPT),
    "stsc of huge chunks": Corruption(END, _at(b"stsc", 20, 1 << 30), RIGHT),
    "stsc of description 9": Corruption(END, _at(b"stsc", 24, 9), CORRUPT),
    "stco of nothing": Corruption(END, _at(b"stco", 12, 0), CORRUPT),
    "stco past the end": Corruption(END, _at(b"stco", 16, 0x7FFFFFFF), CORRUPT),
    "stco into ftyp": Corruption(END, _at(b"stco", 16, 0), CORRUPT),
    "stss of 0": Corruption(END, _at(b"stss", 16, 0), RIGHT),
    "stss past the end": Corruption(END, _at(b"stss", 16, 5000), RIGHT),
    "stss of nothing": Corruption(END, _at(b"stss", 12, 0), RIGHT),
    "mvhd without a timescale": Corruption(END, _at(b"mvhd", 20, 0), RIGHT),
    "tkhd of no size": Corruption(END, _at(b"tkhd", 84, 0, ">Q"), RIGHT),
    "a sound's handler": Corruption(END, _at(b"hdlr", 16, int.from_bytes(b"soun", "big")), NO_VIDEO),
    "no handler that is known": Corruption(END, _at(b"hdlr", 16, 0), RIGHT),
    "a codec that is unknown": Corruption(END, _bytes(b"avc1", b"xxxx", nth=1), CODEC),
    "encrypted": Corruption(END, _bytes(b"avc1", b"encv", nth=1), CODEC),
    "no avcC": Corruption(END, _bytes(b"avcC", b"none"), UNKNOWN),
    "avcC of zeros": Corruption(END, _bytes(b"avcC", bytes(24), offset=4), CORRUPT),
    "avcC that is cut short": Corruption(END, _bytes(b"avcC", struct.pack(">I", 12), offset=-4), CORRUPT),
    "pictures of 32768 x 32768": Corruption(
        END, _bytes(b"avc1", struct.pack(">HH", 32768, 32768), nth=1, offset=28), RIGHT
    ),
    "two stts": Corruption(END, _twice(b"stts"), CORRUPT),
    "two trak of one number": Corruption(END, _twice(b"trak"), RIGHT),
    "two mvhd": Corruption(END, _twice(b"mvhd"), RIGHT),
    "moov that is too short": Corruption(END, _at(b"moov", 0, 200), NO_VIDEO),
    "trak that leaves moov": Corruption(END, _at(b"trak", 0, 1 << 20), RIGHT),
    "stbl of size 4": Corruption(END, _at(b"stbl", 0, 4), CODEC),
    "mdat of size 4": Corruption(END, _at(b"mdat", 0, 4), UNKNOWN),
    "mdat of size 0": Corruption(END, _at(b"mdat", 0, 0), CORRUPT),
    "cut in moov": Corruption(END, _cut(0.98), CORRUPT),
    "cut in mdat": Corruption(END, _cut(0.5), CORRUPT),
    "the keyframe is zeros": Corruption(END, _blank_samples(0, 1), CORRUPT),
    "the keyframe is noise": Corruption(END, _blank_samples(0, 1, b"\x5a\xa5\x13"), CORRUPT),
    "everything is zeros": Corruption(END, _blank_samples(0, 50), CORRUPT),
    "damage after the picture": Corruption(END, _blank_samples(40, 50), RIGHT),
    "elst of no time": Corruption(END, _at(b"elst", 16, 0, ">Q"), CORRUPT),
    "elst past the end": Corruption(END, _at(b"elst", 20, 0x7FFFFFFF), CORRUPT),
    "elst of nothing": Corruption(END, _at(b"elst", 12, 0), RIGHT),
    # Fragmented.
    "fragments without moov": Corruption(FRAGMENTED, _without(b"moov"), UNKNOWN),
    "fragments without mvex": Corruption(FRAGMENTED, _without(b"mvex"), UNKNOWN),
    "no moof": Corruption(FRAGMENTED, _without(b"moof"), FIRST_LEFT, 100),
    "no traf": Corruption(FRAGMENTED, _without(b"traf"), FIRST_LEFT, 100),
    "no tfhd": Corruption(FRAGMENTED, _without(b"tfhd"), UNKNOWN, 100),
    "no trun": Corruption(FRAGMENTED, _without(b"trun"), FIRST_LEFT, 100),
    "no tfdt": Corruption(FRAGMENTED, _without(b"tfdt"), RIGHT, 100),
    "trun of 4 billion": Corruption(FRAGMENTED, _at(b"trun", 12, 0xFFFFFFFF), CORRUPT, 100),
    "trun of nothing": Corruption(FRAGMENTED, _at(b"trun", 12, 0), FIRST_LEFT, 100),
    "trun past the end": Corruption(FRAGMENTED, _at(b"trun", 16, 0x7FFFFFF), CORRUPT, 100),
    "tfhd of another track": Corruption(FRAGMENTED, _at(b"tfhd", 12, 77), FIRST_LEFT, 100),
    "tfdt in a century": Corruption(FRAGMENTED, _at(b"tfdt", 12, 1 << 62, ">Q"), FIRST_LEFT, 100),
    "moof of size 4": Corruption(FRAGMENTED, _at(b"moof", 0, 4), CORRUPT, 100),
    "moof past the end": Corruption(FRAGMENTED, _at(b"moof", 0, 0x7FFFFFFF), RIGHT, 100),
    "fragments cut in the middle, before the cut": Corruption(FRAGMENTED, _cut(0.6), RIGHT, 100),
    # Matroska.
    "mkv without clusters": Corruption(MKV, _after(_CLUSTER), UNKNOWN),
    "mkv without tracks": Corruption(MKV, _bytes(_TRACKS, b"\x16\x54\xae\x00", nth=1), NO_VIDEO),
    "mkv without info": Corruption(MKV, _bytes(_INFO, b"\xec\x40\x00\x66", nth=1), RIGHT),
    "mkv without cues": Corruption(MKV, _bytes(_CUES, b"\x1c\x53\xbb\x00", nth=1), RIGHT),
    "mkv without a segment": Corruption(MKV, _bytes(_SEGMENT, b"\x18\x53\x80\x00"), RIGHT),
    "mkv segment of size 0": Corruption(MKV, _bytes(_SEGMENT, b"\x01" + bytes(7), offset=4), RIGHT),
    "mkv tracks past the end": Corruption(
        MKV, _bytes(_TRACKS, b"\x01\x00\x7f\xff\xff\xff\xff\xff", offset=4, nth=1), RIGHT
    ),
    "mkv codec that is unknown": Corruption(MKV, _bytes(b"V_MPEG4/ISO/AVC", b"V_MPEG9/XXX/XXX"), CODEC),
    "mkv track that is sound": Corruption(MKV, _bytes(b"\x83\x81\x01", b"\x83\x81\x02"), NO_VIDEO),
    "mkv version 9": Corruption(MKV, _bytes(b"\x42\x85\x81", b"\x09", offset=3), CODEC),
    "mkv of another doctype": Corruption(MKV, _bytes(b"matroska", b"nothings"), UNKNOWN),
    "mkv cut, before the cut": Corruption(MKV, _cut(0.7), RIGHT, 300),
    "mkv cluster of zeros": Corruption(MKV, _blank(0.5, 0.6), RIGHT, 100),
    # MPEG-TS.
    "ts without tables": Corruption(TS, _blank(0.0, 0.03, b"\x47\x1f\xff\x10" + b"\xff" * 184), FIRST_LEFT),
    "ts that starts in a packet": Corruption(TS, lambda film: film[100:], RIGHT),
    "ts cut, before the cut": Corruption(TS, _cut(0.7), RIGHT, 300),
    "ts of zeros in the middle": Corruption(TS, _blank(0.7, 0.8), RIGHT, 100),
    # AVI.
    "avi without hdrl": Corruption(AVI, _bytes(b"hdrl", b"none"), RIGHT),
    "avi without movi": Corruption(AVI, _bytes(b"movi", b"none"), UNKNOWN),
    "avi without strf": Corruption(AVI, _bytes(b"strf", b"none"), NO_VIDEO),
    "avi without idx1": Corruption(AVI, _bytes(b"idx1", b"none"), RIGHT),
    "avi with a rate of 0": Corruption(AVI, _bytes(b"strh", bytes(8), offset=28), RIGHT),
    "avi of a codec that is unknown": Corruption(AVI, _bytes(b"strf", b"XXXX", offset=24), CODEC),
    "avi of 0 x 0": Corruption(AVI, _bytes(b"strf", bytes(8), offset=12), RIGHT),
    "avi cut, before the cut": Corruption(AVI, _cut(0.7), RIGHT, 100),
}
