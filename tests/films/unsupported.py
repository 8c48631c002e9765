"""Films in codecs that framefetch does not decode, as rows of the compatibility table's kind."""

from __future__ import annotations

from tests.films.compatibility import Row

UNSUPPORTED = (
    (Row("CineForm", 10, "cfhd", "yuv422p10le", "MOV", size=(192, 112), gop=1), "CFHD"),
    (Row("JPEG 2000", 8, "jpeg2000", "yuv420p", "MOV MKV", gop=1), "mjp2"),
    (Row("HuffYUV", 8, "huffyuv", "yuv422p", "AVI ASF", gop=1), "HFYU"),
    (Row("FFV Huff", 8, "ffvhuff", "yuv420p", "AVI", gop=1), "FFVH"),
    (Row("Ut Video", 8, "utvideo", "yuv420p", "AVI", gop=1), "ULY0"),
    (Row("MagicYUV", 8, "magicyuv", "yuv420p", "AVI", gop=1), "M8Y0"),
    (Row("Uncompressed 10 bits", 10, "v210", "yuv422p10le", "MOV AVI", gop=1), "v210"),
    (Row("DPX", 8, "dpx", "rgb24", "MOV", gop=1), "dpx"),
    (Row("Snow", 8, "snow", "yuv420p", "AVI"), "SNOW"),
    (Row("Snow", 8, "snow", "yuv420p", "MKV"), "V_SNOW"),
    (Row("Screen Video", 8, "flashsv", "bgr24", "FLV"), "Screen Video"),
)
"""Each with what the file itself calls the codec; FFmpeg calls it as its encoder."""
