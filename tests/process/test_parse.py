"""The process string: what is understood, what is refused, and with which of OSS's codes."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framefetch.errors import ImageTooLarge, InvalidArgument, InvalidRequest
from framefetch.http.call import Call
from framefetch.process import (
    MAX_NUMBER,
    SNAPSHOT,
    SNAPSHOT_PARAMETERS,
    Fit,
    Format,
    Mode,
    Rotate,
    SnapshotRequest,
    check_size,
    parse,
    process_of,
)
from tests.asked import picture_asked

MAX_SIDE = 8192

SIDES = st.integers(0, MAX_SIDE)
REQUESTS = st.one_of(
    [
        st.builds(
            SnapshotRequest,
            at_ms=st.integers(0, MAX_NUMBER),
            mode=st.sampled_from(Mode),
            format=st.sampled_from(Format),
            rotate=st.sampled_from(Rotate),
            quality=st.integers(0, 100),
            fit=st.sampled_from(Fit),
            background=st.sampled_from(["", "FFFFFF", "0A1B2C"]),
            **sides,
        )
        for sides in ({"width": SIDES, "height": SIDES}, {"long_side": SIDES, "short_side": SIDES})
    ]
)


def asked(parameters: str) -> SnapshotRequest:
    return picture_asked(SNAPSHOT + parameters, max_side=MAX_SIDE)


def refused(text: str) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        parse(text, max_side=MAX_SIDE)
    return caught.value


@pytest.mark.parametrize(
    ("parameters", "field", "value"),
    [
        (",t_17000", "at_ms", 17000),
        (",t_0p", "at_percent", 0),
        (",t_50p", "at_percent", 50),
        (",t_0100p", "at_percent", 100),
        (",t_auto", "is_auto", True),
        (",t_0", "at_ms", 0),
        (",t_0000", "at_ms", 0),
        (",t_0017", "at_ms", 17),
        (f",t_{MAX_NUMBER}", "at_ms", MAX_NUMBER),
        (",w_800", "width", 800),
        (",w_0", "width", 0),
        (",w_8192", "width", 8192),
        (",h_600", "height", 600),
        (",h_0", "height", 0),
        (",h_8192", "height", 8192),
        (",l_8192", "long_side", 8192),
        (",s_8192", "short_side", 8192),
        (",m_fast", "mode", Mode.FAST),
        (",f_jpg", "format", Format.JPG),
        (",f_png", "format", Format.PNG),
        (",ar_auto", "rotate", Rotate.AUTO),
        (",ar_h", "rotate", Rotate.PORTRAIT),
        (",ar_w", "rotate", Rotate.LANDSCAPE),
        (",f_webp", "format", Format.WEBP),
        (",f_avif", "format", Format.AVIF),
        (",f_auto", "format", Format.AUTO),
        (",q_1", "quality", 1),
        (",q_100", "quality", 100),
        (",fit_stretch", "fit", Fit.STRETCH),
        (",fit_contain", "fit", Fit.CONTAIN),
        (",fit_cover", "fit", Fit.COVER),
        (",fit_pad", "fit", Fit.PAD),
        (",bg_ff00A1", "background", "FF00A1"),
    ],
)
def test_each_parameter_sets_its_field(parameters: str, field: str, value: object) -> None:
    """Every documented value is read into its own field, and into no other."""
    got = asked(parameters)
    assert getattr(got, field) == value
    assert parse(got.canonical(), max_side=MAX_SIDE) == got
    assert dataclasses.replace(got, **{field: getattr(SnapshotRequest(), field)}) == SnapshotRequest()


def test_nothing_given() -> None:
    """Without parameters: the first picture, exact, jpg, in its own size, not turned."""
    assert asked("") == SnapshotRequest(0, 0, 0, Mode.EXACT, Format.JPG, Rotate.NONE)


@pytest.mark.parametrize(
    ("part", "ec"),
    [
        *(
            (f"t_{bad}", "101")
            for bad in (
                "-32",
                "+1",
                "1.5",
                "1e3",
                "0x10",
                "17s",
                "50%",
                "p",
                "-1p",
                "101p",
                "1.5p",
                "50pp",
                "AUTO",
                "auto_",
                " 1",
                "1_0",
                "٣",
                "²",
            )
        ),
        (f"t_{MAX_NUMBER + 1}", "101"),
        ("t_" + "9" * 5000, "101"),
        *((f"w_{bad}", "104") for bad in ("-800", "8193", "800px", "auto", "99999999999999999999")),
        *((f"l_{bad}", "102") for bad in ("-800", "8193", "x", "99999999999999999999")),
        *((f"s_{bad}", "103") for bad in ("-800", "8193", "1.0", "99999999999999999999")),
        ("w_5,l_5", "109"),
        ("h_0,s_5", "109"),
        *((f"h_{bad}", "105") for bad in ("-600", "8193", "600.0", "h", "99999999999999999999")),
        *((f"m_{bad}", "106") for bad in ("32", "exact", "FAST", "fast_", "slow")),
        *((f"f_{bad}", "107") for bad in ("32", "jpeg", "gif", "JPG", "jpg_")),
        *((f"ar_{bad}", "108") for bad in ("32", "none", "90", "AUTO", "auto_")),
        *((f"q_{bad}", "109") for bad in ("0", "101", "-1", "85.5", "high")),
        *((f"fit_{bad}", "109") for bad in ("fill", "COVER", "cover_", "1")),
        *((f"bg_{bad}", "109") for bad in ("white", "fff", "#ffffff", "FFFFFFF", "GGGGGG")),
        *((bad, "109") for bad in ("", "t", "t_", "_", "_5", "w", "T_5", "x_5", "t5", " t_5", "t-5", "\0_1")),
    ],
)
def test_each_fault_has_its_code(part: str, ec: str) -> None:
    """A bad value is refused with the EC of its parameter, a part that cannot be read with 109."""
    error = refused(f"{SNAPSHOT},f_jpg,{part}")
    assert (error.status, error.code, error.ec) == (400, "InvalidArgument", f"0053-00000{ec}")
    assert error.hint
    names = [name for name, _ in error.extras]
    assert names == ["ArgumentName", "ArgumentValue"]
    name, _, value = part.partition("_")
    if (
        name in {row.name for row in SNAPSHOT_PARAMETERS}
        and value
        and (ec != "109" or name in ("q", "fit", "bg"))
    ):
        assert (dict(error.extras)["ArgumentName"], dict(error.extras)["ArgumentValue"]) == (name, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{SNAPSHOT},t_{MAX_NUMBER + 1}", f"at most {MAX_NUMBER}."),
        (f"{SNAPSHOT},w_{MAX_NUMBER + 1}", f"at most w_{MAX_SIDE}"),
        (f"video/sprite,ss_{MAX_NUMBER + 1}", f"at most {MAX_NUMBER}."),
        ("video/animation,num_10001", "at most 10000."),
    ],
)
def test_numbers_have_their_bounds_in_words(text: str, said: str) -> None:
    """A whole number that is too large is answered with the largest that is taken."""
    assert said in refused(text).hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "video",
        "video/",
        "video/snapshot/",
        "Video/Snapshot",
        "video/snapshots,t_0",
        "video/snapshot t_0",
        "video/snapshot;t_0",
        "video/convert,f_mp4",
        "image/resize,w_100",
        "style/small",
        " video/snapshot",
        "video/snapshot,t_0/resize,w_10",
        "video/snapshot,t_0|sys/saveas,o_YQ",
    ],
)
def test_other_actions_are_refused(text: str) -> None:
    """Anything but one video/snapshot is 400 with EC 109, and names what was sent."""
    error = refused(text)
    assert error.ec == "0053-00000109" or text.endswith(("w_10", "o_YQ"))
    assert error.status == 400
    assert error.hint


def test_no_process_string() -> None:
    """A request without x-oss-process is told what to ask."""
    with pytest.raises(InvalidRequest) as caught:
        parse(None, max_side=MAX_SIDE)
    assert "x-oss-process=video/snapshot" in caught.value.hint


def test_last_duplicate_counts() -> None:
    """A parameter given twice: the last one wins, also over a bad one before it."""
    assert asked(",t_1,w_5,t_2") == SnapshotRequest(at_ms=2, width=5)
    assert asked(",t_-1,t_2") == SnapshotRequest(at_ms=2)
    assert refused(f"{SNAPSHOT},t_2,t_-1").ec == "0053-00000101"


def test_what_oss_knows_is_written_as_before() -> None:
    """What is not OSS's leaves no trace in the canonical text of a request that does not use it."""
    plain = asked(",ar_auto,w_800,h_600,m_fast,f_png,t_17000,fit_stretch")
    assert plain.canonical() == "video/snapshot,t_17000,f_png,w_800,h_600,m_fast,ar_auto"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", Format.AVIF),
        ("image/webp,*/*", Format.WEBP),
        ("IMAGE/WEBP", Format.WEBP),
        ("image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", Format.JPG),
        ("image/avif;q=0, image/webp;q=0.5", Format.WEBP),
        ("image/avif;q=0,image/webp;q=0.000", Format.JPG),
        ("image/avif;q=x, image/webp", Format.WEBP),
        ("image/avif ; v=1 ; q=0.1", Format.AVIF),
        ("*/*", Format.JPG),
        ("", Format.JPG),
        (None, Format.JPG),
        (";;,,q=", Format.JPG),
    ],
)
def test_auto_by_accept(accept: str | None, wanted: Format) -> None:
    """f_auto becomes the smallest format that the caller names; nothing else about the request changes."""
    request = asked(",t_5,w_9,f_auto")
    assert request.varies
    assert request.for_caller(accept) == dataclasses.replace(request, format=wanted)
    assert asked(",f_png").for_caller(accept) == asked(",f_png")


