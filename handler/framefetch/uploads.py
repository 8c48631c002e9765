"""The service for uploads: one upload in, its pictures in their places. Read `handle` from top to bottom.

An output's key follows from the upload's key, ETag and process, and the store refuses a second object
under it: so whatever is delivered twice, out of order or tried again ends in one picture. A film of which
no picture can be had is recorded beside where the picture would be, and is done. Never raises for what an
upload is like; what may succeed later is told as `FAILED`, and whoever delivered it delivers it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from urllib.parse import quote
from xml.etree import ElementTree as ET

from framefetch import __version__, buckets, rules, styles
from framefetch.budget import Budget
from framefetch.call import Call
from framefetch.errors import AccessDenied, FramefetchError, NoSuchKey, SourceError
from framefetch.observe import Record, note
from framefetch.process import PARAMETER
from framefetch.settings import BadSetting
from framefetch.sinks import NewObject
from framefetch.sinks.beside import sink_of
from framefetch.snapshot import Service
from framefetch.sources.locate import open_source, split_root
from framefetch.sources.looking import LookableSource

if TYPE_CHECKING:
    from framefetch.call import Answer
    from framefetch.rules import Output, Upload
    from framefetch.settings import Settings
    from framefetch.sinks import Sink
    from framefetch.sources import Source
    from framefetch.sources.looking import Look

CACHE_CONTROL = "public, max-age=31536000, immutable"
"""Of what is written: under this key there will never be anything else."""
_READS = 2
"""How often a film is looked at when it is replaced meanwhile."""


class What(StrEnum):
    """What became of one picture of an upload."""

    WRITTEN = "written"
    PRESENT = "present"
    IGNORED = "ignored"
    GONE = "gone"
    FAULTY = "faulty"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture, or of an upload that gets none.

    Attributes:
        what: `FAILED` may succeed later; all else is done.
        key: of the picture; empty where it did not come to that.
        why: for people.
    """

    what: What
    key: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Store:
    """Where uploads are: what reads there, and the service over it."""

    source: LookableSource
    service: Service
    sink: Sink


