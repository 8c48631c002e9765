from __future__ import annotations

import pytest

from framefetch.containers.index import Need, NotUnderstood, VideoIndex
from framefetch.containers.isobmff.walk import Walk
from framefetch.errors import CorruptFilm, FilmError, ImageTooLarge, NoVideoStream, UnsupportedCodec
from framefetch.plan import ReadPlan, make_plan
from framefetch.process import Mode
from tests.containers.driving import index_and_needs, index_of
from tests.containers.films import Film, Shot, avc1, box, full, listed, numbers, shots, sound_track
from tests.containers.fragmented import FragmentedFilm

REORDERED = (
    Shot(key=True, delay=80),
    Shot(delay=160),
    Shot(delay=40),
    Shot(delay=40),
    Shot(key=True, delay=80),
    Shot(delay=120),
    Shot(delay=40),
)


def answer(film: Film | FragmentedFilm, at_ms: int, mode: Mode = Mode.EXACT) -> tuple[int, float]:
    """The number of the sample that answers t, by the bytes that it has, and its time."""
    data = film.bytes()
    index = index_of(data, at_ms)
    plan = make_plan(index, at_ms, mode)
    target = plan.samples[-1]
    assert set(data[target.offset : target.offset + target.size]) == {data[target.offset]}
    assert index.table.key_before(plan.samples[0].number) == plan.samples[0].number
    return data[target.offset], float(plan.time_ms)


@pytest.mark.parametrize(
    "film",
    [
        Film(),
        Film(moov_first=True),
        Film(wide_boxes=True),
        Film(co64=True),
        Film(per_chunk=1),
        Film(per_chunk=100),
        Film(before=box(b"free", bytes(70_000))),
        Film(boxes={b"ctts": b""}),
        Film(boxes={b"stsz": full(b"stsz", numbers(10, 10))}),
        Film(boxes={b"stsz": full(b"stz2", numbers(8, 10), bytes([10] * 10))}),
        Film(boxes={b"stsz": full(b"stz2", numbers(4, 10), bytes([0xAA] * 5))}),
        Film(boxes={b"stsz": full(b"stz2", numbers(16, 10), bytes([0, 10] * 10))}),
        Film(boxes={b"stts": listed(b"stts", [(4, 40), (6, 40)])}),
        Film(boxes={b"stss": listed(b"stss", [(1,)]), b"stps": listed(b"stps", [(6,)])}),
        Film(
            boxes={
                b"stss": listed(b"stss", [(1,)]),
                b"sbgp": full(b"sbgp", b"rap ", numbers(3, 5, 0, 1, 1, 4, 0)),
            }
        ),
        Film(other_tracks=(sound_track(2), sound_track(3, handler=b"meta"))),
        FragmentedFilm((shots("Kpppp"), shots("Kpppp"))),
        FragmentedFilm((shots("Kpppp"), shots("Kpppp")), tfdt=False),
        FragmentedFilm((shots("Kpppp"), shots("Kpppp")), wide_times=True),
        FragmentedFilm((shots("Kpppp"), shots("Kpppp")), explicit_base=True),
        FragmentedFilm((shots("Kppp"), shots("pKp"), shots("ppp")), sidx=True, padding=300_000),
        FragmentedFilm((shots("Kpppp"), shots("Kpppp")), mfra=True, padding=300_000),
        FragmentedFilm((shots("Kpppp"), shots("Kpppp")), sound=0),
    ],
    ids=lambda film: type(film).__name__,
)
def test_every_way_to_write_the_same_film_gives_the_same_pictures(film: Film | FragmentedFilm) -> None:
    """Ten pictures, 40 ms each, two keyframes: however the boxes say it, t finds the same pictures."""
    assert [answer(film, at) for at in (0, 39, 40, 199, 200, 399, 400)] == [
        (0, 0.0),
        (0, 0.0),
        (1, 40.0),
        (4, 160.0),
        (5, 200.0),
        (9, 360.0),
        (9, 360.0),
    ]
    assert [answer(film, at, Mode.FAST)[0] for at in (0, 199, 200, 399)] == [0, 0, 5, 5]
    assert answer(film, 401)[0] == answer(film, 401, Mode.FAST)[0] == 5


def test_without_a_list_of_keyframes_every_sample_is_one() -> None:
    """No stss: every sample is a keyframe, and one sample is all that is read."""
    film = Film(boxes={b"stss": b""}).bytes()
    plan = make_plan(index_of(film), 130, Mode.EXACT)
    assert [sample.number for sample in plan.samples] == [3]
    assert plan.bytes == 10


