"""A film without blocks, for FFmpeg to open: the video track's own entry, and nothing else.

FFmpeg interprets codec, display size, projection and colour from it exactly as it would from the whole
film; the blocks are then fed to its decoder by us. Some hundred bytes.
"""

from __future__ import annotations

from framefetch.containers.matroska import ebml

FORMAT = "matroska"
"""FFmpeg's demuxer for it."""


def header_film(head: bytes, entry: bytes) -> bytes:
    """Makes the film.

    Args:
        head: the film's own EBML element, which says whether it is Matroska or WebM.
        entry: the body of the video track's ``TrackEntry``.
    """
    tracks = ebml.element(ebml.TRACKS, ebml.element(ebml.TRACK_ENTRY, entry))
    scale = ebml.element(ebml.TIMESTAMP_SCALE, (1_000_000).to_bytes(4, "big"))
    # FFmpeg takes nothing for a film that has no cluster.
    cluster = ebml.element(ebml.CLUSTER, ebml.element(ebml.TIMESTAMP, b"\0"))
    return head + ebml.element(ebml.SEGMENT, ebml.element(ebml.INFO, scale) + tracks + cluster)
