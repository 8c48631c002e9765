"""Rules for uploads: text in, outputs out."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.errors import InvalidObjectName
from framefetch.rules import Output, Rules, Upload
from framefetch.rules.reading import parse

RULES = """
# Two pictures of each film.
uploads/*.mp4,uploads/*.mov=video/snapshot,t_0,w_640;style/late=thumbs/{dir}{stem}-{etag}-{t}.{ext}
shop/*=video/snapshot,t_1000,f_png=s3://thumbs/{bucket}/{key}/{etag}-{id}.{ext}?region=eu-west-1 bucket=shop
"""
STYLES = {"late": "video/snapshot,m_fast,t_5000"}


def read(text: str) -> Rules:
    return parse(text, STYLES, max_side=8192)


def test_outputs() -> None:
    """A rule gives each of its pictures a key made of the upload's name, its ETag and the process."""
    made = read(RULES).outputs(Upload("films", "uploads/2026/a b+中.mp4"), "abc-2")
    assert made == (
        Output("", "thumbs/uploads/2026/a b+中-abc-2-0.jpg", "video/snapshot,t_0,f_jpg,w_640"),
        Output("", "thumbs/uploads/2026/a b+中-abc-2-5000.jpg", "video/snapshot,t_5000,f_jpg,m_fast"),
    )


@pytest.mark.parametrize(
    ("process", "ext"),
    [
        ("video/snapshot", "jpg"),
        ("video/snapshot,f_webp", "webp"),
        ("video/sprite", "jpg"),
        ("video/animation", "webp"),
        ("video/info", "json"),
    ],
)
def test_ending(process: str, ext: str) -> None:
    """An output's ending is that of what is made."""
    (made,) = read(f"*.mp4={process}=o/{{stem}}-{{etag}}.{{ext}}").outputs(Upload("films", "a.mp4"), "e")
    assert made.key == f"o/a-e.{ext}"


def test_another_bucket() -> None:
    """A rule may write to another store, and may be for the uploads of one bucket only."""
    rules = read(RULES)
    (made,) = rules.outputs(Upload("shop", "shop/x.mp4"), "e")
    assert (made.place, made.process) == (
        "s3://thumbs?region=eu-west-1",
        "video/snapshot,t_1000,f_png",
    )
    assert re.fullmatch(r"shop/shop/x\.mp4/e-[0-9a-f]{8}\.png", made.key)
    assert rules.outputs(Upload("films", "shop/x.mp4"), "e") == ()


def test_folder_as_place() -> None:
    """A place that begins like a path is a folder."""
    (made,) = read("*.mp4=video/snapshot=/srv/thumbs/a/{stem}-{etag}.{ext}").outputs(
        Upload("", "d/x.mp4"), "e"
    )
    assert (made.place, made.key) == ("/srv/thumbs/a", "x-e.jpg")


@pytest.mark.parametrize(
    ("key", "matches"),
    [
        ("uploads/a.mp4", True),
        ("uploads/IMG_0001.MOV", True),
        ("uploads/a.mkv", False),
        ("other/uploads/a.mp4", False),
        ("uploads.mp4", False),
    ],
)
def test_match(key: str, *, matches: bool) -> None:
    """Prefixes are exact, suffixes are taken in any case, and the two never overlap."""
    assert read(RULES).match(Upload("films", key)) is matches


def test_own_outputs_are_known() -> None:
    """What lies where a rule writes is its own: in the upload's bucket, or in the one that the rule names."""
    rules = read(RULES)
    assert rules.have_written(Upload("films", "thumbs/x.mp4"))
    assert not rules.have_written(Upload("films", "thumbs.mp4"))
    assert rules.have_written(Upload("thumbs", "anything.mp4"))
    assert not rules.have_written(Upload("shop", "anything.mp4"))


def test_json_says_the_same() -> None:
    """Rules as JSON mean what the lines mean."""
    rows = [
        {
            "match": ["uploads/*.mp4", "uploads/*.mov"],
            "process": ["video/snapshot,t_0,w_640", "style/late"],
            "to": "thumbs/{dir}{stem}-{etag}-{t}.{ext}",
        },
        {
            "match": "shop/*",
            "process": "video/snapshot,t_1000,f_png",
            "to": "s3://thumbs/{bucket}/{key}/{etag}-{id}.{ext}?region=eu-west-1",
            "bucket": "shop",
        },
    ]
    assert read(json.dumps(rows)) == read(RULES)
    assert read("") == Rules()


KEY = "thumbs/{stem}-{etag}.{ext}"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("uploads/*", "is not PREFIX*SUFFIX[,…]=PROCESS"),
        ("uploads/*=video/snapshot", "is not PREFIX*SUFFIX[,…]=PROCESS"),
        (f"uploads/*=video/snapshot={KEY} cache=1", "'cache=1'"),
        (f"uploads/=video/snapshot={KEY}", "with one *"),
        (f"u*p*=video/snapshot={KEY}", "with one *"),
        (f"uploads/*=video/nothing={KEY}", "'video/nothing': "),
        (f"uploads/*=video/snapshot,f_auto={KEY}", "name the format"),
        (f"uploads/*=video/sprite,f_vtt={KEY}", "relative to the film's own address"),
        (f"uploads/*=style/none={KEY}", "'style/none': No Such Image Style."),
        (f"uploads/*=video/snapshot,w_9000={KEY}", "above 8192"),
        ("uploads/*=video/snapshot=thumbs/{stem}.jpg", "needs {etag}"),
        ("uploads/*=video/snapshot=thumbs/{stem}-{etag}-{time}.jpg", "'{time}' is not one of"),
        ("uploads/*=video/snapshot=thumbs/{stem}-{etag}-{.jpg", "is not one of"),
        ("uploads/*=video/snapshot=thumbs/../{etag}.jpg", "empty, . or .. part"),
        ("uploads/*=video/snapshot=thumbs//{etag}.jpg", "empty, . or .. part"),
        ("uploads/*=video/snapshot={stem}-{etag}.jpg", "folder of its own"),
        ("thumbs/a*=video/snapshot=thumbs/{etag}.jpg", "never count as films"),
        (f"uploads/*=video/snapshot,t_0;video/snapshot,t_1={KEY}", "add {id}"),
        ("uploads/*=video/snapshot=ftp://bucket/{etag}", "s3://bucket/key"),
        ("uploads/*=video/snapshot=s3://{bucket}/{etag}", "s3://bucket/key"),
        ('[{"match": "a*", "to": "t/{etag}"}]', "''"),
        ('[{"match": "a*", "from": "x"}]', "match, process, to, bucket"),
        ('{"match": 1}', "texts"),
        ("[", "not valid JSON"),
    ],
)
def test_bad_rules(line: str, complaint: str) -> None:
    """A rule that could lose a picture, or is not understood, is refused with the place and what it takes."""
    with pytest.raises(ValueError, match=re.escape(complaint)) as caught:
        read(line)
    assert re.search(r"line 1|entry 1|JSON", str(caught.value))


def test_key_too_long() -> None:
    """A key that no store takes is refused before anything is read."""
    rules = read("*=video/snapshot=thumbs/{stem}{etag}{stem}")
    assert rules.outputs(Upload("b", "x" * 450), "e")
    with pytest.raises(InvalidObjectName):
        rules.outputs(Upload("b", "中" * 300), "e")


@given(st.text(), st.text(st.characters(codec="ascii"), min_size=1, max_size=40))
def test_outputs_are_a_pure_function(key: str, etag: str) -> None:
    """The same upload has the same keys always; another ETag has others; all stay under the fixed folder."""
    rules = read("*=video/snapshot;video/snapshot,t_9=thumbs/{id}/{etag}")
    upload = Upload("b", key)
    made = rules.outputs(upload, etag)
    assert made == rules.outputs(Upload("b", key, etag="other", version="7", sequencer="9"), etag)
    assert len({one.key for one in made} | {one.key for one in rules.outputs(upload, etag + "0")}) == 4
    assert all(one.key.startswith("thumbs/") and one.key.count("/") == 2 for one in made)


@pytest.mark.parametrize(
    "lines",
    [
        ("*.mp4=video/snapshot,t_0=o/{stem}-{etag}.{ext}", "*=video/snapshot,t_1=o/{stem}-{etag}.{ext}"),
        ("a/*=video/snapshot,t_0=o/{name}{etag}", "a/b/*.mp4=video/snapshot,t_0,w_64=o/{name}{etag}"),
        ("*=video/snapshot,t_0=s3://b/{key}{etag}?region=a", "*=video/sprite=s3://b/{key}{etag}?region=b"),
        ("*=video/snapshot,t_0=o/{key}{etag} bucket=films", "*=video/sprite=o/{key}{etag}"),
        ("*=style/late=o/{key}{etag}.jpg", "# a remark", "*=video/info;video/sprite=o/{key}{etag}.{ext}"),
    ],
)
def test_rules_that_would_share_a_key(lines: tuple[str, ...]) -> None:
    """Two rules that would have different pictures of a film under one key are refused: one would be lost."""
    with pytest.raises(
        ValueError, match=rf"line 1 and line {len(lines)} of the rules .*under one key.*add \{{id}}"
    ):
        read("\n".join(lines))


@pytest.mark.parametrize(
    "lines",
    [
        ("*.mp4=video/snapshot,t_0=o/{stem}-{etag}.{ext}", "*.mov=video/snapshot,t_1=o/{stem}-{etag}.{ext}"),
        ("a/*=video/snapshot,t_0=o/{name}{etag}", "b/*=video/snapshot,t_1=o/{name}{etag}"),
        ("*=video/snapshot,t_0=o/{key}{etag}", "*.mp4=video/snapshot=o/{key}{etag}"),
        ("*=video/snapshot,t_0=o/{key}{etag}{t}", "*=video/snapshot,t_1=o/{key}{etag}{t}"),
        ("*=video/snapshot,t_0=o/{key}{etag} bucket=films", "*=video/snapshot,t_1=o/{key}{etag} bucket=shop"),
        ("*=video/snapshot,t_0=s3://one/{key}{etag}", "*=video/snapshot,t_1=s3://two/{key}{etag}"),
        ("*=video/snapshot,t_0=o/{key}{etag}", "*=video/snapshot,t_1=p/{key}{etag}"),
    ],
)
def test_rules_that_share_no_key(lines: tuple[str, ...]) -> None:
    """Rules that are for other films, or have the same picture in mind, or other keys, are as good as one."""
    assert len(read("\n".join(lines)).rules) == 2


@pytest.mark.parametrize(
    ("line", "buckets"),
    [
        ("*.mp4=video/snapshot=s3://films/{key}-{etag}.jpg", ["films"]),
        ("*.mp4=video/snapshot=oss://films/{key}-{etag}.jpg bucket=films", ["films", "shop"]),
        ("o/a/*=video/snapshot=s3://films/o/{key}-{etag}.jpg", ["films"]),
        ("o/a/*=video/snapshot=p/{etag}\nb/*=video/snapshot=s3://films/o/{etag}", ["films"]),
    ],
)
def test_rules_that_are_for_their_own_pictures(line: str, buckets: list[str]) -> None:
    """Where all that a rule is for lies where pictures go, no film would ever get one: that is refused."""
    with pytest.raises(ValueError, match=r"would make no picture.*folder of their own"):
        read(line).check(buckets)


@pytest.mark.parametrize(
    ("line", "buckets"),
    [
        ("*.mp4=video/snapshot=s3://films/o/{key}-{etag}.jpg", ["films"]),
        ("*.mp4=video/snapshot=s3://thumbs/{key}-{etag}.jpg", ["films", "thumbs"]),
        ("*.mp4=video/snapshot=s3://films/{key}-{etag}.jpg bucket=shop", ["shop", "films"]),
        ("a/*,o/*=video/snapshot=o/{key}-{etag}.jpg", ["films"]),
        ("*=video/snapshot=o/{key}-{etag}.jpg", [""]),
        ("*=video/snapshot=o/{key}-{etag}.jpg bucket=other", ["films"]),
        (RULES, ["films", "shop", "thumbs"]),
    ],
)
def test_rules_that_are_for_films(line: str, buckets: list[str]) -> None:
    """Pictures in a bucket of their own need no folder, also where that one is served as well."""
    read(line).check(buckets)


def test_places_in_the_folder_of_the_films() -> None:
    """A place inside the folder of the films is known as one where pictures go."""
    rules = read(
        "*=video/snapshot=/srv/films/thumbs/{name}-{etag}.{ext}\n*=video/sprite=/srv/s/{name}-{etag}.{ext}"
    )
    inside = rules.within({"/srv/films/thumbs": "thumbs/"})
    assert inside.have_written(Upload("", "thumbs/a.jpg"))
    assert not inside.have_written(Upload("", "a.jpg"))
    upload = Upload("", "a.mp4")
    assert [(one.place, one.key) for one in inside.outputs(upload, "e")] == [
        ("", "thumbs/a.mp4-e.jpg"),
        ("/srv/s", "a.mp4-e.jpg"),
    ]
    with pytest.raises(ValueError, match="would make no picture"):
        rules.within({"/srv/films/thumbs": ""}).check([""])
