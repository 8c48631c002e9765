"""What the codecs of Matroska do with the order of pictures, and how they cut them into units.

In goes a track's codec ID and private data, out comes how many pictures may be decoded before one that
is shown before them: when that many are seen, no earlier picture can follow.
"""

from __future__ import annotations

from dataclasses import dataclass

from framefetch.containers.codecs.configurations import is_record, read_record
from framefetch.containers.codecs.nal_units import H264, HEVC
from framefetch.containers.codecs.parameter_sets import reordered
from framefetch.containers.index import NotUnderstood

_MOST_REORDERED = 16
"""H.264 and H.265 allow no more (ITU-T H.264 §A.3.1, H.265 §A.4.2: the size of the picture buffer)."""

_AVC = "V_MPEG4/ISO/AVC"
_HEVC = "V_MPEGH/ISO/HEVC"
_RECORDS = {_AVC: (H264, 7), _HEVC: (HEVC, 23)}
"""Codecs of which the private data is a record, and how many bytes one without parameter sets has."""
# One picture shown for each block, in order; B-pictures of MPEG-1, 2 and 4 wait for one other, and a
# packed stream (two pictures in one block) for one more.
_REORDERED = {
    "V_VP8": 0,
    "V_VP9": 0,
    "V_AV1": 0,
    "V_THEORA": 0,
    "V_MJPEG": 0,
    "V_PRORES": 0,
    "V_FFV1": 0,
    "V_MPEG1": 2,
    "V_MPEG2": 2,
    "V_MPEG4/ISO/SP": 2,
    "V_MPEG4/ISO/ASP": 2,
    "V_MPEG4/ISO/AP": 2,
    _AVC: _MOST_REORDERED,
    _HEVC: _MOST_REORDERED,
}


@dataclass(frozen=True, slots=True)
class Codec:
    """What is known of a track's codec.

    Attributes:
        name: its ID.
        reordered: pictures that can be decoded before one that is shown before all of them.
        nal_length_bytes: how long the length before each NAL unit is; 0 for codecs without.
        top_temporal_layer: H.265: the highest one that the film may have; None: not said.
    """

    name: str
    reordered: int
    nal_length_bytes: int = 0
    top_temporal_layer: int | None = None

    def hides(self, start: bytes | memoryview) -> bool:
        """Whether a block that starts so has a picture that is only referred to (VP8, RFC 6386 §9.1)."""
        return self.name == "V_VP8" and len(start) > 0 and not start[0] & 0x10


def read_codec(name: str, private: bytes | memoryview) -> Codec:
    """Reads a codec's private data.

    Raises:
        NotUnderstood: it is not known how the codec orders its pictures, or the data is too short.
    """
    if name not in _REORDERED:
        raise NotUnderstood(f"codec {name}")
    if name not in _RECORDS:
        return Codec(name, _REORDERED[name])
    codec, least_bytes = _RECORDS[name]
    record = read_record(codec, private) if is_record(codec, private) else None
    if record is None or len(private) < least_bytes:
        raise NotUnderstood(f"no configuration of {codec}")
    said = reordered(codec, bytes(private))
    return Codec(
        name=name,
        reordered=_REORDERED[name] if said is None else said,
        nal_length_bytes=record.nal_length_bytes,
        top_temporal_layer=record.top_temporal_layer,
    )
