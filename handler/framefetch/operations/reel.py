"""The pictures of an animation in their order, and how long each is shown. In: images, their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


class Reel:
    """Pictures that follow each other; they may come in any order.

    Args:
        count: how many there will be.
        frame_ms: for how long each is shown.
    """

    def __init__(self, count: int, frame_ms: float) -> None:
        self._images: list[Image.Image | None] = [None] * count
        self._frame_ms = frame_ms

    def put(self, number: int, image: Image.Image) -> None:
        """Puts an image in its place, without transparency."""
        self._images[number] = image if image.mode == "RGB" else image.convert("RGB")

    def shown(self) -> tuple[list[Image.Image], list[int]]:
        """The images, and for how long each is shown, in ms; one that comes again at once is shown longer.

        The durations are rounded so that they add up.
        """
        images: list[Image.Image] = []
        durations_ms: list[int] = []
        for number, image in enumerate(self._images):
            lasts_ms = round((number + 1) * self._frame_ms) - round(number * self._frame_ms)
            if image is None or (images and images[-1] is image):
                durations_ms[-1] += lasts_ms
            else:
                images.append(image)
                durations_ms.append(lasts_ms)
        return images, durations_ms
