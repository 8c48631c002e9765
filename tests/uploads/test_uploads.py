"""The service for uploads, over real stores: one upload in, its pictures in their places."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from framefetch.rules import Upload
from framefetch.server.sample import read_frame_number
from framefetch.settings import BadSetting, Settings
from framefetch.uploads import Uploads
from framefetch.uploads.outcome import What
from framefetch.uploads.picture import CACHE_CONTROL
from tests.uploads.conftest import S3, Bucket, Folder, Oss, Store, settings

if TYPE_CHECKING:
    from tests.films.shelf import Shelf

KEY = "uploads/a film+1 中.mp4"
RULES = (
    "uploads/*.mp4,uploads/*.txt=video/snapshot,t_0,w_96;video/snapshot,t_1000,f_png"
    "=thumbs/{dir}{stem}-{etag}-{t}.{ext}"
)


def uploads_of(store: Store, rules: str = RULES, **more: object) -> Uploads:
    made = Uploads(settings(store, rules, **more))
    made.watch(store.source)
    return made


def what(uploads: Uploads, upload: Upload, *, may_decode: bool = True) -> list[What]:
    return [one.what for one in uploads.handle(upload, may_decode=may_decode)]


def test_pictures(store: Store, film: bytes) -> None:
    """An upload gets all its pictures: the right ones, under keys of their own, with what a cache needs."""
    etag = store.put(KEY, film)
    outcomes = uploads_of(store).handle(Upload(store.bucket, KEY, etag))
    first, second = (f"thumbs/uploads/a film+1 中-{etag}-{end}" for end in ("0.jpg", "1000.png"))
    assert [(one.what, one.key) for one in outcomes] == [(What.WRITTEN, first), (What.WRITTEN, second)]
    jpg, png = store.get(first), store.get(second)
    assert Image.open(io.BytesIO(jpg.body)).size[0] == 96
    assert read_frame_number(Image.open(io.BytesIO(png.body))) == 25
    if not isinstance(store, Folder):
        assert (jpg.content_type, png.content_type) == ("image/jpeg", "image/png")
        assert jpg.cache_control == CACHE_CONTROL
        assert png.metadata["framefetch-etag"] == etag
        assert png.metadata["framefetch-time"] == "1000.000"
        assert png.metadata["framefetch-process"] == "video/snapshot,t_1000,f_png"


def test_duplicates(store: Store, film: bytes) -> None:
    """An event that is delivered three times ends in one object a picture, written once."""
    etag = store.put(KEY, film)
    uploads = uploads_of(store)
    assert what(uploads, Upload(store.bucket, KEY, etag)) == [What.WRITTEN, What.WRITTEN]
    written = store.modified()
    assert what(uploads, Upload(store.bucket, KEY, etag)) == [What.PRESENT]
    # Another process, and an event that does not say the ETag.
    assert what(uploads_of(store), Upload(store.bucket, KEY)) == [What.PRESENT, What.PRESENT]
    assert store.modified() == written


def test_own_output_sixteen_times(store: Store, film: bytes) -> None:
    """Fed with its own output over and over, it writes the pictures of the upload and nothing more."""
    rules = RULES.replace("uploads/*.mp4", "*").replace(";video/snapshot,t_1000,f_png", "")
    etag = store.put(KEY, film)
    uploads = uploads_of(store, rules)
    (made,) = uploads.handle(Upload(store.bucket, KEY, etag))
    written = store.modified()
    for _ in range(16):
        (ignored,) = uploads.handle(Upload(store.bucket, made.key))
        assert ignored.what is What.IGNORED
    assert store.modified() == written
    assert len(written) == 2


def test_own_output_is_known_by_its_mark(bucket: Bucket, film: bytes) -> None:
    """What framefetch wrote is no film wherever it lies, as after the rules were changed."""
    etag = bucket.put(KEY, film)
    (made, _) = uploads_of(bucket).handle(Upload(bucket.bucket, KEY, etag))
    others = uploads_of(bucket, "*=video/snapshot=other/{key}-{etag}.{ext}")
    written = bucket.modified()
    for _ in range(16):
        (ignored,) = others.handle(Upload(bucket.bucket, made.key))
        assert (ignored.what, ignored.why) == (What.IGNORED, "framefetch wrote it")
    assert bucket.modified() == written


def test_fault_of_the_film(store: Store, films: Shelf) -> None:
    """A film of which no picture can be had is recorded beside the pictures, once, and is done."""
    etag = store.put("uploads/bad.mp4", films.refused("garbage").read_bytes())
    uploads = uploads_of(store)
    upload = Upload(store.bucket, "uploads/bad.mp4", etag)
    assert what(uploads, upload) == [What.FAULTY, What.FAULTY]
    record = store.get(f"thumbs/uploads/bad-{etag}-0.jpg.error.json")
    told = json.loads(record.body)
    assert (told["status"], told["code"], told["key"]) == ("400", "BadRequest", "uploads/bad.mp4")
    assert "not supported format" in told["message"]
    written = store.modified()
    assert what(uploads, upload) == [What.PRESENT]
    if not isinstance(store, Folder):
        others = uploads_of(store, "*=video/snapshot=other/{key}-{etag}.{ext}")
        key = f"thumbs/uploads/bad-{etag}-0.jpg.error.json"
        assert what(others, Upload(store.bucket, key)) == [What.IGNORED]
    assert store.modified() == written


def test_replaced_upload(store: Store, film: bytes, films: Shelf) -> None:
    """A late event of an object that was replaced gives the pictures of what is there now, and no others."""
    old = store.put(KEY, b"another film, once")
    new = store.put(KEY, film)
    uploads = uploads_of(store)
    outcomes = uploads.handle(Upload(store.bucket, KEY, old))
    assert all(new in one.key and one.what is What.WRITTEN for one in outcomes)
    assert what(uploads, Upload(store.bucket, KEY, new)) == [What.PRESENT]
    assert len(store.names()) == 3


def test_gone(store: Store) -> None:
    """An upload that was deleted meanwhile is done."""
    assert what(uploads_of(store), Upload(store.bucket, KEY, "etag")) == [What.GONE]
    assert store.names() == []


def test_tried_too_often(store: Store, film: bytes) -> None:
    """A film that may be what ends the process is not decoded again; what is there already counts."""
    etag = store.put(KEY, film)
    uploads = uploads_of(store)
    upload = Upload(store.bucket, KEY, etag)
    assert what(uploads, upload, may_decode=False) == [What.FAILED, What.FAILED]
    assert store.names() == [KEY]
    uploads.handle(upload)
    assert what(uploads, upload, may_decode=False) == [What.PRESENT]


def test_another_place(s3: S3, film: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pictures can go to another store than the uploads'."""
    root = tmp_path_factory.mktemp("thumbs")
    etag = s3.put("x.mp4", film)
    (made,) = uploads_of(s3, f"*.mp4=video/snapshot={root}/{{stem}}-{{etag}}.{{ext}}").handle(
        Upload(s3.bucket, "x.mp4", etag)
    )
    assert made.key == f"x-{etag}.jpg"
    assert (root / made.key).read_bytes()[:2] == b"\xff\xd8"
    assert s3.names() == ["x.mp4"]


