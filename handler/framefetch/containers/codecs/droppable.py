"""Which samples the decoder can do without, because no other picture refers to theirs.

Pure: looks at the NAL units' headers of one sample (ITU-T H.264 §7.3.1, H.265 §7.3.1.2), as MP4 and
Matroska store them, each after its length. Whatever is not certain is not droppable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.codecs.nal_units import places

if TYPE_CHECKING:
    from collections.abc import Iterator

_H264 = frozenset({"avc1", "avc3", "V_MPEG4/ISO/AVC"})
_HEVC = frozenset({"hvc1", "hev1", "V_MPEGH/ISO/HEVC"})
_MAX_UNITS = 1000
# H.264, table 7-1: slices; what may accompany them and does not outlive its picture: SEI, access unit
# delimiter, ends, filler.
_H264_SLICES = frozenset({1, 2, 3, 4, 5})
_H264_IDR = 5
_H264_HARMLESS = frozenset({6, 9, 12})
# H.265, table 7-1: below 16, the even types are pictures that none of their own layer refers to; then
# delimiter, filler, SEI before and after.
_HEVC_SLICES = frozenset(range(32))
_HEVC_NON_REFERENCE = frozenset({0, 2, 4, 6, 8})
_HEVC_HARMLESS = frozenset({35, 38, 39, 40})


def droppable(
    codec: str, nal_length_bytes: int, sample: bytes | memoryview, top_temporal_layer: int | None = None
) -> bool:
    """Whether every other picture can be decoded without this sample.

    Args:
        codec: as `VideoIndex.codec` has it.
        nal_length_bytes: how long the length before each NAL unit is.
        sample: its bytes.
        top_temporal_layer: H.265: the highest temporal layer of the film. Pictures of a lower one may be
            referred to from above although none of their own does; None: not known, nothing is droppable.
    """
    if codec in _H264:
        verdicts = [_h264(head) for head in _headers(sample, nal_length_bytes, 1)]
    elif codec in _HEVC and top_temporal_layer is not None:
        verdicts = [_hevc(head, top_temporal_layer) for head in _headers(sample, nal_length_bytes, 2)]
    else:
        return False
    return True in verdicts and False not in verdicts


def is_closed(codec: str, nal_length_bytes: int, sample: bytes | memoryview) -> bool:
    """Whether no picture before this sample is shown after it, and none after it before: H.264's IDR."""
    if codec not in _H264:
        return False
    kinds = [head[0] & 0x1F if head else None for head in _headers(sample, nal_length_bytes, 1)]
    return None not in kinds and {kind for kind in kinds if kind in _H264_SLICES} == {_H264_IDR}


def _headers(sample: bytes | memoryview, nal_length_bytes: int, header_bytes: int) -> Iterator[bytes]:
    """The header of each NAL unit; an empty one where the sample is not what it should be."""
    if not nal_length_bytes:
        yield b""
        return
    for number, (start, stop) in enumerate(places(sample, nal_length_bytes)):
        if number == _MAX_UNITS or stop > len(sample) or stop < start + header_bytes:
            yield b""
            return
        yield bytes(sample[start : start + header_bytes])


def _h264(head: bytes) -> bool | None:
    """Whether a NAL unit is a slice that nothing refers to; None where it does not matter."""
    if not head:
        return False
    kind = head[0] & 0x1F
    if kind in _H264_SLICES:
        nal_ref_idc = head[0] >> 5 & 3
        return nal_ref_idc == 0
    return None if kind in _H264_HARMLESS else False


def _hevc(head: bytes, top_temporal_layer: int) -> bool | None:
    """Whether a NAL unit is a slice that nothing refers to; None where it does not matter."""
    if not head:
        return False
    kind, temporal_layer = head[0] >> 1 & 0x3F, (head[1] & 7) - 1
    if kind in _HEVC_SLICES:
        return kind in _HEVC_NON_REFERENCE and temporal_layer == top_temporal_layer
    return None if kind in _HEVC_HARMLESS else False