@pytest.mark.parametrize("version", [0, 1])
def test_pictures_shown_out_of_decode_order_are_found_by_when_they_are_shown(version: int) -> None:
    """ctts and an edit list that takes its start off: t counts from the first picture that is shown."""
    film = Film(REORDERED, edits=((600, 80),), edit_version=version)
    assert [answer(film, at) for at in (0, 40, 80, 120, 160, 200, 240)] == [
        (0, 0.0),
        (2, 40.0),
        (3, 80.0),
        (1, 120.0),
        (4, 160.0),
        (6, 200.0),
        (5, 240.0),
    ]


def test_negative_delays_are_read_as_such() -> None:
    """ctts below 0, as QuickTime writes it: pictures are shown before they are decoded, on paper."""
    film = Film(tuple(Shot(key=one.key, delay=one.delay - 80) for one in REORDERED))
    assert [answer(film, at)[0] for at in (0, 40, 120, 160)] == [0, 2, 1, 4]


def test_an_empty_edit_delays_the_film_where_something_else_plays_meanwhile() -> None:
    """60 movie ticks of nothing, and sound from the start: the first picture is shown at 100 ms."""
    edits = ((60, -1), (600, 0))
    film = Film(edits=edits, other_tracks=(sound_track(2, ((600, 0),)),))
    assert answer(film, 0) == (0, 100.0)
    assert answer(film, 140) == (1, 140.0)
    assert answer(Film(edits=edits), 0) == (0, 0.0)


def test_what_an_edit_cuts_is_decoded_but_never_shown() -> None:
    """The film starts at its third picture: decoding starts at the keyframe, and t = 0 is the third."""
    film = Film(edits=((600, 80),))
    plan = make_plan(index_of(film.bytes()), 0, Mode.EXACT)
    assert [sample.number for sample in plan.samples] == [0, 1, 2]
    assert plan.time_ms == 0
    assert {0, 1}.isdisjoint(answer(film, at_ms)[0] for at_ms in range(0, 700, 40))


def test_several_edits_follow_each_other() -> None:
    """The second half first, then the first: t runs through the edits, not through the file."""
    film = Film(edits=((120, 200), (120, 0)))
    assert [answer(film, at) for at in (0, 199, 200, 360)] == [(5, 0.0), (9, 160.0), (0, 200.0), (4, 360.0)]


def test_the_first_video_track_that_is_no_chapter_picture_is_the_film() -> None:
    """Tracks that a chapter list refers to are passed over; of the others the first one counts."""
    chapters = box(b"tref", box(b"chap", numbers(1)))
    other = Film(shots("KK"), in_trak=b"")
    second = other.moov(0)
    start = second.index(b"trak") - 4
    trak = bytearray(second[start:])
    trak[trak.index(b"tkhd") + 16 + 3] = 2
    film = Film(other_tracks=(bytes(trak), box(b"trak", sound_track(3)[8:] + chapters)))
    index = index_of(film.bytes())
    assert index.table.count == 2


def test_leading_pictures_start_at_the_keyframe_before() -> None:
    """Open GOP: a picture decoded after a keyframe and shown before it needs the keyframe before that."""
    film = Film((*REORDERED[:4], Shot(key=True, delay=120), Shot(delay=40), Shot(delay=80)))
    plan = make_plan(index_of(film.bytes()), 160, Mode.EXACT)
    assert plan.samples[-1].number == 5
    assert plan.samples[0].number == 0


def test_only_the_video_tracks_own_bytes_are_planned() -> None:
    """Ranges with small gaps become one, ranges with large gaps stay apart."""
    near = make_plan(index_of(Film().bytes()), 399, Mode.EXACT)
    assert len(near.ranges) == 1
    assert near.bytes == 50
    far = FragmentedFilm((shots("Kpp"), shots("ppp")), padding=300_000).bytes()
    plan = make_plan(index_of(far, 239), 239, Mode.EXACT)
    assert [one.stop - one.start for one in plan.ranges] == [30, 30]


