"""The ICC profile of sRGB (IEC 61966-2-1), as small as version 4 allows: 424 bytes for each JPEG.

An untagged JPEG is sRGB to browsers, and whatever they like to some programs on wide-gamut displays.
"""

from __future__ import annotations

import struct

_PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
"""Those of BT.709, adapted to the white point D50 (ICC.1:2022, annex E)."""
_D50 = (0.9642, 1.0, 0.8249)
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""g, a, b, c, d of a parametric curve of type 3 (§10.18)."""


def _fixed(*values: float) -> bytes:
    """s15Fixed16Numbers."""
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _text(words: str) -> bytes:
    """A multiLocalizedUnicodeType of one record (§10.15)."""
    coded = words.encode("utf-16-be")
    record = struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(coded), 28) + coded
    return record + bytes(-len(record) % 4)


def _profile() -> bytes:
    """Header, table of tags, elements (§7)."""
    curve = struct.pack(">4s4xHxx", b"para", 3) + _fixed(*_CURVE)
    elements = {
        b"desc": _text("sRGB"),
        b"cprt": _text("CC0"),
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50),
        **{name: b"XYZ \0\0\0\0" + _fixed(*xyz) for name, xyz in _PRIMARIES.items()},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, data = struct.pack(">I", len(elements)), b""
    places: dict[bytes, int] = {}
    start = 128 + 4 + 12 * len(elements)
    for name, element in elements.items():
        # The three curves are one: tags may share an element.
        at = places.setdefault(element, start + len(data))
        if at == start + len(data):
            data += element
        table += struct.pack(">4sII", name, at, len(element))
    size = start + len(data)
    # Size, version 4.4, a display's RGB seen as XYZ, no date; then the signature, intent, white point (§7.2).
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x04400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    header = header.ljust(68, b"\0") + _fixed(*_D50)
    return header.ljust(128, b"\0") + table + data


PROFILE = _profile()
