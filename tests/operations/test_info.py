"""``video/info``: the facts of real files, without decoding, in few requests."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from framefetch.http.call import Answer, Call
from framefetch.observe import Record
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.films import RECIPES, Film, make_film

if TYPE_CHECKING:
    from pathlib import Path

INFO = "x-oss-process=video/info"
SIZED_OTHERWISE = {"ax__sample_with_fake_auxiliary_tracks_interleaved_with_primary_video_tracks.mp4"}
"""Its container says 12 x 10, its pictures are 10 x 12: that shows only when they are decoded."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("info")


def service_of(film: Film, **settings: Any) -> Service:
    return Service(Settings(**settings), FolderSource(film.path.parent))


def told(film: Film, **settings: Any) -> dict[str, Any]:
    answer = service_of(film, **settings).answer(Call("GET", f"/{film.path.name}", INFO))
    assert (answer.status, answer.header("content-type")) == (200, "application/json; charset=utf-8"), (
        answer.body
    )
    found: dict[str, Any] = json.loads(answer.body)
    return found


@pytest.mark.parametrize(
    "name",
    ["h264-mp4-front", "h265-mp4", "h264-sar-16-15", "turn-90", "h264-10-bit", "h264-30000-1001", "h264-mov"],
)
def test_facts_of_mp4_and_mov(folder: Path, name: str) -> None:
    """Codec, size, shape, rotation, rate, length and sound are those that the film was made with."""
    film = make_film(RECIPES[name], folder)
    facts = told(film)
    (video,) = facts["VideoStreams"]
    assert facts["Size"] == film.path.stat().st_size
    assert (video["Width"], video["Height"]) == (film.width, film.height)
    assert video["CodecName"] == {"libx264": "h264", "libx265": "hevc"}[film.codec]
    assert int(video["Rotate"]) == film.rotation
    assert video["FrameCount"] == len(film.pictures)
    rate = RECIPES[name].rate
    assert eval_ratio(video["AverageFrameRate"]) == pytest.approx(float(rate), rel=0.01)
    assert video["Duration"] == pytest.approx(float(film.end_ms) / 1000, abs=0.001)
    across, up = map(int, video["SampleAspectRatio"].split(":"))
    assert round(film.width * across / up) == film.display[0]
    assert facts["Framefetch"]["Keyframes"]["Count"] == len(film.keyframes)
    assert len(facts.get("AudioStreams", [])) == (RECIPES[name].audio is not None)


@pytest.mark.parametrize(
    "name",
    [
        "h264-mp4-front",
        "h264-sar-16-15",
        "turn-90",
        "h264-mov",
        "prores-mov",
        "edit-cut-both-ends",
        "edit-several",
    ],
)
def test_facts_are_the_same_whoever_reads_the_index(folder: Path, name: str) -> None:
    """Our own reader and FFmpeg tell the same facts in the same form, but for what only one of them knows."""
    film = make_film(RECIPES[name], folder)
    own, by_ffmpeg = told(film), told(film, index="generic")
    assert own.pop("Framefetch")
    assert own.keys() == by_ffmpeg.keys()
    for kind in ("VideoStreams", "AudioStreams", "Subtitles"):
        for ours, theirs in zip(own.pop(kind, []), by_ffmpeg.pop(kind, []), strict=True):
            if kind == "VideoStreams":
                assert ours.pop("Rotate") == str(film.rotation)
                for fact in ("Profile", "PixelFormat", "BitDepth", "ColorRange"):
                    theirs.pop(fact, ours.pop(fact, None))
            else:
                assert theirs.pop("CodecName")
                assert theirs.pop("CodecLongName")
            assert ours.pop("Duration") == pytest.approx(theirs.pop("Duration"), abs=0.002)
            assert ours == theirs
    assert own == by_ffmpeg


