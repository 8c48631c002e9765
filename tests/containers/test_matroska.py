from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from framefetch.containers.index import NotUnderstood
from framefetch.containers.matroska import ebml
from framefetch.errors import FilmError, NoVideoStream, UnsupportedCodec, UnsupportedFormat
from framefetch.plan import make_plan
from framefetch.process import Mode
from tests.containers.matroska_films import (
    AVC,
    SOUND,
    VIDEO,
    MatroskaFilm,
    Shot,
    element,
    index_and_needs,
    number,
    shots,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = tuple(shots("K" + 24 * "p", first=1000 * nth, size=8000) for nth in range(40))
"""Forty seconds, a keyframe and a cluster each: 8 MB."""
H264 = MatroskaFilm(codec="V_MPEG4/ISO/AVC", private=AVC)


def time_of(film: MatroskaFilm, at_ms: int, mode: Mode = Mode.EXACT) -> float:
    index, _ = index_and_needs(film.bytes(), at_ms, fast=mode is Mode.FAST)
    return float(make_plan(index, at_ms, mode).time_ms)


@pytest.mark.parametrize("cues", ["end", "front", "none"])
@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("groups", [False, True])
def test_the_picture_at_t_is_found_however_the_film_is_stored(cues: str, live: bool, groups: bool) -> None:  # noqa: FBT001
    """With cues at either end or without, in clusters of known and unknown size, in blocks and groups."""
    film = MatroskaFilm(LONG, cues=cues, live=live, groups=groups)
    for at_ms, exact, fast in ((0, 0, 0), (39, 0, 0), (20_519, 20_480, 20_000), (39_960, 39_960, 39_000)):
        assert time_of(film, at_ms) == exact
        assert time_of(film, at_ms, Mode.FAST) == fast


@pytest.mark.parametrize("cues", ["end", "none"])
def test_past_the_end_is_the_last_keyframe(cues: str) -> None:
    """In both modes, and not before the last picture has been shown for as long as it lasts."""
    film = MatroskaFilm(LONG, cues=cues)
    assert time_of(film, 40_000) == 39_960
    for mode in Mode:
        assert time_of(film, 40_001, mode) == 39_000
        assert time_of(film, 999_999, mode) == 39_000


def test_cues_lead_to_the_cluster_in_few_requests() -> None:
    """Head, cues and one range of blocks: three requests, and little more than the blocks."""
    data = MatroskaFilm(LONG).bytes()
    index, needs = index_and_needs(data, 20_519)
    wanted = make_plan(index, 20_519, Mode.EXACT)
    assert len(needs) <= 3
    assert sum(need.stop - need.start for need in needs) <= 1.3 * wanted.bytes + 200_000
    assert index.held is not None
    assert index.held.gap(wanted.ranges[0].start, wanted.ranges[-1].stop) is None


def test_a_keyframe_that_has_a_cue_is_read_alone() -> None:
    """Fast mode over a known muxer's cues reads no other picture."""
    index, needs = index_and_needs(MatroskaFilm(LONG).bytes(), 20_519, fast=True)
    assert index.table.count == 1
    assert sum(need.stop - need.start for need in needs) < 64 << 10


def test_without_cues_the_way_is_a_bisection() -> None:
    """Of eight megabytes less than a third is read."""
    data = MatroskaFilm(LONG, cues="none").bytes()
    for at_ms in (5_000, 20_519, 39_990):
        _, needs = index_and_needs(data, at_ms)
        assert sum(need.stop - need.start for need in needs) < len(data) / 3


def test_an_unknown_muxer_may_leave_out_keyframes() -> None:
    """Where a program is not known to make a cue of each keyframe, those without are found as well."""
    film = MatroskaFilm(LONG, muxer="somebody", cued=4)
    assert time_of(film, 23_700, Mode.FAST) == 23_000


def test_cues_that_name_no_keyframe_are_seen_through() -> None:
    """A cue for another picture does not become a keyframe."""
    broken = tuple(
        tuple(Shot(shot.time, shot.key and cluster is not LONG[20], 8000) for shot in cluster)
        for cluster in LONG
    )
    data = MatroskaFilm(broken).bytes()
    lying = MatroskaFilm(LONG).bytes()
    # The index of one film with the clusters of the other.
    data = (
        data[: lying.rindex(ebml.CUES.to_bytes(4, "big"))]
        + lying[lying.rindex(ebml.CUES.to_bytes(4, "big")) :]
    )
    index, _ = index_and_needs(data, 20_519, fast=True)
    assert make_plan(index, 20_519, Mode.FAST).time_ms == 19_000
    index, _ = index_and_needs(data, 20_519)
    assert make_plan(index, 20_519, Mode.EXACT).samples[0].pts == 19_000_000_000


def test_a_block_far_into_its_cluster_is_jumped_to() -> None:
    """What lies in the cluster before the block that a cue names is not read."""
    clusters = (shots("K" + 9 * "p", size=9000), shots(("K" + 24 * "p") * 8, first=400, size=9000))
    data = MatroskaFilm(clusters, sound=False).bytes()
    index, needs = index_and_needs(data, 400 + 7000 + 80)
    assert make_plan(index, 7480, Mode.EXACT).time_ms == 7480
    assert sum(need.stop - need.start for need in needs) < 400_000


@pytest.mark.parametrize("at_ms", [0, 40, 80, 100, 120, 160, 199, 200, 240])
def test_pictures_that_are_stored_before_earlier_ones(at_ms: int) -> None:
    """With reordered pictures, the last one at or before t counts, wherever it is stored."""
    times = (0, 120, 40, 80, 240, 160, 200)
    cluster = tuple(Shot(time, key=not time) for time in times)
    film = H264.but(clusters=(cluster, shots("Kp", first=280)))
    assert time_of(film, at_ms) == max(time for time in times if time <= at_ms)


def test_leading_pictures_belong_to_the_keyframe_before() -> None:
    """What an open GOP shows before its keyframe is decoded from the one before."""
    cluster = (Shot(0, key=True), Shot(40), Shot(160, key=True), Shot(80), Shot(120), Shot(200))
    index, _ = index_and_needs(H264.but(clusters=(cluster,)).bytes(), 130)
    plan = make_plan(index, 130, Mode.EXACT)
    assert plan.time_ms == 120
    assert plan.samples[0].pts == 0


@pytest.mark.parametrize(
    ("sound", "video", "zero"),
    [(None, 0, 0), (None, 80, 80), (0, 80, 0), (20, 80, 20), (200, 80, 80), (80, 0, 0)],
)
def test_the_clock_starts_with_the_earliest_track(sound: int | None, video: int, zero: int) -> None:
    """t = 0 is the first picture, or the first sound where that is earlier."""
    cluster = shots("Kppppp", first=video)
    if sound is not None:
        cluster = tuple(sorted((*cluster, Shot(sound, key=True, track=SOUND)), key=lambda shot: shot.time))
    film = MatroskaFilm((cluster,), sound=sound is not None)
    assert time_of(film, 0) == video - zero
    assert time_of(film, video - zero + 45) == video - zero + 40


def test_a_picture_that_vp8_does_not_show_is_never_the_answer() -> None:
    """It is decoded, and counts as shown with the one that follows."""
    cluster = (*shots("Kp"), Shot(78, start=b"\x00"), *shots("pp", first=80))
    index, _ = index_and_needs(MatroskaFilm((cluster,), codec="V_VP8").bytes(), 79)
    assert make_plan(index, 79, Mode.EXACT).time_ms == 40
    plan = make_plan(index, 79, Mode.EXACT)
    assert [sample.number for sample in plan.samples] == [0, 1]
    index, _ = index_and_needs(MatroskaFilm((cluster,), codec="V_VP8").bytes(), 85)
    plan = make_plan(index, 85, Mode.EXACT)
    assert (float(plan.time_ms), len(plan.samples)) == (80, 4)


def test_a_block_says_how_long_its_picture_lasts() -> None:
    """The last picture is shown for its own duration, not for the track's."""
    cluster = (*shots("Kp"), Shot(80, key=True), Shot(120, duration=500))
    film = MatroskaFilm((cluster,))
    assert time_of(film, 620) == 120
    assert time_of(film, 621) == 80


def test_a_film_that_is_cut_short_ends_with_its_last_whole_picture() -> None:
    """Half a block is none, and cues that are gone are not missed."""
    data = MatroskaFilm(LONG).bytes()[: -len(LONG) * 60 - 204_000]
    for mode in Mode:
        index, _ = index_and_needs(data, 38_100, fast=mode is Mode.FAST)
        assert make_plan(index, 38_100, mode).time_ms == (38_080 if mode is Mode.EXACT else 38_000)
        index, _ = index_and_needs(data, 50_000, fast=mode is Mode.FAST)
        assert make_plan(index, 50_000, mode).time_ms in (38_000, 39_000)


def test_other_ticks_than_milliseconds() -> None:
    """A tick may be of any length; times stay exact."""
    film = MatroskaFilm((shots("Kppp", step=1),), scale_ns=33_366_667, default_ns=0)
    index, _ = index_and_needs(film.bytes(), 70)
    assert make_plan(index, 70, Mode.EXACT).time_ms * 10**6 == 2 * 33_366_667


def encodings(kind: int) -> bytes:
    return element(
        ebml.CONTENT_ENCODINGS,
        element(ebml.CONTENT_ENCODING, number(ebml.CONTENT_ENCODING_TYPE, kind)),
    )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"video_extra": encodings(1)}, UnsupportedCodec, id="encrypted"),
        pytest.param({"video_extra": encodings(0)}, NotUnderstood, id="compressed"),
        pytest.param({"video_extra": number(ebml.CODEC_DELAY, 9)}, NotUnderstood, id="codec-delay"),
        pytest.param(
            {"video_extra": element(ebml.TRACK_TIMESTAMP_SCALE, b"\x40\0\0\0")},
            NotUnderstood,
            id="own-timescale",
        ),
        pytest.param({"codec": "V_MS/VFW/FOURCC"}, NotUnderstood, id="codec-in-disguise"),
        pytest.param({"codec": "V_MPEG4/ISO/AVC"}, NotUnderstood, id="no-configuration"),
        pytest.param({"clusters": ((Shot(0, key=True, lacing=2),),)}, NotUnderstood, id="laced"),
        pytest.param({"clusters": ((Shot(-5, key=True),),), "cues": "none"}, NotUnderstood, id="before-0"),
        pytest.param({"clusters": ((Shot(0, key=True, track=SOUND),),)}, NotUnderstood, id="no-pictures"),
        pytest.param({"clusters": ()}, NotUnderstood, id="no-clusters"),
        pytest.param({"scale_ns": 10**10}, NotUnderstood, id="ticks-of-ten-seconds"),
    ],
)
def test_what_is_no_film_for_us(changes: dict[str, Any], error: type[Exception]) -> None:
    """What cannot be answered is refused by name; what FFmpeg may know better is left to it."""
    with pytest.raises(error):
        index_and_needs(MatroskaFilm().but(**changes).bytes())


