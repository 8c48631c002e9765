"""Films without an index, whose places carry times: MPEG-TS, MPEG-PS, FLV. Pure: bytes in, ranges out."""
