"""Real films with known right answers: every gated answer through the service, on both ways to a picture."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.http.call import Call
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.conftest import CORPUS, NO_CORPUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

    from framefetch.ffmpeg.decode import Picture
    from framefetch.http.call import Answer

DIFFERENT = {
    # FFmpeg's Theora decoder with three threads, with which expected.json was made, garbles this film
    # after its empty packets (visibly: look at 1375 ms); with one, two or four threads it decodes as we do.
    "syn__theora.ogv": (1125, 1895, 1375, 1374),
    # What several threads of FFmpeg's H.264 decoder make of this damage is a race: 1, 2, 3 and 4 threads
    # give four answers, and 3, with which expected.json was made, another one now and then. We decode
    # damage with one thread, which gives the same picture each time.
    "der__bitflips_in_mdat.mp4": (3720, 5479, 6100),
    # expected.json has the pictures at 1000 and 1625 ms not yet shown at just these times; AVI has no
    # presentation times, and all its other answers agree with ours.
    "syn__mpeg4_bframes.avi": (1000, 1625),
}
"""Moments for which expected.json differs from us, each with its reason."""


@dataclass(frozen=True)
class Case:
    """One question to one film, and what is known of the answer."""

    film: str
    at_ms: int
    mode: str
    wanted_ms: float | None
    wanted_md5: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.film}-t_{self.at_ms}-{self.mode}"


def rows() -> list[dict[str, Any]]:
    """The rows of expected.json."""
    if not CORPUS.is_dir():
        return []
    table: list[dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text())
    return table


def cases() -> Iterator[Case]:
    """Every gated answer."""
    for row in rows():
        for moment in row.get("times", ()):
            for mode in ("exact", "fast"):
                wanted = moment.get(mode)
                if wanted and (moment["gate_time"] or moment["gate_md5"]):
                    md5 = [wanted["md5"]] if isinstance(wanted["md5"], str) else wanted["md5"]
                    yield Case(
                        row["file"],
                        moment["t_ms"],
                        mode,
                        wanted["at_ms"] if moment["gate_time"] else None,
                        tuple(md5) if moment["gate_md5"] else (),
                    )


def md5_of(frame: VideoFrame) -> str:
    """All planes, rows packed tight, one after the other.

    The right answers are of FFmpeg's own VP8, which leaves out the transparency that WebM keeps beside it.
    """
    digest = hashlib.md5(usedforsecurity=False)
    beside = frame.format.name == "yuva420p"
    for number, plane in enumerate(frame.planes[:3] if beside else frame.planes):
        parts = [one for one in frame.format.components if one.plane == number]
        row_bytes = plane.width * ((max(one.bits for one in parts) + 7) // 8)
        view = memoryview(plane)
        for line in range(plane.height):
            digest.update(view[line * plane.line_size : line * plane.line_size + row_bytes])
    return digest.hexdigest()


class Watched(Service):
    """A service that keeps the picture it took last."""

    taken: Picture | None = None

    def __init__(self, settings: Settings, source: FolderSource) -> None:
        super().__init__(settings, source)
        take = self.studio.take

        def kept(*given: Any) -> Picture:
            self.taken = take(*given)
            return self.taken

        setattr(self.studio, "take", kept)  # noqa: B010 - a method, as far as the types know


@pytest.fixture(scope="module", params=["own", "generic"])
def service(corpus: Any, request: pytest.FixtureRequest) -> Watched:
    """The service over the corpus, with our own index readers and without."""
    return Watched(Settings(timeout_s=30, index=request.param), FolderSource(corpus / "files"))


def ask(service: Service, film: str, at_ms: int, mode: str) -> Answer:
    """Asks for a small picture."""
    fast = ",m_fast" if mode == "fast" else ""
    return service.answer(Call("GET", f"/{film}", f"x-oss-process=video/snapshot,t_{at_ms},w_16{fast}"))


@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
@pytest.mark.parametrize("film", sorted({case.film for case in cases()}))
def test_the_right_picture_at_the_right_time(service: Watched, film: str) -> None:
    """Every gated time is within 0.5 ms, and every gated picture is right to the bit."""
    wrong = []
    for case in cases():
        if case.film != film or case.at_ms in DIFFERENT.get(film, ()):
            continue
        answer = ask(service, film, case.at_ms, case.mode)
        if answer.status != 200 or service.taken is None:
            wrong.append(f"{case}: {answer.status} {answer.body.decode()}")
            continue
        taken_ms = float(answer.header("x-framefetch-time") or "nan")
        if case.wanted_ms is not None and not abs(taken_ms - case.wanted_ms) <= 0.5:
            wrong.append(f"{case}: took {taken_ms}, wanted {case.wanted_ms}")
        elif case.wanted_md5 and md5_of(service.taken.frame) not in case.wanted_md5:
            wrong.append(f"{case}: another picture at {taken_ms}")
    assert wrong == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
@pytest.mark.parametrize("film", [row["file"] for row in rows() if row.get("refuse")])
def test_what_is_no_film_is_refused(service: Watched, film: str) -> None:
    """What cannot give a picture is answered with a client error that says what it is."""
    if service.settings.index == "generic" and film == "sec__moov_size_huge.mp4":
        pytest.skip("not here: FFmpeg alone takes an index that claims to be larger than the object")
    answer = ask(service, film, 0, "exact")
    assert answer.status == 400
    assert any(code in answer.body for code in (b"<Code>BadRequest</Code>", b"<Code>ImageTooLarge</Code>"))
