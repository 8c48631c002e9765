"""Films without an index: their pictures are found in any stretch of them, and by time in few steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.containers.index import NotUnderstood
from framefetch.containers.opening import opening_ranges
from framefetch.containers.searched.flv import flv_form
from framefetch.containers.searched.keys import begins_with_key
from framefetch.containers.searched.pes import pes_header
from framefetch.containers.searched.ps import ps_form
from framefetch.containers.searched.search import Search, Stretch
from framefetch.containers.searched.ts import ts_form
from framefetch.containers.sniff import RULES
from framefetch.round_trips import WHOLE_BYTES
from tests.containers.streams import PID, WRAP, Shot, five, flash, packets, pes, program, transport

if TYPE_CHECKING:
    from framefetch.containers.index import Need
    from framefetch.containers.searched.places import Form

SHOTS = [Shot(3000 * n, 3000 * n + 6000, 300 + 97 * (n % 5), key=n % 4 == 0, gap=n % 3) for n in range(12)]
MOST_NEEDS = 80


@given(pts=st.integers(0, WRAP - 1), delay=st.integers(0, 90000))
def test_times_are_read_as_they_were_written(pts: int, delay: int) -> None:
    """Any 33 bits survive, with a decode time of their own and without."""
    shot = Shot(pts - delay, pts, 10)
    header = pes_header(pes(shot))
    assert header is not None
    assert (header.pts, header.dts) == (pts, (pts - delay) % WRAP)
    assert pes(shot)[header.payload :].startswith(b"\x00\x00\x01\x09")


def test_times_of_mpeg_1_are_read() -> None:
    """A PES header of MPEG-1 has stuffing and a buffer size before its times."""
    head = b"\x00\x00\x01\xe0\x01\x00\xff\xff\x60\x20"
    both = pes_header(head + five(3, 9000) + five(1, 3000) + bytes(9))
    alone = pes_header(head + five(2, 9000) + bytes(9))
    assert both is not None
    assert alone is not None
    assert (both.pts, both.dts, both.payload) == (9000, 3000, 20)
    assert (alone.pts, alone.dts, alone.payload) == (9000, 9000, 15)


@pytest.mark.parametrize(("before", "after"), [(b"", b""), (b"time", b""), (b"", b"sixteen of check")])
@pytest.mark.parametrize("flag", [True, False])
def test_pictures_are_found_in_packets_of_any_size(before: bytes, after: bytes, *, flag: bool) -> None:
    """Keyframes are known by the flag of the packet, and by what is in them where no flag is set."""
    film = transport(SHOTS, flag=flag, before=before, after=after)
    places = ts_form(film[:4096], PID, "h264").scan(film, 0)
    assert [(place.dts, place.pts, place.is_key) for place in places] == [
        (s.dts, s.pts, s.key) for s in SHOTS
    ]
    assert all(film[place.position] == 0x47 and place.is_aligned for place in places)


@given(start=st.integers(0, 6000), length=st.integers(0, 6000))
def test_a_stretch_of_packets_has_the_pictures_that_begin_in_it(start: int, length: int) -> None:
    """Wherever a stretch starts, its places are those of the film whose packet lies in it."""
    film = b"junk" + transport(SHOTS)
    form = ts_form(film[:4096], PID, "h264")
    places = [(place.position, place.pts) for place in form.scan(film, 0)]
    found = [(place.position, place.pts) for place in form.scan(film[start : start + length], start)]
    stop = min(start + length, len(film))
    assert found == [one for one in places if start <= one[0] and one[0] + 188 <= stop]


def test_other_streams_and_scrambled_packets_are_passed_over() -> None:
    """A place of another PID, or one that cannot be read, is none of the video's."""
    clear = transport(SHOTS[:1])
    scrambled = bytearray(transport(SHOTS[1:2]))
    scrambled[3] |= 0x80
    film = clear + packets(pes(SHOTS[2]), PID + 0x100) + packets(pes(SHOTS[3]), PID + 1) + bytes(scrambled)
    form = ts_form(transport(SHOTS)[:4096], PID, "h264")
    assert [place.dts for place in form.scan(film, 0)] == [SHOTS[0].dts]


