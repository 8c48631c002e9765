"""How many samples a track claims (ISO/IEC 14496-12 §8.7.3): cheap, and looked at before any table is read.

FFmpeg makes room for all that is claimed, so a film with absurd claims must not reach it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.isobmff.run_table import LIST_AT
from framefetch.errors import CorruptFilm, ImageTooLarge

if TYPE_CHECKING:
    from framefetch.containers.isobmff.boxes import Box

MAX_SAMPLES = 4_000_000
"""18 hours at 60 pictures a second."""


def sample_count(boxes: dict[bytes, Box], size: int) -> int:
    """How many samples a track claims, 0 without any claim.

    Args:
        boxes: the children of its ``stbl``, by kind.
        size: of the object, in bytes.

    Raises:
        NotUnderstood: the table is shorter than it claims.
        ImageTooLarge: more samples than any film has.
        CorruptFilm: more samples than the object has bytes.
    """
    box = boxes.get(b"stsz") or boxes.get(b"stz2")
    if box is None:
        return 0
    count = box.u32(8)
    if _counts_pcm(boxes):
        return count
    if count > size:
        raise CorruptFilm("The video's index claims more than the file has.", detail=f"{count} samples")
    check_count(count)
    return count


def check_count(count: int) -> None:
    """Refuses a number of samples that no film has.

    Raises:
        ImageTooLarge: it is above `MAX_SAMPLES`.
    """
    if count > MAX_SAMPLES:
        raise ImageTooLarge(
            "The video's index is larger than the limits of this service.", detail=f"{count} samples"
        )


def _counts_pcm(boxes: dict[bytes, Box]) -> bool:
    """Whether a "sample" is one of sound's, of fixed size.

    There may be more of them than bytes, and FFmpeg makes no room for each.
    """
    stts, stsz = boxes.get(b"stts"), boxes.get(b"stsz")
    return (
        stts is not None
        and stsz is not None
        and stsz.u32(4) != 0
        and stts.u32(4) == 1
        and stts.u32(LIST_AT + 4) == 1
        and b"stss" not in boxes
    )
