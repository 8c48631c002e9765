"""Matroska and WebM: bytes in, the next needed range or an index out."""
