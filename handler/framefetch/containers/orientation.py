"""How a picture is to be turned and mirrored before it is shown. Pure."""

from __future__ import annotations

import struct

from framefetch.values import dataclass


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirror left to right first, then turn clockwise.

    Attributes:
        quarter_turns: 0 to 3, clockwise.
        mirrored: whether left and right are swapped before the turn.
    """

    quarter_turns: int = 0
    mirrored: bool = False

    @property
    def swaps_sides(self) -> bool:
        """Whether width becomes height."""
        return self.quarter_turns % 2 == 1

    def turned(self, quarter_turns: int) -> Orientation:
        """This orientation with a further turn clockwise after it."""
        return Orientation((self.quarter_turns + quarter_turns) % 4, self.mirrored)

    @classmethod
    def from_display_matrix(cls, matrix: bytes) -> Orientation:
        """Reads the 3x3 matrix of a track header (ISO/IEC 14496-12 §8.3.2), as FFmpeg keeps it.

        A point (p, q) of the picture is shown at (a p + c q, b p + d q). Only the four quarter turns
        and their mirror images are known here; any other angle becomes the nearest of them.

        Args:
            matrix: nine 32-bit integers in the machine's byte order.
        """
        a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
        mirrored = a * d - b * c < 0
        if mirrored:
            # Mirroring the picture first turns p into -p, and leaves a pure rotation.
            a, b = -a, -b
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(0 if a + d >= 0 else 2, mirrored)
        return cls(1 if b - c >= 0 else 3, mirrored)
