"""PNG and JPEG as pictures of a film: what FFmpeg would do with them that no film needs. Pure.

In goes a picture as it is in the container, out comes the same one for the decoder, or a refusal.
"""

from __future__ import annotations

from framefetch.errors import ImageTooLarge

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEFT_OUT = frozenset({b"iCCP", b"zTXt", b"iTXt"})
"""Packed chunks, which FFmpeg unpacks however large they are: profiles, which are not applied, and texts."""
_AROUND = 12
"""Bytes of a chunk beside its body: length and name before it, a checksum after it (PNG §5.3)."""
_SCAN, _MOST_SCANS = b"\xff\xda", 100
"""Of a JPEG: FFmpeg goes through the whole picture for each, and looks at no clock meanwhile."""


def without_packed_chunks(png: bytes) -> bytes:
    """A PNG without the chunks that FFmpeg would unpack; from where it is malformed on, as it was."""
    if not png.startswith(_SIGNATURE):
        return png
    kept, at = [_SIGNATURE], len(_SIGNATURE)
    while at + _AROUND <= len(png):
        stop = at + _AROUND + int.from_bytes(png[at : at + 4], "big")
        if stop > len(png):
            break
        if png[at + 4 : at + 8] not in _LEFT_OUT:
            kept.append(png[at:stop])
        at = stop
    return b"".join([*kept, png[at:]])


def check_scans(jpeg: bytes) -> None:
    """Refuses a JPEG that would take too long.

    Raises:
        ImageTooLarge: it has more than 100 scans.
    """
    if jpeg.count(_SCAN) > _MOST_SCANS:
        raise ImageTooLarge(
            f"A picture of the video has more than {_MOST_SCANS} scans.",
            hint="Encode it without progressive scans.",
        )