def test_no_video_track_is_refused_by_name() -> None:
    """A film of sound alone has no picture."""
    data = MatroskaFilm().bytes().replace(number(ebml.TRACK_TYPE, 1), number(ebml.TRACK_TYPE, 2))
    with pytest.raises(NoVideoStream):
        index_and_needs(data)


def test_other_bytes_are_no_matroska() -> None:
    """Without the EBML header it is another format."""
    with pytest.raises(UnsupportedFormat):
        index_and_needs(b"ftyp" * 40)


NAMED: dict[str, Callable[[bytes], bytes]] = {
    "segment cut in its header": lambda data: data[:40],
    "empty": lambda _: b"",
    "one byte": lambda data: data[:1],
    "EBML header of 2^56 bytes": lambda data: data[:4] + b"\x01" + b"\x7f" * 7 + data[12:],
    "EBML header of unknown size": lambda data: data[:4] + b"\x01" + b"\xff" * 7 + data[12:],
    "IDs of 8 bytes": lambda data: data.replace(number(ebml.DOC_TYPE, 0), number(ebml.MAX_ID_BYTES, 8)),
    "tracks that reach out": lambda data: data.replace(
        ebml.TRACK_ENTRY.to_bytes(1, "big") + b"\x01\0\0\0\0\0\0", b"\xae\x01\0\0\0\0\x01\0", 1
    ),
    "track entry of unknown size": lambda data: data.replace(
        b"\xae\x01\0\0\0\0\0\0", b"\xae\x01" + b"\xff" * 6, 1
    ),
    "cluster in a cluster": lambda data: data.replace(
        ebml.SIMPLE_BLOCK.to_bytes(1, "big") + b"\x01", ebml.CLUSTER.to_bytes(4, "big") + b"\x81", 1
    ),
    "block larger than the film": lambda data: data.replace(
        b"\xa3\x01\0\0\0\0\0\0", b"\xa3\x01\0\0\0\xff\0\0", 1
    ),
    "block shorter than its header": lambda data: data.replace(
        b"\xa3\x01\0\0\0\0\0\0\x18", b"\xa3\x01\0\0\0\0\0\0\x02", 1
    ),
    "cluster time of 2^63": lambda data: data.replace(
        b"\xe7\x01\0\0\0\0\0\0\x08\0", b"\xe7\x01\0\0\0\0\0\0\x08\x80"
    ),
    "time of nine bytes": lambda data: data.replace(b"\xe7\x01\0\0\0\0\0\0\x08", b"\xe7\x01\0\0\0\0\0\0\x09"),
    "zeros for clusters": lambda data: data[: data.index(b"\x1f\x43\xb6\x75")] + bytes(5000),
    "two tracks of one number": lambda data: data.replace(
        number(ebml.TRACK_NUMBER, VIDEO), number(ebml.TRACK_NUMBER, 0)
    ),
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("at_ms", [0, 100, 10_000])
def test_named_corruptions(name: str, at_ms: int) -> None:
    """Each ends in one of our exceptions or in a plan inside the object."""
    data = NAMED[name](MatroskaFilm().bytes())
    for fast in (False, True):
        try:
            index, _ = index_and_needs(data, at_ms, fast=fast)
            plan = make_plan(index, at_ms, Mode.FAST if fast else Mode.EXACT)
        except (NotUnderstood, FilmError):
            continue
        assert all(0 <= one.start < one.stop <= len(data) for one in plan.ranges)


VOIDS = b"\xec\x80" * 900_000
CROWDED = {
    "seek-head": element(ebml.SEEK_HEAD, element(ebml.SEEK, VOIDS)),
    "info": element(ebml.INFO, VOIDS),
    "tracks": element(ebml.TRACKS, VOIDS),
    "track": element(ebml.TRACKS, element(ebml.TRACK_ENTRY, VOIDS)),
    "group": element(ebml.CLUSTER, number(ebml.TIMESTAMP, 0), element(ebml.BLOCK_GROUP, VOIDS)),
}


@pytest.mark.parametrize("name", CROWDED)
def test_a_million_elements_are_not_looked_at(name: str) -> None:
    """Two megabytes hold a million elements: whatever they are in, it is left before they cost seconds."""
    good = MatroskaFilm(LONG, groups=True).bytes()
    kind = ebml.CLUSTER if name == "group" else ebml.INFO
    at = good.index(kind.to_bytes(4, "big"))
    with pytest.raises(NotUnderstood, match="too many elements"):
        index_and_needs(good[:at] + CROWDED[name] + good[at:], 20)


@pytest.mark.parametrize("inner", [VOIDS, element(ebml.CUE_TRACK_POSITIONS, VOIDS)])
def test_cues_of_a_million_elements_are_done_without(inner: bytes) -> None:
    """The picture is found by bisection then, as in a film without cues."""
    good = MatroskaFilm(LONG, cues="none").bytes()
    at = good.index(ebml.CLUSTER.to_bytes(4, "big"))
    data = good[:at] + element(ebml.CUES, element(ebml.CUE_POINT, inner)) + good[at:]
    index, _ = index_and_needs(data, 20_519)
    assert make_plan(index, 20_519, Mode.EXACT).time_ms == 20_480
