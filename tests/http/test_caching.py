"""Validators and conditional requests, as RFC 9110 has them; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.errors import PreconditionFailed
from framefetch.http.caching import Validators, cache_control, http_date, is_conditional, is_fresh, validators
from framefetch.http.call import Call
from framefetch.process import Format, Mode, Rotate, SnapshotRequest
from framefetch.settings import Settings
from framefetch.sources import ObjectInfo

LAST = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
SINCE = datetime(2024, 6, 1, tzinfo=UTC)
"""When this process began: no picture that is older can be told apart by a date."""
NEWER = SINCE + timedelta(days=1)
INFO = ObjectInfo(1000, '"abc"', LAST, None)
ASKED = SnapshotRequest(at_ms=17000)
RENDERER = ("quality", 85, "libavcodec", "62.1")
STRONG = Validators('"E1"', LAST)
WEAK = Validators('W/"E1"', LAST)
BARE = Validators(None, None)

NOT_DATES = (
    "",
    "0",
    "yesterday",
    "2024-05-06T07:08:09Z",
    "Mon, 06 May 2024 07:08:09",
    "Mon, 06 May 2024 07:08:09 +0200",
    "Mon, 06 May 2024 07:08:09 EST",
    "Mon, 32 May 2024 07:08:09 GMT",
    "Mon, 06 May 2024 25:08:09 GMT",
    "Mon, 06 May 99999 07:08:09 GMT",
    "Mon, 06 Mai 2024 07:08:09 GMT",
    "Mon, 06 May 2034 07:08:09 GMT, Mon, 06 May 2034 07:08:09 GMT",
    '"E1"',
)


def fresh(current: Validators, *headers: tuple[str, str]) -> bool | str:
    """Whether 304 is the answer; or the header that makes it 412."""
    call = Call("GET", "/a.mp4", headers=headers)
    assert is_conditional(call) is bool(headers)
    try:
        return is_fresh(call, current, SINCE)
    except PreconditionFailed as error:
        return dict(error.extras)["Condition"]


@pytest.mark.parametrize(
    ("field", "current", "wanted"),
    [
        ('"E1"', STRONG, True),
        ('W/"E1"', STRONG, True),
        ('"E1"', WEAK, True),
        ('W/"E1"', WEAK, True),
        ('"E0", "E1"', STRONG, True),
        ('"E0",W/"E1" ,"E2"', STRONG, True),
        (' "E1"\t', STRONG, True),
        (',, "E1",', STRONG, True),
        ("*", STRONG, True),
        (" * ", BARE, True),
        ('"E2"', STRONG, False),
        ('"e1"', STRONG, False),
        ("E1", STRONG, False),
        ('w/"E1"', STRONG, False),
        ("", STRONG, False),
        ('"E1"', BARE, False),
        ('"E0", *', STRONG, False),
    ],
)
def test_if_none_match(field: str, current: Validators, *, wanted: bool) -> None:
    """If-None-Match compares weakly, knows lists and `*`, and nothing else (RFC 9110 §13.1.2)."""
    assert fresh(current, ("if-none-match", field)) is wanted


@pytest.mark.parametrize(
    ("field", "current", "holds"),
    [
        ('"E1"', STRONG, True),
        ('"E0", "E1"', STRONG, True),
        ("*", STRONG, True),
        ("*", WEAK, True),
        ('W/"E1"', STRONG, False),
        ('W/"E1"', WEAK, False),
        ('"E1"', WEAK, False),
        ('"E2"', STRONG, False),
        ('"E1"', BARE, False),
        ("", STRONG, False),
    ],
)
def test_if_match(field: str, current: Validators, *, holds: bool) -> None:
    """If-Match compares strongly: a weak tag on either side never matches (RFC 9110 §13.1.1)."""
    assert fresh(current, ("if-match", field)) == (False if holds else "If-Match")


def test_if_unmodified_since() -> None:
    """It holds from the second of the last change on; with nothing to compare it is ignored."""
    for seconds, wanted in ((-1, "If-Unmodified-Since"), (0, False), (1, False)):
        date = http_date(LAST + timedelta(seconds=seconds))
        assert fresh(STRONG, ("if-unmodified-since", date)) == wanted
    assert fresh(BARE, ("if-unmodified-since", http_date(LAST))) is False


def test_if_modified_since() -> None:
    """304 from the second of the last change on, fractions cut; with nothing to compare it is ignored."""
    current = Validators('"E1"', NEWER.replace(microsecond=999_999))
    for seconds, wanted in ((-1, False), (0, True), (1, True)):
        date = http_date(NEWER + timedelta(seconds=seconds))
        assert fresh(current, ("if-modified-since", date)) is wanted
    assert fresh(BARE, ("if-modified-since", http_date(NEWER))) is False


def test_a_date_never_hides_another_renderer() -> None:
    """A picture from before this process may look different today: its date alone gives no 304."""
    for date in (LAST, LAST + timedelta(days=3), SINCE - timedelta(seconds=1)):
        assert fresh(STRONG, ("if-modified-since", http_date(date))) is False
    assert fresh(STRONG, ("if-modified-since", http_date(SINCE))) is True


@pytest.mark.parametrize("text", NOT_DATES)
def test_what_is_no_date_is_ignored(text: str) -> None:
    """A malformed date, another zone and a list are as good as none (RFC 9110 §13.1.3, §13.1.4)."""
    current = Validators('"E1"', NEWER)
    assert fresh(current, ("if-modified-since", text)) is False
    assert fresh(current, ("if-unmodified-since", text)) is False


def test_old_forms_of_dates() -> None:
    """The two obsolete forms have to be understood as well (RFC 9110 §5.6.7)."""
    current = Validators('"E1"', NEWER)
    for text in ("Sunday, 02-Jun-24 00:00:00 GMT", "Sun Jun  2 00:00:00 2024"):
        assert fresh(current, ("if-modified-since", text)) is True
        assert fresh(current, ("if-unmodified-since", text)) is False
    for text in ("Saturday, 01-Jun-24 23:59:59 GMT", "Sat Jun  1 23:59:59 2024"):
        assert fresh(current, ("if-modified-since", text)) is False
        assert fresh(current, ("if-unmodified-since", text)) == "If-Unmodified-Since"


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        # If-Match decides alone: If-Unmodified-Since is not looked at.
        ((("if-match", '"E1"'), ("if-unmodified-since", http_date(LAST - timedelta(days=1)))), False),
        ((("if-match", '"E2"'), ("if-unmodified-since", http_date(NEWER))), "If-Match"),
        # If-None-Match decides alone: If-Modified-Since is not looked at.
        ((("if-none-match", '"E2"'), ("if-modified-since", http_date(NEWER))), False),
        ((("if-none-match", '"E1"'), ("if-modified-since", http_date(LAST - timedelta(days=1)))), True),
        ((("if-none-match", ""), ("if-modified-since", http_date(NEWER))), False),
        # 412 goes before 304.
        ((("if-none-match", '"E1"'), ("if-match", '"E2"')), "If-Match"),
        ((("if-none-match", '"E1"'), ("if-match", '"E1"')), True),
        (
            (("if-none-match", '"E1"'), ("if-unmodified-since", http_date(LAST - timedelta(days=1)))),
            "If-Unmodified-Since",
        ),
        ((("if-modified-since", http_date(NEWER)), ("if-unmodified-since", http_date(NEWER))), True),
    ],
)
def test_precedence(headers: tuple[tuple[str, str], ...], wanted: object) -> None:
    """The order of RFC 9110 §13.2.2, whichever way round the headers came."""
    assert fresh(STRONG, *headers) == wanted
    assert fresh(STRONG, *reversed(headers)) == wanted


def test_a_field_on_several_lines_is_one_list() -> None:
    """Lines of one name are one list (RFC 9110 §5.3); of dates, that is none."""
    assert fresh(STRONG, ("if-none-match", '"E0"'), ("if-none-match", '"E1"')) is True
    assert fresh(STRONG, ("if-match", '"E0"'), ("if-match", '"E1"')) is False
    date = ("if-modified-since", http_date(NEWER))
    assert fresh(STRONG, date, date) is False


@given(st.text(max_size=60), st.sampled_from(["if-modified-since", "if-unmodified-since"]))
def test_any_date_text_is_survived(text: str, name: str) -> None:
    """No text in a date's place raises, or is taken for a date by accident."""
    assert fresh(STRONG, (name, text)) is False


