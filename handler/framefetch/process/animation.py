"""``video/animation,…`` -> `AnimationRequest`, and back: several pictures that move. Pure.

The names are those of OSS's asynchronous operation (OSS documentation, media processing: animated images),
which writes an object; here the answer is the animation.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from framefetch.process.grammar import MALFORMED, Parameter, number
from framefetch.process.many import MOMENTS, SIDE, Scale, read_many, side, written
from framefetch.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

ANIMATION = "video/animation"
_MOST_FPS = 240
_USUAL_COUNT, _USUAL_FPS, _USUAL_WIDTH = 10, 2, 320


class Moving(StrEnum):
    """What an animation is encoded as."""

    WEBP = "webp"
    GIF = "gif"


@dataclass(frozen=True, slots=True)
class AnimationRequest:
    """Which pictures, how large, and how fast they follow each other.

    Attributes:
        start_ms: of the first picture.
        interval_ms: of the film, from one picture to the next, each the one shown then; 0: keyframes, spread
            over the rest of the film.
        count: of pictures; 0: 10, or with an interval as many as the film and the limits allow.
        fps: pictures a second; 0: as in the film, or 2 where they are spread.
        width: pixels; 0 follows from the height and the film's shape; both 0: 320 wide.
        height: likewise.
        scale: where the picture has not the film's shape.
        format: of the animation.
    """

    start_ms: int = 0
    interval_ms: int = 0
    count: int = 0
    fps: int = 0
    width: int = 0
    height: int = 0
    scale: Scale = Scale.STRETCH
    format: Moving = Moving.WEBP

    @property
    def content_type(self) -> str:
        """The media type of the answer."""
        return f"image/{self.format}"

    @property
    def varies(self) -> bool:
        """Whether the answer depends on what formats the caller takes."""
        return False

    def for_caller(self, _: str | None) -> AnimationRequest:
        """Itself: it names its format."""
        return self

    def most(self, limit: int) -> int:
        """How many pictures there may be, where the limits allow so many."""
        return self.count or (limit if self.interval_ms else _USUAL_COUNT)

    @property
    def frame_ms(self) -> float:
        """How long each picture is shown."""
        if self.fps:
            return 1000 / self.fps
        return self.interval_ms or 1000 / _USUAL_FPS

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, as far as they are said; one may be 0, but not both."""
        return (self.width, self.height) if self.width or self.height else (_USUAL_WIDTH, 0)

    def canonical(self) -> str:
        """The one text for this request, whatever order and defaults it was written with."""
        values = (
            ("ss", self.start_ms, 0),
            ("inter", self.interval_ms, 0),
            ("num", self.count, 0),
            ("fps", self.fps, 0),
            ("w", self.width, 0),
            ("h", self.height, 0),
            ("scaletype", self.scale, Scale.STRETCH),
        )
        return written(ANIMATION, self.format, values)


ANIMATION_PARAMETERS = (
    *MOMENTS,
    Parameter("fps", "fps", MALFORMED, f"0 to {_MOST_FPS}", number(_MOST_FPS)),
    Parameter("w", "width", "0053-00000104", SIDE, side),
    Parameter("h", "height", "0053-00000105", SIDE, side),
    Parameter("f", "format", "0053-00000107", "webp or gif", Moving),
)


def parse_animation(text: str, parts: Sequence[str], *, max_side: int) -> AnimationRequest:
    """Reads the parts of a process string that asks for an animation.

    Raises:
        InvalidArgument: a parameter is unknown, malformed or out of range.
    """
    return AnimationRequest(**read_many(text, parts, ANIMATION_PARAMETERS, ("width", "height"), max_side))
