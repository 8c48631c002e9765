"""Small files that claim much, or have many parts that hold nothing."""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import TYPE_CHECKING

from tests.films import boxes
from tests.hostile.files import FTYP, box, put_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_UNKNOWN = b"\x01" + b"\xff" * 7
"""EBML's size of what is as long as it is."""
_MANY = 1_500_000
_STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")

FILMS = ("h264-mp4-end", "h264-fragmented", "h264-mkv", "mjpeg-avi", "mpeg2-ps")


def bombs(films: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files by name.

    Args:
        films: good ones, by the names in `FILMS`.
    """
    return _claims(films["h264-mp4-end"], films["h264-fragmented"]) | _crowds(films) | _packed(films)


def linked(film: bytes, canary: str) -> dict[str, bytes]:
    """Matroska files that hold another file, or say that they go on in one; their own pictures are sound."""
    edition = _element(b"\x45\xdd", b"\1") + _element(
        b"\xb6",
        _element(b"\x73\xc4", b"\1")
        + _element(b"\x91", b"\0")
        + _element(b"\x6e\x67", b"canary".ljust(16, b"\0")),
    )
    attached = _element(b"\x46\x6e", canary.encode()) + _element(b"\x46\x60", b"video/mp4")
    attached += _element(b"\x46\xae", b"\1") + _element(b"\x46\x5c", b"#EXTM3U\n" + canary.encode())
    head, rest = _open_ended(film)
    return {
        "mkv-ordered-chapters.mkv": head
        + _element(b"\x10\x43\xa7\x70", _element(b"\x45\xb9", edition))
        + rest,
        "mkv-attachment.mkv": head + _element(b"\x19\x41\xa4\x69", _element(b"\x61\xa7", attached)) + rest,
    }


def _claims(film: bytes, fragmented: bytes) -> dict[str, bytes]:
    found = {"nested-5000.mp4": FTYP + _nested(5000)}
    for kind, count_at in ((b"stsz", 16), (b"stts", 12), (b"ctts", 12), (b"stco", 12)):
        at, _ = boxes.find(film, *_STBL, kind)
        found[f"{kind.decode()}-40-million.mp4"] = _put(film, at + count_at, struct.pack(">I", 40_000_000))
    at, _ = boxes.find(film, *_STBL, b"stsz")
    found["stsz-40-million-of-1-byte.mp4"] = _put(film, at + 12, struct.pack(">II", 1, 40_000_000))
    at, _ = boxes.find(film, *_STBL, b"stts")
    found["stts-40-million-in-one.mp4"] = _put(film, at + 16, struct.pack(">I", 40_000_000))
    at, _ = boxes.find(film, *_STBL, b"ctts")
    found["ctts-134-million-in-one.mp4"] = _put(film, at + 16, struct.pack(">I", 1 << 27))
    at, _ = boxes.find(film, b"moov", b"trak", b"edts", b"elst")
    found["elst-40-million.mp4"] = _put(film, at + 12, struct.pack(">I", 40_000_000))
    at, _ = boxes.find(fragmented, b"moof", b"traf", b"trun")
    found["trun-60-million.mp4"] = _put(fragmented, at + 8, struct.pack(">II", 0, 60_000_000))
    at = fragmented.rindex(b"trun") - 4
    found["trun-60-million-later.mp4"] = _put(fragmented, at + 8, struct.pack(">II", 0, 60_000_000))
    found["trun-60-million-odd.mp4"] = _put(fragmented, at + 8, struct.pack(">II", 0xA8, 60_000_000))
    return found


def _crowds(films: Mapping[str, bytes]) -> dict[str, bytes]:
    film, fragmented = films["h264-mp4-end"], films["h264-fragmented"]
    moov, stop = boxes.find(film, b"moov")
    start, end = boxes.find(film, b"moov", b"trak")
    many = film[start:end] * 10_000
    first, after = boxes.find(fragmented, b"moof")
    cluster = _open_ended(films["h264-mkv"])[0] + _CLUSTER + _UNKNOWN + b"\xe7\x81\x00"
    program = films["mpeg2-ps"]
    pack = program[: program.index(b"\0\0\1", 4)]
    return {
        "tracks-10000.mp4": film[:moov]
        + box(b"moov", film[moov + 8 : start] + many + film[end:stop])
        + film[stop:],
        "moofs-of-nothing.mp4": fragmented[:first] + box(b"moof", box(b"mfhd", bytes(8))) * 200_000,
        "moofs-of-no-data.mp4": fragmented[:first] + fragmented[first:after] * 20_000,
        "ebml-voids.mkv": cluster + b"\xec\x80" * _MANY,
        "ebml-blocks.mkv": cluster + b"\xa3\x85\x81\0\0\x80\0" * _MANY,
        "ebml-groups.mkv": cluster + b"\xa0\x80" * _MANY,
        "ebml-clusters.mkv": _open_ended(films["h264-mkv"])[0] + (_CLUSTER + b"\x80") * _MANY,
        "ebml-cluster-of-2-to-55.mkv": _open_ended(films["h264-mkv"])[0]
        + _CLUSTER
        + b"\x01\x7f"
        + b"\xff" * 6,
        "packs-of-nothing.mpg": pack * ((16 << 20) // len(pack)),
    }


def _packed(films: Mapping[str, bytes]) -> dict[str, bytes]:
    film, moving = films["h264-mp4-end"], films["mjpeg-avi"]
    size = 64 << 20
    packed = box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", size) + zlib.compress(bytes(size), 9))
    at, wide = 0, bytearray(moving)
    while (at := moving.find(b"\xff\xc0\0\x11\x08", at + 1)) > 0:
        wide[at + 5 : at + 9] = struct.pack(">HH", 32768, 32768)
    return {
        "cmov-64-mib.mov": FTYP + box(b"moov", box(b"cmov", packed)),
        "gzip.mp4": gzip.compress(film),
        "pictures-of-32768.avi": bytes(wide),
        "dref-of-thousands.mov": put_reference(
            film, box(b"url ", bytes(4) + b"http://127.0.0.1:9/\0") * 20_000
        ),
    }


def _nested(depth: int) -> bytes:
    """Boxes in boxes, each with room for the next alone."""
    return b"".join(struct.pack(">I4s", 8 * (depth - one), b"moov") for one in range(depth))


def _open_ended(film: bytes) -> tuple[bytes, bytes]:
    """A Matroska file whose segment says no size, before its first cluster and from there on."""
    at, cluster = film.index(_SEGMENT), film.index(_CLUSTER)
    return film[: at + 4] + _UNKNOWN + film[at + 12 : cluster], film[cluster:]


def _element(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _put(film: bytes, at: int, new: bytes) -> bytes:
    return film[:at] + new + film[at + len(new) :]