@given(st.text(max_size=60))
def test_any_tag_text_is_survived(text: str) -> None:
    """No text in a tag's place raises."""
    fresh(STRONG, ("if-none-match", text), ("if-match", text))


def tag(info: ObjectInfo = INFO, request: SnapshotRequest = ASKED, renderer: object = RENDERER) -> str | None:
    return validators(info, request, renderer).etag  # type: ignore[arg-type]


def test_tag_names_everything_that_decides_the_bytes() -> None:
    """The object, its version, each part of the request, each setting and version change the ETag."""
    tags = [
        tag(),
        tag(replace(INFO, etag='"abd"')),
        tag(replace(INFO, version_id="v1")),
        tag(replace(INFO, version_id="v2")),
        *(
            tag(request=request)
            for request in (
                replace(ASKED, at_ms=17001), replace(ASKED, width=1), replace(ASKED, height=1),
                replace(ASKED, long_side=1), replace(ASKED, short_side=1), replace(ASKED, mode=Mode.FAST),
                replace(ASKED, format=Format.PNG), replace(ASKED, rotate=Rotate.AUTO),
            )
        ),
        *(tag(renderer=(*RENDERER[:at], "other", *RENDERER[at + 1 :])) for at in range(len(RENDERER))),
        tag(renderer=(*RENDERER, "x86_64")),
    ]  # fmt: skip
    assert None not in tags
    assert len(set(tags)) == len(tags)
    assert all(one and one[0] == one[-1] == '"' and len(one) == 34 for one in tags)


