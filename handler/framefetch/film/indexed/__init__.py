"""The direct way to a picture: our own index of the film, one range of samples, FFmpeg's decoder.

`reading` makes the index, `taking` the pictures. `NotUnderstood` sends the caller to the generic way.
"""

from framefetch.film.indexed.reading import WALKS, Seen, check_index, read_index, read_index_after
from framefetch.film.indexed.taking import decode_run, find_picture, open_film

__all__ = [
    "WALKS",
    "Seen",
    "check_index",
    "decode_run",
    "find_picture",
    "open_film",
    "read_index",
    "read_index_after",
]