@given(REQUESTS)
def test_canonical_text_means_the_same(request: SnapshotRequest) -> None:
    """The canonical text of a request, parsed, is the request again, and its own canonical text."""
    again = parse(request.canonical(), max_side=MAX_SIDE)
    assert again == request
    assert again.canonical() == request.canonical()


@given(REQUESTS, st.randoms(use_true_random=False))
def test_order_and_defaults_do_not_matter(request: SnapshotRequest, random: object) -> None:
    """However a request is ordered, and whether defaults are written out, its canonical text is one."""
    parts = [f"t_{request.at_ms:06}", f"f_{request.format}"]
    if request.long_side or request.short_side:
        parts += [f"l_{request.long_side}", f"s_{request.short_side:03}"]
    else:
        parts += [f"w_{request.width}", f"h_{request.height:03}"]
    parts += [f"fit_{request.fit}"]
    if request.quality:
        parts.append(f"q_{request.quality:03}")
    if request.background:
        parts.append(f"bg_{request.background.lower()}")
    if request.mode is Mode.FAST:
        parts.append("m_fast")
    if request.rotate is not Rotate.NONE:
        parts.append(f"ar_{request.rotate}")
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert parse(",".join([SNAPSHOT, *parts]), max_side=MAX_SIDE).canonical() == request.canonical()