@pytest.mark.parametrize(
    ("name", "container"), [("late-video-mkv", "matroska,webm"), ("late-video-ts", "mpegts")]
)
def test_what_is_not_known_is_left_out(folder: Path, name: str, container: str) -> None:
    """Each stream has its number, language and codec; what a container does not say is not told as 0."""
    facts = told(make_film(RECIPES[name], folder))
    assert facts["FormatName"] == container
    for stream in (*facts["VideoStreams"], *facts["AudioStreams"]):
        assert {"Index", "Language", "CodecName"} <= stream.keys()
        assert [key for key, value in stream.items() if not value and key != "Index"] == []


def eval_ratio(text: str) -> float:
    above, below = map(int, text.split("/"))
    return above / below


@pytest.mark.parametrize(
    "name", ["h264-mkv", "h264-ts", "mjpeg-avi", "h264-fragmented", "vp9-webm", "h264-flv"]
)
def test_facts_of_other_containers(folder: Path, name: str) -> None:
    """Every container tells its codec and the size of its pictures."""
    film = make_film(RECIPES[name], folder)
    (video,) = told(film)["VideoStreams"]
    assert (video["Width"], video["Height"]) == (film.width, film.height)
    assert video["CodecName"]


def test_cost_is_what_a_snapshot_costs(folder: Path) -> None:
    """The bytes and requests that are told for a snapshot of a known film are what it then costs."""
    recipe = replace(RECIPES["h264-mp4-end"], name="costs", count=900, size=(640, 360), options={"crf": "8"})
    film = make_film(recipe, folder)
    service = service_of(film)
    facts = json.loads(service.answer(Call("GET", f"/{film.path.name}", INFO)).body)
    for mode, name in ((",m_fast", "SnapshotFast"), ("", "SnapshotExact")):
        record = Record(service.budget())
        at_ms = int(film.end_ms / 2)
        process = f"x-oss-process=video/snapshot,t_{at_ms}{mode}"
        assert service.answer(Call("GET", f"/{film.path.name}", process), record).status == 200
        known = facts["Framefetch"][name]["KnownIndex"]
        assert (record.trace.received, record.trace.requests) == (known["Bytes"], known["Requests"])
    record = Record(service.budget())
    service.answer(Call("GET", f"/{film.path.name}", INFO), record)
    assert record.trace.requests <= 3


def test_info_is_cached_and_checked_as_pictures_are(folder: Path) -> None:
    """HEAD, ETag, 304 and access are those of a picture; a parameter is refused."""
    film = make_film(RECIPES["h264-mp4-front"], folder)
    service = service_of(film)

    def ask(method: str, query: str = INFO, *headers: tuple[str, str]) -> Answer:
        return service.answer(Call(method, f"/{film.path.name}", query, headers))

    head = ask("HEAD")
    etag = head.header("etag")
    assert etag is not None
    assert (head.status, head.body, head.header("content-type")) == (
        200,
        b"",
        "application/json; charset=utf-8",
    )
    assert ask("GET").header("etag") == etag
    assert ask("GET", INFO, ("if-none-match", etag)).status == 304
    assert (ask("GET", f"{INFO},t_1").status, ask("GET", f"{INFO},t_1").header("x-oss-ec")) == (
        400,
        "0053-00000109",
    )
    signed = Service(
        Settings(access="signed", keys="id:secret", bucket="bucket"), FolderSource(film.path.parent)
    )
    assert signed.answer(Call("GET", f"/{film.path.name}", INFO)).status == 403


def test_info_of_the_corpus(corpus: Path) -> None:
    """Every real film of which there is a picture has its facts, with the size that is known of it."""
    service = Service(Settings(timeout_s=60), FolderSource(corpus / "files"))
    rows = json.loads((corpus / "expected.json").read_text())
    for row in rows:
        answer = service.answer(Call("GET", f"/{row['file']}", INFO))
        assert answer.status in ((200,) if not row.get("refuse") else (200, 400)), (row["file"], answer.body)
        if answer.status == 200 and not row.get("refuse"):
            shown = json.loads(answer.body)
            if row["file"] in SIZED_OTHERWISE:
                continue
            sizes = [(one.get("Width"), one.get("Height")) for one in shown["VideoStreams"]]
            assert (row["width"], row["height"]) in sizes, row["file"]