@pytest.mark.parametrize("directory", ["sidx", "mfra"])
def test_a_directory_spares_the_fragments_in_between(directory: str) -> None:
    """40 fragments of 300 KB: with sidx or mfra three requests lead to the one that is wanted."""
    film = FragmentedFilm(tuple(shots("Kppppppp", duration=20) for _ in range(40)), padding=300_000)
    data = film.but(**{directory: True}).bytes()
    index, needs = index_and_needs(data, 6000)
    assert make_plan(index, 6000, Mode.EXACT).time_ms == 6000
    assert len(needs) <= 3
    assert not index.whole
    past = index_of(data, 100_000)
    assert make_plan(past, 100_000, Mode.FAST).time_ms == 39 * 160


def test_bytes_may_arrive_in_any_pieces() -> None:
    """A head, a tail that came at the same time, and the rest byte by byte: the index is the same."""
    film = Film(per_chunk=1, before=box(b"free", bytes(500))).bytes()
    walk = Walk(len(film))
    assert isinstance(walk.feed(0, film[:100]), Need)
    found = walk.feed(len(film) - 200, film[-200:])
    steps = 0
    while isinstance(found, Need):
        steps += 1
        found = walk.feed(found.start, film[found.start : found.start + 7])
    assert isinstance(found, VideoIndex)
    assert steps < len(film)
    assert make_plan(found, 200, Mode.EXACT) == make_plan(index_of(film), 200, Mode.EXACT)


def test_a_film_that_is_cut_short_gives_what_it_has() -> None:
    """Moov first, the last samples missing: pictures before them are found, others are passed on."""
    film = Film(moov_first=True).bytes()[:-25]
    index = index_of(film)
    assert make_plan(index, 250, Mode.EXACT).time_ms == 240
    with pytest.raises(NotUnderstood):
        make_plan(index, 300, Mode.EXACT)


def test_a_chunk_in_the_middle_that_is_not_there_is_passed_on() -> None:
    """What stands before and behind it is found: that its last chunk is there shows a film to be whole."""
    film = Film()
    there = index_of(film.bytes()).table.places(0, 10)
    chunks = [there[number][0] for number in range(0, 10, film.per_chunk)]
    chunks[1] = 1 << 30
    index = index_of(Film(boxes={b"stco": listed(b"stco", [(one,) for one in chunks])}).bytes())
    assert make_plan(index, 0, Mode.EXACT).samples[-1].number == 0
    with pytest.raises(NotUnderstood):
        make_plan(index, 40 * film.per_chunk, Mode.EXACT)


TABLES: tuple[tuple[str, dict[bytes, bytes], type[Exception]], ...] = (
    ("stts has too few samples", {b"stts": listed(b"stts", [(9, 40)])}, NotUnderstood),
    ("stts has an empty run", {b"stts": listed(b"stts", [(0, 40), (10, 40)])}, NotUnderstood),
    ("stts goes backwards", {b"stts": listed(b"stts", [(10, -40)])}, NotUnderstood),
    ("ctts has too many samples", {b"ctts": listed(b"ctts", [(11, 0)])}, NotUnderstood),
    ("ctts is out of this world", {b"ctts": listed(b"ctts", [(10, 1 << 30)])}, NotUnderstood),
    ("stsc has too few samples", {b"stsc": listed(b"stsc", [(1, 1, 1)])}, NotUnderstood),
    ("stsc starts at chunk 0", {b"stsc": listed(b"stsc", [(0, 3, 1)])}, CorruptFilm),
    ("stsc has an empty chunk", {b"stsc": listed(b"stsc", [(1, 0, 1)])}, NotUnderstood),
    ("stsc has two descriptions", {b"stsc": listed(b"stsc", [(1, 3, 1), (4, 1, 2)])}, NotUnderstood),
    ("stsc has an unknown description", {b"stsc": listed(b"stsc", [(1, 3, 7), (4, 1, 7)])}, NotUnderstood),
    ("stsz is missing", {b"stsz": b""}, NotUnderstood),
    ("stsz claims too much", {b"stsz": full(b"stsz", numbers(0, 11), numbers(*[10] * 10))}, NotUnderstood),
    ("stsz claims 2 G samples", {b"stsz": full(b"stsz", numbers(0, 1 << 31))}, CorruptFilm),
    ("stsz claims 2 G bytes", {b"stsz": full(b"stsz", numbers(1 << 28, 10))}, NotUnderstood),
    ("stco is missing", {b"stco": b""}, CorruptFilm),
    ("stco claims too much", {b"stco": full(b"stco", numbers(1 << 28))}, NotUnderstood),
    ("stco is beyond the file", {b"stco": listed(b"stco", [(1 << 30,)] * 4)}, CorruptFilm),
    ("stss goes backwards", {b"stss": listed(b"stss", [(6,), (1,)])}, NotUnderstood),
    ("stss is beyond the end", {b"stss": listed(b"stss", [(11,)])}, NotUnderstood),
    ("stsd is missing", {b"stsd": b""}, NotUnderstood),
    ("a box ends after its parent", {b"stts": b"\0\0\xff\xffstts"}, NotUnderstood),
    ("a box is smaller than its header", {b"stts": b"\0\0\0\x07stts"}, NotUnderstood),
    ("a 64-bit size is missing", {b"stts": b"\0\0\0\x01stts"}, NotUnderstood),
)  # fmt: skip