@given(REQUESTS, REQUESTS)
def test_different_requests_differ(one: SnapshotRequest, other: SnapshotRequest) -> None:
    """Two requests with one canonical text are one request."""
    assert (one.canonical() == other.canonical()) is (one == other)


@given(st.text())
@example("_")
@example("t_\udcff")
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything but our own refusal, with one of OSS's codes."""
    for whole in (text, f"{SNAPSHOT},{text}", f"{SNAPSHOT},t_{text}", f"{SNAPSHOT},w_{text},h_{text}"):
        try:
            got = parse(whole, max_side=MAX_SIDE)
        except InvalidArgument as error:
            assert error.ec in {row.ec for row in SNAPSHOT_PARAMETERS} | {"0053-00000109"}  # noqa: PT017 - or none
        else:
            assert parse(got.canonical(), max_side=MAX_SIDE) == got


@pytest.mark.parametrize(
    "query",
    [
        "x-oss-process=video/snapshot,t_7000,w_80",
        "x-oss-process=video%2Fsnapshot%2Ct_7000%2Cw_80",
        "x-oss-process=video%2fsnapshot%2ct%5f7000,w_80",
        "x%2Doss%2Dprocess=video/snapshot,t_7000,w_80",
        "spm=qipa250&x-oss-process=video/snapshot,t_7000,w_80",
        "x-oss-process=video/snapshot,t_7000,w_80&x=1",
        "&&x=&x-oss-process=video/snapshot,t_7000,w_80&",
        "x-oss-process=image/info&x-oss-process=video/snapshot,t_7000,w_80",
    ],
)
def test_query_forms(query: str) -> None:
    """Raw or percent-encoded, alone or among others, and the last of two: the same request is found."""
    text = process_of(Call("GET", "/a.mp4", query))
    assert parse(text, max_side=MAX_SIDE) == SnapshotRequest(at_ms=7000, width=80)


@pytest.mark.parametrize("query", ["", "x", "X-OSS-PROCESS=video/snapshot", "x-oss-proces=video/snapshot"])
def test_query_without_process(query: str) -> None:
    """A query without the parameter, in just this case, has no process string."""
    assert process_of(Call("GET", "/a.mp4", query)) is None


def test_empty_process_is_not_none() -> None:
    """x-oss-process without a value is a malformed one, not a missing one."""
    for query in ("x-oss-process", "x-oss-process="):
        text = process_of(Call("GET", "/a.mp4", query))
        assert text == ""
        assert refused(text).ec == "0053-00000109"


def test_plus_is_a_plus() -> None:
    """`+` in the query is a plus, as OSS reads it, and never a space."""
    text = process_of(Call("GET", "/a.mp4", "x-oss-process=video/snapshot,t_+5"))
    assert text == "video/snapshot,t_+5"
    assert refused(text).ec == "0053-00000101"


def test_percent_is_decoded_once() -> None:
    """A doubly encoded string stays literal, and so is malformed."""
    doubly = quote(quote("video/snapshot,t_5", safe=""), safe="")
    text = process_of(Call("GET", "/a.mp4", f"x-oss-process={doubly}"))
    assert text == "video%2Fsnapshot%2Ct_5"
    assert refused(text).ec == "0053-00000109"


@pytest.mark.parametrize(
    ("width", "height", "fits"),
    [(100, 100, True), (101, 99, False), (99, 101, False), (100, 51, True), (1, 100, True)],
)
def test_check_size(width: int, height: int, *, fits: bool) -> None:
    """A side and an area may reach their limits, and not pass them."""
    if fits:
        check_size(width, height, max_side=100, max_pixels=10_000, hint="")
    else:
        with pytest.raises(ImageTooLarge):
            check_size(width, height, max_side=100, max_pixels=10_000, hint="")
    with pytest.raises(ImageTooLarge):
        check_size(100, 100, max_side=100, max_pixels=9_999, hint="")