def test_a_lost_sync_byte_is_not_understood() -> None:
    """Packets that are not where they should be are for FFmpeg."""
    film = transport(SHOTS)
    form = ts_form(film[:4096], PID, "h264")
    with pytest.raises(NotUnderstood, match="sync"):
        form.scan(film[:1880] + b"x" + film[1880:], 0)
    with pytest.raises(NotUnderstood, match="packets"):
        ts_form(bytes(4096), PID, "h264")


def test_pictures_are_found_in_a_program_stream() -> None:
    """Each PES packet of the video with a time is a place, aligned when it begins with a start code."""
    shots = [*SHOTS[:3], replace(SHOTS[3], size=1)]
    film = program(shots[:3]) + pes(shots[3], length=True, payload=b"tail\x00\x00\x01\x65")
    places = ps_form(0xE0, "h264").scan(film, 0)
    assert [(one.dts, one.is_key, one.is_aligned) for one in places] == [
        (0, True, True),
        (3000, False, True),
        (6000, False, True),
        (9000, True, False),
    ]


def test_pictures_are_found_in_an_flv() -> None:
    """A tag counts when its size is written after it, too; bytes that look like its beginning do not."""
    film = flash(SHOTS)
    places = flv_form().scan(film[100:], 100)
    assert [(one.dts, one.pts, one.is_key) for one in places] == [
        (shot.dts, shot.pts, shot.key) for shot in SHOTS[1:]
    ]


@pytest.mark.parametrize(
    ("codec", "unit", "key"),
    [
        ("h264", b"\x67", True),
        ("h264", b"\x06\x06", True),
        ("h264", b"\x41", False),
        ("hevc", b"\x40\x01", True),
        ("hevc", b"\x26\x01", True),
        ("hevc", b"\x02\x01", False),
        ("mpeg2video", b"\xb3", True),
        ("mpeg2video", b"\x00\x00\x08", True),
        ("mpeg2video", b"\x00\x00\x10", False),
        ("mpeg4", b"\xb6\x00", True),
        ("mpeg4", b"\xb6\x40", False),
        ("av1", b"\x0a", False),
    ],
)
def test_keyframes_are_known_by_their_start_codes(codec: str, unit: bytes, *, key: bool) -> None:
    """By parameter sets, or by the kind of the first picture; of other codecs nothing is known."""
    assert begins_with_key(b"\x00\x00\x01" + unit + bytes(8), codec) is key


def looked_for(search: Search, film: bytes, first: int, at: int) -> tuple[Stretch, list[Need]]:
    """Gives a search what it asks for."""
    steps = search.stretch(first, at)
    needs = []
    try:
        need = next(steps)
        while True:
            assert 0 <= need.start < need.stop <= len(film)
            needs.append(need)
            assert len(needs) <= MOST_NEEDS
            need = steps.send(film[need.start : need.stop])
    except StopIteration as end:
        found: Stretch = end.value
        return found, needs


