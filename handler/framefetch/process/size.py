"""How large an answer may be. Pure."""

from __future__ import annotations

from framefetch.errors import ImageTooLarge


def check_size(width: int, height: int, *, max_side: int, max_pixels: int) -> None:
    """Refuses an answer that is larger than the limits.

    Raises:
        ImageTooLarge: a side or the area is above its limit.
    """
    if max(width, height) > max_side or width * height > max_pixels:
        raise ImageTooLarge(
            f"A picture of {width} x {height} is above the limit of {max_side} a side, {max_pixels} in all.",
            hint="Ask for a smaller w or h.",
        )