def test_forbidden_is_asked_once_more(oss: Oss, film: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A film that may not be read is asked for twice, then recorded, and done."""
    etag = oss.put(KEY, film)
    oss.server.objects[f"{oss.bucket}/{KEY}"].forbidden = True
    caplog.set_level(logging.INFO, "framefetch")
    assert what(uploads_of(oss), Upload(oss.bucket, KEY, etag)) == [What.FAULTY, What.FAULTY]
    asked = [one for one in oss.server.asked if "a%20film" in one.target and "thumbs" not in one.target]
    assert [one.method for one in asked] == ["HEAD", "HEAD"]
    assert json.loads(oss.get(oss.names()[0]).body)["code"] == "AccessDenied"
    assert [json.loads(row.message)["outcome"] for row in caplog.records] == ["faulty", "faulty"]


def test_forbidden_for_a_moment(oss: Oss, film: bytes) -> None:
    """One 403 that passes costs nothing but a second question."""
    etag = oss.put(KEY, film)
    # Four looks for what is there, then the look at the film.
    oss.server.faults.extend([None] * 4 + [lambda handler: handler.fail(403, "AccessDenied")])
    assert what(uploads_of(oss), Upload(oss.bucket, KEY, etag)) == [What.WRITTEN, What.WRITTEN]


def test_store_that_fails(oss: Oss, film: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A store that does not answer is no fault of the film: it comes again, and an error is logged."""
    etag = oss.put(KEY, film)
    uploads = uploads_of(oss)
    oss.server.faults.extend([lambda handler: handler.fail(500, "InternalError")] * 3)
    assert what(uploads, Upload(oss.bucket, KEY, etag)) == [What.FAILED]
    assert [row.levelname for row in caplog.records] == ["ERROR"]
    assert oss.names() == [KEY]
    assert what(uploads, Upload(oss.bucket, KEY, etag)) == [What.WRITTEN, What.WRITTEN]


def test_without_the_right_to_look(oss: Oss, film: bytes) -> None:
    """Who may write pictures and not look at them makes them again; the store keeps the first."""
    etag = oss.put(KEY, film)
    upload = Upload(oss.bucket, KEY, etag)
    uploads_of(oss).handle(upload)
    written = oss.modified()
    for name in oss.names():
        oss.server.objects[f"{oss.bucket}/{name}"].forbidden = name.startswith("thumbs/")
    assert what(uploads_of(oss), upload) == [What.PRESENT, What.PRESENT]
    assert oss.modified() == written


def test_place_that_cannot_be_written(s3: S3, film: bytes) -> None:
    """A place that refuses the picture is no fault of the film either, and nothing is recorded as one."""
    etag = s3.put("x.mp4", film)
    place = s3.source.replace(s3.bucket, "no-such-bucket/{stem}-{etag}.{ext}")
    uploads = uploads_of(s3, f"*.mp4=video/snapshot={place}")
    assert what(uploads, Upload(s3.bucket, "x.mp4", etag)) == [What.FAILED]


def test_several_pictures_cost_little_more(oss: Oss, film: bytes) -> None:
    """The second picture of a film costs one request to read: its index is known."""
    etag = oss.put(KEY, film)
    uploads_of(oss).handle(Upload(oss.bucket, KEY, etag))
    gets = [one for one in oss.server.asked if one.method == "GET" and "thumbs" not in one.target]
    assert len(gets) <= 3


def test_unknown_bucket(s3: S3) -> None:
    """An upload to a bucket that no setting names is not lost: it goes back, and says what to set."""
    (made,) = uploads_of(s3).handle(Upload("another", KEY, "etag"))
    assert made.what is What.FAILED
    assert "FRAMEFETCH_SOURCE" in made.why


def test_not_for_any_rule(s3: S3) -> None:
    """What no rule is for costs no request."""
    assert what(uploads_of(s3), Upload(s3.bucket, "other/x.mp4", "etag")) == [What.IGNORED]
    assert what(uploads_of(s3), Upload(s3.bucket, "uploads/\ud800.mp4", "etag")) == [What.IGNORED]


def test_other_reading_of_a_key(s3: S3, film: bytes) -> None:
    """Where an event does not say whether its key is encoded, the reading that is there counts."""
    etag = s3.put(KEY, film)
    upload = Upload(s3.bucket, "uploads/a film%2B1 中.mp4", etag, key_if_encoded=KEY)
    assert what(uploads_of(s3), upload) == [What.WRITTEN, What.WRITTEN]


def test_bad_settings() -> None:
    """Rules that cannot be read, and sources that cannot be looked through, are bad settings."""
    plain = Settings()
    with pytest.raises(BadSetting, match="FRAMEFETCH_ON_UPLOAD is not valid: line 1 of the rules"):
        Uploads(replace(plain, on_upload="x"))
    with pytest.raises(BadSetting, match=r"'http://example\.com/\{etag\}' is not s3://bucket/key"):
        Uploads(replace(plain, on_upload="a*=video/snapshot=http://example.com/{etag}?sig=secret"))
    with pytest.raises(BadSetting, match=r"^https://example\.com/films cannot be looked through"):
        Uploads(plain).watch("https://example.com/films?sig=secret")
