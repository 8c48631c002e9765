"""What a file itself calls its video's codec, for the message that refuses it.

A build of FFmpeg without a codec's decoder does not tell the codec's name either. In go a film's first bytes,
out comes its mark, such as ``CFHD`` or ``V_SNOW``. Nothing but a message depends on it.
"""

from __future__ import annotations

import re

HEAD_BYTES = 1 << 16
"""More than any header of these has before its first video track, but where pictures of covers are in it."""

_MARK_BYTES = 4
_WINDOWS = "V_MS/VFW/FOURCC"
_PLACES = {
    # ISO/IEC 14496-12 §8.5.2: version, count, the entry's size, its format.
    "mov": ((b"vmhd", b"stsd"), 16),
    # RFC 9559 §5.1.4.1.22: CodecPrivate, which is a BITMAPINFOHEADER.
    "matroska": ((_WINDOWS.encode(), b"\x63\xa2", b"\x28\0\0\0"), 16),
    # A stream's header and format, which is the same.
    "avi": ((b"vids", b"strf"), 24),
    # ASF §3.3 and §9.2: the properties of a stream of the type ASF_Video_Media, and the same.
    "asf": ((bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b"),), 81),
}
"""Words, each behind the one before, and how far behind the start of the last the mark is."""
_CODEC_ID = re.compile(rb"\x86([\x80-\xa0])V_")
"""RFC 9559 §5.1.4.1.21: its kind, its size, its text."""
_FLV_VIDEO = re.compile(rb"\x09.{3}.{4}\0\0\0([\x10-\x5f])", re.DOTALL)
"""FLV, annex E.4.3: a tag of video, and the codec's number in its first byte."""
_FLV = {3: "Screen Video", 6: "Screen Video 2"}


def codec_mark(head: bytes, demuxer: str) -> str | None:
    """The mark of a film's first video.

    Args:
        head: its first bytes, up to `HEAD_BYTES`.
        demuxer: its container, by FFmpeg's name.

    Returns:
        Printable text of at most 32 characters; None where there is none.
    """
    if demuxer == "flv":
        tag = _FLV_VIDEO.search(head)
        return _FLV.get(tag[1][0] & 15) if tag else None
    if demuxer == "matroska":
        named = _CODEC_ID.search(head)
        if named is None:
            return None
        text = head[named.start() + 2 :][: named[1][0] & 0x7F]
        if text != _WINDOWS.encode():
            return _printable(text)
    at, (words, offset) = 0, _PLACES.get(demuxer, ((), 0))
    for word in words:
        at = head.find(word, at)
        if at < 0:
            return None
    return _printable(head[at + offset :][:_MARK_BYTES]) if words else None


def _printable(mark: bytes) -> str | None:
    text = mark.decode("latin-1").strip("\0 ")
    return text if text and text.isascii() and text.isprintable() else None