class Uploads:
    """Makes the pictures of uploads, by the rules of one deployment. Shared by all threads.

    Args:
        settings: everything that can be chosen.

    Raises:
        BadSetting: the rules cannot be read, or name a place that nothing can be written to.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.rules = rules_of(settings)
        self._sinks = {
            rule.place: sink_of(open_source(rule.place, settings)) for rule in self.rules.rules if rule.place
        }
        self._stores: dict[str, _Store] = {}

    @classmethod
    def of_deployment(cls, settings: Settings) -> Self:
        """Handles the uploads of all buckets that the settings name.

        Raises:
            BadSetting: they name none, or there are no rules.
        """
        if not settings.on_upload.strip():
            message = "FRAMEFETCH_ON_UPLOAD has to say which pictures an upload gets."
            raise BadSetting(message)
        made = cls(settings)
        # Folders and web servers send no events.
        sources = [one for one in _sources(settings) if split_root(one)[0]]
        if not sources:
            message = "FRAMEFETCH_SOURCE, or FRAMEFETCH_BUCKETS, has to name a bucket that uploads arrive in."
            raise BadSetting(message)
        for source in sources:
            made.watch(source)
        return made

    def watch(self, text: str) -> tuple[str, LookableSource, str]:
        """Adds a source whose uploads are handled.

        Args:
            text: names it, as ``FRAMEFETCH_SOURCE`` does; what counts is its bucket.

        Returns:
            The bucket's name (empty for a folder), the source that is all of it, and the prefix named.

        Raises:
            BadSetting: it is no source, or one that tells nothing of its objects, as a web server.
        """
        bucket, root, prefix = split_root(text)
        if bucket not in self._stores:
            source = open_source(root, self.settings)
            if not isinstance(source, LookableSource):
                message = f"{text} cannot be looked through: a folder, s3, gs, az or oss can."
                raise BadSetting(message)
            self._stores[bucket] = _Store(source, _service(self.settings, source, root), sink_of(source))
        return bucket, self._stores[bucket].source, prefix

    def handle(self, upload: Upload, *, may_decode: bool = True) -> tuple[Outcome, ...]:
        """Makes the pictures of one upload that are not there yet.

        Args:
            upload: as an event or a listing tells of it.
            may_decode: False: it was tried before, and may be what ended the process then.
        """
        try:
            outcomes = self._handle(upload, may_decode=may_decode)
        except FramefetchError as fault:
            # No store is to blame for a key that it cannot name: that one is done.
            may_pass = fault.status >= 500 or fault.retryable
            outcomes = (Outcome(What.FAILED if may_pass else What.FAULTY, why=_told(fault)),)
        for one in outcomes:
            _log(upload, one)
        if all(one.what is What.GONE for one in outcomes) and (other := rules.with_other_key(upload)):
            return self.handle(other, may_decode=may_decode)
        return outcomes

    def budget(self) -> Budget:
        """The allowance of one request to a store beside those of the pictures."""
        return Budget(self.settings.timeout_s, self.settings.max_bytes, self.settings.max_requests)

    def absent(self, upload: Upload) -> list[Output]:
        """The outputs of an upload that are neither there nor recorded as impossible.

        Raises:
            FramefetchError: a store does not answer.
        """
        etag = upload.etag or _etag(self._stores[upload.bucket].source.look(upload.key, self.budget()))
        return [one for one in self.rules.outputs(upload, etag) if not self._is_done(upload, one)]

    def _handle(self, upload: Upload, *, may_decode: bool) -> tuple[Outcome, ...]:
        if ignored := self._is_no_film(upload):
            return (Outcome(What.IGNORED, why=ignored),)
        if upload.bucket not in self._stores:
            why = f"the bucket {upload.bucket} is not named by FRAMEFETCH_SOURCE or FRAMEFETCH_BUCKETS"
            return (Outcome(What.FAILED, why=why),)
        if upload.etag and not self.absent(upload):
            return (Outcome(What.PRESENT),)
        store = self._stores[upload.bucket]
        for _ in range(_READS):
            try:
                look = self._look(store, upload)
            except NoSuchKey:
                return (Outcome(What.GONE, why="there is no such object any more"),)
            except AccessDenied as fault:
                return self._forbidden(upload, fault)
            if look.is_ours:
                return (Outcome(What.IGNORED, why="framefetch wrote it"),)
            made = self._pictures(upload, store, look, may_decode=may_decode)
            if made is not None:
                return made
        return (Outcome(What.FAILED, why="it was replaced again and again while it was read"),)

    def _look(self, store: _Store, upload: Upload) -> Look:
        """What the store says of an upload. A 403 is asked about once more.

        A policy that was just written takes a moment to be known everywhere.
        """
        try:
            return store.source.look(upload.key, self.budget())
        except AccessDenied:
            return store.source.look(upload.key, self.budget())

    def _is_no_film(self, upload: Upload) -> str:
        """Why an upload gets no pictures; empty when it may get some."""
        if any("\ud800" <= char <= "\udfff" for char in upload.key):
            return "its key is not UTF-8"
        if self.rules.have_written(upload):
            return "it lies where pictures of uploads are written"
        return "" if self.rules.match(upload) else "no rule is for it"

    def _pictures(
        self, upload: Upload, store: _Store, look: Look, *, may_decode: bool
    ) -> tuple[Outcome, ...] | None:
        """The pictures that are still to be made of what was looked at; None: it is another by now."""
        etag = _etag(look)
        outcomes = []
        for output in self.rules.outputs(upload, etag):
            if self._is_done(upload, output):
                outcomes.append(Outcome(What.PRESENT, output.key))
            elif not may_decode:
                why = "it was delivered too often before: it may be what ends the process"
                outcomes.append(Outcome(What.FAILED, output.key, why))
            else:
                made = self._picture(upload, store, etag, output)
                if made is None:
                    return None
                outcomes.append(made)
        return tuple(outcomes)

    def _picture(self, upload: Upload, store: _Store, etag: str, output: Output) -> Outcome | None:
        """Makes one picture and writes it; None: the film is another one by now."""
        answer, record = _ask(store.service, upload.key, output.process)
        if answer.status == 403:
            # As for a look, so for reading.
            answer, record = _ask(store.service, upload.key, output.process)
        if answer.status == 200 and str(record.facts.get("etag")).strip('"') != etag:
            return None
        if answer.status == 404:
            return Outcome(What.GONE, output.key, "there is no such object any more")
        if answer.status >= 500 or answer.status == 429:
            return Outcome(What.FAILED, output.key, _said(answer)["message"])
        try:
            if answer.status != 200:
                return self._record(upload, etag, output, _said(answer))
            is_new = self._sink(upload, output).put(output.key, _picture(answer, etag, output), record.budget)
        except FramefetchError as fault:
            # The film is not to blame for what its picture's store says.
            return Outcome(What.FAILED, output.key, _told(fault))
        return Outcome(What.WRITTEN if is_new else What.PRESENT, output.key)

    def _record(self, upload: Upload, etag: str, output: Output, said: dict[str, str]) -> Outcome:
        """Writes down why there is no picture."""
        told = {
            "bucket": upload.bucket,
            "key": upload.key,
            "etag": etag,
            "process": output.process,
            **said,
            "framefetch": __version__,
        }
        body = json.dumps(told, ensure_ascii=False, indent=1).encode()
        new = NewObject(body, "application/json", "no-cache")
        self._sink(upload, output).put(output.record_key, new, self.budget())
        return Outcome(What.FAULTY, output.key, said["message"])

    def _forbidden(self, upload: Upload, fault: AccessDenied) -> tuple[Outcome, ...]:
        """What is to be told of a film that may not be read; written down where its ETag is known."""
        if not upload.etag:
            return (Outcome(What.FAULTY, why=str(fault)),)
        said = {"status": str(fault.status), "code": fault.code, "message": str(fault)}
        outputs = self.rules.outputs(upload, upload.etag)
        return tuple(self._record(upload, upload.etag, one, said) for one in outputs)

    def _is_done(self, upload: Upload, output: Output) -> bool:
        sink = self._sink(upload, output)
        return any(sink.holds(key, self.budget()) for key in (output.key, output.record_key))

    def _sink(self, upload: Upload, output: Output) -> Sink:
        return self._sinks[output.place] if output.place else self._stores[upload.bucket].sink


def rules_of(settings: Settings) -> rules.Rules:
    """The rules of a deployment.

    Raises:
        BadSetting: they cannot be read.
    """
    try:
        named = styles.parse(settings.styles, max_side=settings.max_side)
        return rules.parse(settings.on_upload, named, max_side=settings.max_side)
    except ValueError as error:
        message = f"FRAMEFETCH_ON_UPLOAD is not valid: {error}."
        raise BadSetting(message) from None


def _sources(settings: Settings) -> list[str]:
    if not settings.buckets.strip():
        return [settings.source]
    try:
        return [one.source for one in buckets.parse(settings.buckets).buckets]
    except ValueError as error:
        message = f"FRAMEFETCH_BUCKETS is not valid: {error}."
        raise BadSetting(message) from None


def _service(settings: Settings, source: Source, root: str) -> Service:
    """The service over one bucket. Who may ask for what does not matter to those who make pictures."""
    alone = replace(
        settings,
        source=root,
        bucket="",
        buckets="",
        keys="",
        access="public",
        styles="",
        style_only=False,
        save_to=(),
    )
    return Service(alone, source)


def _ask(service: Service, key: str, process: str) -> tuple[Answer, Record]:
    record = Record(service.budget())
    return service.answer(Call("GET", "/" + quote(key), f"{PARAMETER}={quote(process)}"), record), record


def _picture(answer: Answer, etag: str, output: Output) -> NewObject:
    facts = {
        "etag": quote(etag),
        "process": output.process,
        "time": answer.header("x-framefetch-time") or "",
    }
    return NewObject(answer.body, answer.header("content-type") or "", CACHE_CONTROL, facts)


def _said(answer: Answer) -> dict[str, str]:
    """Code and message of an error."""
    error = ET.fromstring(answer.body)  # noqa: S314 - our own answer
    found = {
        name: error.findtext(tag) for name, tag in (("code", "Code"), ("ec", "EC"), ("message", "Message"))
    }
    return {"status": str(answer.status), **{name: text for name, text in found.items() if text}}


def _etag(look: Look) -> str:
    """The ETag without its quotes.

    Raises:
        SourceError: there is none, or a weak one: two versions of a film could not be told apart.
    """
    etag = look.info.etag or ""
    if not etag or etag.startswith("W/"):
        raise SourceError("The store gives the film no strong ETag.")
    return etag.strip('"')


def _told(fault: FramefetchError) -> str:
    return f"{fault.code}: {fault}"


def _log(upload: Upload, outcome: Outcome) -> None:
    """One row an outcome; what is lost without an operator is an error."""
    row = {
        "upload": upload.key,
        "bucket": upload.bucket,
        "etag": upload.etag,
        "version": upload.version,
        "sequencer": upload.sequencer,
        "outcome": outcome.what.value,
        "output": outcome.key,
        "why": outcome.why,
    }
    note({name: value for name, value in row.items() if value}, is_error=outcome.what is What.FAILED)
