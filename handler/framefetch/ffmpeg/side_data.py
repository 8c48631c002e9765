"""What a film says of a frame beside its samples: its display matrix, Dolby Vision's metadata and more.

In goes a frame as it was decoded, out come buffers, or what they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from av.sidedata.sidedata import SideDataContainer

from framefetch.containers.orientation import Orientation

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


def orientation_of(frame: VideoFrame) -> Orientation:
    """What is to be done with a frame, as its display matrix says."""
    found = side_data(frame)
    for side in found or ():
        if side.type.name == "DISPLAYMATRIX":
            return Orientation.from_display_matrix(bytes(side))
    if found is None:
        # Of the matrix PyAV tells the angle then, counter-clockwise and in degrees.
        return Orientation(round(-frame.rotation / 90) % 4)
    return Orientation()


def side_data(frame: VideoFrame) -> list[Any] | None:
    """What the film says of a frame beside its samples: buffers, each with a `type`.

    None where PyAV has no name for one of them, as for a JPEG's EXIF: then it gives none at all.
    """
    # A mapping by type, but iterated by position in both PyAV 18 and 19.
    # Made here, as the frame's own would refer back to it: such a pair, with a decoder's whole pool of
    # pictures behind it, stays in memory until the garbage collector looks for it.
    try:
        side = cast("Any", SideDataContainer)(frame)
    except ValueError:
        return None
    return [side[index] for index in range(len(side))]