@st.composite
def long_films(draw: st.DrawFn) -> tuple[list[Shot], int]:
    """Some hundred pictures of uneven sizes, and a place in time."""
    origin = draw(st.sampled_from([0, 133_200, WRAP - 900_000, WRAP - 1]))
    gop = draw(st.integers(1, 60))
    sizes = draw(st.lists(st.integers(1, 90_000), min_size=1, max_size=12))
    stretches = draw(st.lists(st.sampled_from([1, 1, 8, 40]), min_size=1, max_size=4))
    count = 300
    shots = [
        Shot(
            origin + 3000 * n,
            origin + 3000 * n + 6000 * (n % 3 == 0),
            max(1, sizes[n % len(sizes)] // stretches[n * len(stretches) // count]),
            key=n % gop == 0,
            gap=n % 2,
        )
        for n in range(count)
    ]
    return shots, draw(st.integers(-90_000, 3000 * count + 90_000))


@given(made=long_films(), kind=st.sampled_from(["ts", "flv"]))
def test_a_search_ends_at_a_keyframe_before_the_time(made: tuple[list[Shot], int], kind: str) -> None:
    """Where it says to read on, a keyframe is that the picture may need, or the film begins."""
    shots, at = made
    film = transport(shots) if kind == "ts" else flash(shots)
    form = ts_form(film[:4096], PID, "h264") if kind == "ts" else flv_form()
    places = form.scan(film, 0)
    search = Search(form, len(film), 90_000)
    first = shots[0].dts
    for wanted in (at, at // 2):
        stretch, _ = looked_for(search, film, first, first + wanted)
        keys = [
            place.position
            for place, shot in zip(places, shots, strict=True)
            if shot.key and shot.pts - first <= wanted
        ]
        # Not always the last one: what follows is read anyway, and may have a later one in it.
        assert stretch.start in (places[0].position, *keys)


@pytest.mark.parametrize("count", [1000, 8000])
def test_an_even_film_takes_few_questions(count: int) -> None:
    """The way to a picture in the middle of a film of even rate is short, however long the film is."""
    shots = [Shot(3000 * n, 3000 * n, 4000, key=n % 50 == 0) for n in range(count)]
    film = transport(shots)
    _, needs = looked_for(Search(ts_form(film[:4096], PID, "h264"), len(film), 90_000), film, 0, 1500 * count)
    assert len(needs) <= 6


def test_joined_films_are_not_understood() -> None:
    """Where the times at the end are before those at the start, FFmpeg is to look."""
    one = [Shot(3000 * n, 3000 * n, 20_000, key=n % 10 == 0) for n in range(200)]
    film = transport([*(replace(shot, dts=shot.dts + 10**6, pts=shot.pts + 10**6) for shot in one), *one])
    search = Search(ts_form(film[:4096], PID, "h264"), len(film), 90_000)
    with pytest.raises(NotUnderstood, match="grow"):
        looked_for(search, film, 10**6, 10**6 + 590_000)


def test_times_are_counted_from_where_ffmpeg_counts() -> None:
    """FFmpeg may call a film's first time negative, or one too many turns of the clock."""
    shots = [
        Shot(WRAP - 90_000 + 3000 * n, WRAP - 90_000 + 3000 * n, 9000, key=n % 10 == 0) for n in range(300)
    ]
    film = transport(shots)
    form = ts_form(film[:4096], PID, "h264")
    found = {
        looked_for(Search(form, len(film), 90_000), film, first, first + 500_000)[0].start
        for first in (-90_000, WRAP - 90_000)
    }
    assert found == {form.scan(film, 0)[160].position}


FORMS = {
    "ts": ts_form(transport(SHOTS)[:4096], PID, "h264"),
    "ps": ps_form(0xE0, "mpeg2video"),
    "flv": flv_form(),
}
PIECES = [transport(SHOTS), program(SHOTS), flash(SHOTS)]


@given(
    form=st.sampled_from(sorted(FORMS)),
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=400),
            st.builds(
                lambda p, a, n: p[a : a + n],
                st.sampled_from(PIECES),
                st.integers(0, 3000),
                st.integers(0, 800),
            ),
        ),
        max_size=8,
    ),
    at=st.integers(-(1 << 34), 1 << 34),
)
def test_any_bytes_end_in_an_answer_or_are_not_understood(form: str, pieces: list[bytes], at: int) -> None:
    """A search asks a bounded number of times, and raises nothing but `NotUnderstood`."""
    film = b"".join(pieces) * 40
    if not film:
        return
    scan: Form = FORMS[form]
    try:
        stretch, _ = looked_for(Search(scan, len(film), 90_000), film, 0, at)
    except NotUnderstood:
        return
    assert 0 <= stretch.start <= len(film)
    assert 0 <= stretch.stop <= len(film)


@given(
    demuxer=st.sampled_from([name for name, _ in RULES]),
    head=st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=60).map(lambda b: b"RIFF" + b + b"LIST\xff\xff\x10\x00movi"),
    ),
    size=st.one_of(st.integers(1, 1 << 36), st.just(WHOLE_BYTES)),
)
def test_what_is_fetched_for_the_opening_is_bounded(demuxer: str, head: bytes, size: int) -> None:
    """Ranges lie in the object, and are at most the whole of a small one or some megabytes."""
    ranges = opening_ranges(demuxer, head, size)
    assert all(0 <= start <= stop <= size for start, stop in ranges)
    assert sum(stop - start for start, stop in ranges) <= 10 << 20


def test_the_index_of_an_avi_is_fetched_with_its_beginning() -> None:
    """It starts where the list of chunks ends."""
    head = b"RIFF" + bytes(100) + b"LIST" + (5 << 20).to_bytes(4, "little") + b"movi"
    index = 108 + (5 << 20) + 4
    assert (index, 6 << 20) in opening_ranges("avi", head, 6 << 20)