def test_each_pixel_setting_changes_the_tag() -> None:
    """Every setting that is declared to change pixels enters the ETag; the others do not."""
    base = Settings()
    other = {"int": lambda value: value + 1, "str": lambda value: value + "x"}
    for row in Settings.table():
        value = getattr(base, row.name)
        kind = type(value).__name__
        if kind not in other:
            assert not row.pixels
            continue
        changed = replace(base, **{row.name: other[kind](value)})
        assert (tag(renderer=changed.pixel_values()) != tag(renderer=base.pixel_values())) is row.pixels


def test_what_shapes_pixels_is_declared() -> None:
    """The settings that drawing and encoding read are declared to change pixels."""
    declared = {row.name for row in Settings.table() if row.pixels}
    assert {"quality", "png_level", "aspect", "rotate_order"} <= declared


def test_equal_requests_have_equal_tags() -> None:
    """The same question about the same object has the same ETag, date or not."""
    assert tag() == tag(replace(INFO)) == tag(replace(INFO, last_modified=None, size=2))


def test_no_validator_is_invented() -> None:
    """An object without ETag gives a picture without, a weak one a weak one; likewise the date."""
    without = validators(replace(INFO, etag=None, last_modified=None), ASKED, RENDERER)
    assert (without.etag, without.last_modified, without.headers()) == (None, None, ())
    weak = validators(replace(INFO, etag='W/"abc"'), ASKED, RENDERER)
    assert weak.etag is not None
    assert weak.etag.startswith('W/"')
    assert weak.last_modified == LAST
    assert weak.headers()[1] == ("Last-Modified", "Mon, 06 May 2024 07:08:09 GMT")


def test_only_strong_pictures_are_cached() -> None:
    """A picture that cannot be told from its successor is not to be stored."""
    assert cache_control(STRONG, 3600) == "public, max-age=3600"
    assert cache_control(STRONG, 0) == "public, max-age=0"
    assert cache_control(WEAK, 3600) == cache_control(BARE, 3600) == "no-store"
