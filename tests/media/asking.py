"""Asks the real service, as a caller would, and reads what comes back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from framefetch.http.call import Answer, Call
from framefetch.server.sample import read_frame_number
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Taken:
    """A picture that came back.

    Attributes:
        image: decoded.
        time_ms: the time of the picture, as the answer's header says.
    """

    image: Image.Image
    time_ms: float

    def number(self, turns: tuple[Image.Transpose, ...] = ()) -> int:
        """The number in the picture, after turning it."""
        image = self.image
        for turn in turns:
            image = image.transpose(turn)
        return read_frame_number(image)


class Reader:
    """The service over one folder."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self._service = Service(settings=settings or Settings(), source=FolderSource(folder))

    def ask(self, path: Path, parameters: str) -> Answer:
        """The service's answer for a file of the folder."""
        query = f"x-oss-process=video/snapshot,{parameters}"
        return self._service.answer(Call("GET", f"/{path.name}", query))

    def take(self, path: Path, parameters: str) -> Taken:
        """The picture; anything but a picture fails the test with what was said instead."""
        answer = self.ask(path, parameters)
        assert answer.status == 200, (parameters, answer.status, answer.body[:400])
        time_ms = answer.header("x-framefetch-time")
        assert time_ms is not None
        image = Image.open(io.BytesIO(answer.body))
        image.load()
        return Taken(image, float(time_ms))
