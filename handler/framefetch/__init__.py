"""framefetch: one picture of a video in object storage, for the bytes that the picture needs."""

__version__ = "0.1.0"
