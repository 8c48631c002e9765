"""How large an answer may be. Pure."""

from __future__ import annotations

from framefetch.errors import ImageTooLarge


def check_size(width: int, height: int, *, max_side: int, max_pixels: int, hint: str, count: int = 1) -> None:
    """Refuses an answer that is larger than the limits.

    Args:
        width: in pixels.
        height: likewise.
        max_side: that a side may have.
        max_pixels: that all pictures together may have.
        hint: which parameters of the request make it smaller.
        count: of pictures of this size.

    Raises:
        ImageTooLarge: a side or the area is above its limit.
    """
    if max(width, height) > max_side or width * height * count > max_pixels:
        over = "in all" if count == 1 else f"over {count} pictures"
        raise ImageTooLarge(
            f"A picture of {width} x {height} is above the limit of {max_side} pixels a side, "
            f"{max_pixels} pixels {over}.",
            hint=hint,
        )
