"""Numbers of any count of bits, of which headers of video streams are made (ITU-T H.264 §7.2, §9.1). Pure."""

from __future__ import annotations

_MOST_ZEROS = 32
"""Before an Exp-Golomb number; no standard has larger ones."""


class Unreadable(Exception):  # noqa: N818 - a signal, never answered
    """A stream is not what the standard says that it is."""


class Bits:
    """Reads bits in order, the highest of each byte first.

    Args:
        data: without the bytes that keep start codes from occurring in it.
    """

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def u(self, count: int) -> int:
        """The next bits as an unsigned number.

        Raises:
            Unreadable: there are not as many.
        """
        if count > self._left:
            raise Unreadable
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def ue(self, most: int = 1 << 32) -> int:
        """An Exp-Golomb number (ITU-T H.264 §9.1).

        Raises:
            Unreadable: it is greater than `most`, or cut short.
        """
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise Unreadable
        value = (1 << zeros) - 1 + self.u(zeros)
        if value > most:
            raise Unreadable
        return value

    def se(self) -> int:
        """A signed one (§9.1.1).

        Raises:
            Unreadable: as `ue`.
        """
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)