@pytest.mark.parametrize(("boxes", "error"), [pytest.param(*one[1:], id=one[0]) for one in TABLES])
def test_tables_that_cannot_be_are_never_read(boxes: dict[bytes, bytes], error: type[Exception]) -> None:
    """A table that contradicts the others, or claims more than there is, ends the reading by name."""
    with pytest.raises(error):
        index_of(Film(boxes=boxes).bytes())


FILMS: tuple[tuple[str, bytes, type[Exception]], ...] = (
    ("no moov", Film().bytes()[:100], CorruptFilm),
    ("moov cut short", Film().bytes()[:-10], CorruptFilm),
    ("moov above the limit", box(b"ftyp", b"isom") + b"\x7f\xff\xff\xf0moov", ImageTooLarge),
    ("moov without tracks", box(b"moov", bytes(64)), NoVideoStream),
    ("sound only", Film(handler=b"soun").bytes(), NoVideoStream),
    ("encrypted by its name", Film(entries=(avc1(b"encv"),)).bytes(), UnsupportedCodec),
    ("encrypted by a box", Film(entries=(avc1(b"avc1", box(b"sinf", bytes(8))),)).bytes(), UnsupportedCodec),
    ("a compressed moov", Film(in_moov=box(b"cmov", bytes(8))).bytes(), NotUnderstood),
    ("a video in a track of another kind", Film(handler=b"auxv").bytes(), NotUnderstood),
    ("a sequence of stills", box(b"ftyp", b"avis", bytes(4)) + Film().bytes(), NotUnderstood),
    ("an edit at double speed", Film(edits=((600, 0),)).bytes().replace(b"\0\0\2\x58\0\0\0\0\0\1\0\0", b"\0\0\2\x58\0\0\0\0\0\2\0\0"), NotUnderstood),  # noqa: E501
    ("an empty edit in the middle", Film(edits=((60, 0), (60, -1), (60, 0))).bytes(), NotUnderstood),
    ("a track of sound with 2 G samples", Film(other_tracks=(sound_track(2).replace(numbers(4, 3), numbers(4, 1 << 31)).replace(numbers(3, 20), numbers(1 << 31, 2)),)).bytes(), CorruptFilm),  # noqa: E501
    ("fragments that overlap", FragmentedFilm(starts=(0, 100)).bytes(), NotUnderstood),
    ("a fragment of 2 G samples", FragmentedFilm().bytes().replace(full(b"trun", version=1, flags=0xF01)[4:] + numbers(4), full(b"trun", version=1, flags=0xF01)[4:] + numbers(1 << 31)), CorruptFilm),  # noqa: E501
    ("a fragment of a hundred boxes", FragmentedFilm(moof_extra=box(b"free") * 100).bytes(), NotUnderstood),
    ("no fragments", FragmentedFilm(()).bytes(), NotUnderstood),
)  # fmt: skip


@pytest.mark.parametrize(("film", "error"), [pytest.param(*one[1:], id=one[0]) for one in FILMS])
def test_films_that_are_not_for_us_end_by_name(film: bytes, error: type[Exception]) -> None:
    """What is no film is refused, and what we do not understand is passed on: neither is guessed at."""
    with pytest.raises(error):
        index_of(film, 1000)


def test_nothing_is_asked_for_outside_the_object_or_twice() -> None:
    """A million empty boxes are walked over a bounded number of times, then given up."""
    film = box(b"free") * 100_000
    with pytest.raises((NotUnderstood, FilmError)):
        index_and_needs(film)


def test_plans_are_values() -> None:
    """The same index and t give equal plans."""
    index = index_of(Film().bytes())
    plan = make_plan(index, 100, Mode.EXACT)
    assert isinstance(plan, ReadPlan)
    assert plan == make_plan(index, 100, Mode.EXACT)
