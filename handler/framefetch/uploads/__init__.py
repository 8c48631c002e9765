"""The service for uploads: one upload in, its pictures in their places. Read `handle` from top to bottom.

An output's key follows from the upload's key, ETag and process, and the store refuses a second object
under it: so whatever is delivered twice, out of order or tried again ends in one picture. A film of which
no picture can be had is recorded beside where the picture would be, and is done. Never raises for what an
upload is like; what may succeed later is told as `FAILED`, and whoever delivered it delivers it again.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Self

from framefetch import __version__, rules
from framefetch.budget import Budget
from framefetch.errors import AccessDenied, FramefetchError, NoSuchKey
from framefetch.settings import BadSetting
from framefetch.sinks import NewObject
from framefetch.sinks.beside import sink_of
from framefetch.sources.locate import open_source, path_of, split_root
from framefetch.texts import buckets_of, read, rules_of
from framefetch.uploads.outcome import Outcome, What, log
from framefetch.uploads.picture import ask, etag_of, said, to_write
from framefetch.uploads.stores import Store

if TYPE_CHECKING:
    from collections.abc import Collection

    from framefetch.rules import Output, Upload
    from framefetch.settings import Settings
    from framefetch.sinks import Sink
    from framefetch.sources.looking import Look, LookableSource

_READS = 2
"""How often a film is looked at when it is replaced meanwhile."""


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
        self._stores: dict[str, Store] = {}

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
        sources = [one.source for one in buckets_of(settings).buckets if split_root(one.source)[0]]
        if not sources:
            message = "FRAMEFETCH_SOURCE, or FRAMEFETCH_BUCKETS, has to name a bucket that uploads arrive in."
            raise BadSetting(message)
        names = [made.watch(source)[0] for source in sources]
        read("ON_UPLOAD", lambda _: made.rules.check(names), "")
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
            self._stores[bucket] = Store.of(root, self.settings)
            if not bucket:
                places = {one.place for one in self.rules.rules if one.place}
                self.rules = self.rules.within(_folders_in(root, places))
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
            log(upload, one)
        is_nothing = all(one.what in {What.GONE, What.IGNORED} for one in outcomes)
        if is_nothing and (other := rules.with_other_key(upload)):
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
        if self._is_no_film(upload):
            return []
        etag = upload.etag or etag_of(self._stores[upload.bucket].source.look(upload.key, self.budget()))
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

    def _look(self, store: Store, upload: Upload) -> Look:
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
        self, upload: Upload, store: Store, look: Look, *, may_decode: bool
    ) -> tuple[Outcome, ...] | None:
        """The pictures that are still to be made of what was looked at; None: it is another by now."""
        etag = etag_of(look)
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

    def _picture(self, upload: Upload, store: Store, etag: str, output: Output) -> Outcome | None:
        """Makes one picture and writes it; None: the film is another one by now."""
        answer, record = ask(store.service, upload.key, output.process)
        if answer.status == 403:
            # As for a look, so for reading.
            answer, record = ask(store.service, upload.key, output.process)
        if str(record.facts.get("etag", etag)).strip('"') != etag:
            return None
        if answer.status == 404:
            return Outcome(What.GONE, output.key, "there is no such object any more")
        if answer.status >= 500 or answer.status == 429:
            return Outcome(What.FAILED, output.key, said(answer)["message"])
        try:
            if answer.status != 200:
                return self._record(upload, etag, output, said(answer))
            is_new = self._sink(upload, output).put(output.key, to_write(answer, etag, output), record.budget)
        except FramefetchError as fault:
            # The film is not to blame for what its picture's store says.
            return Outcome(What.FAILED, output.key, _told(fault))
        return Outcome(What.WRITTEN if is_new else What.PRESENT, output.key)

    def _record(self, upload: Upload, etag: str, output: Output, why: dict[str, str]) -> Outcome:
        """Writes down why there is no picture."""
        told = {
            "bucket": upload.bucket,
            "key": upload.key,
            "etag": etag,
            "process": output.process,
            **why,
            "framefetch": __version__,
        }
        body = json.dumps(told, ensure_ascii=False, indent=1).encode()
        new = NewObject(body, "application/json", "no-cache")
        self._sink(upload, output).put(output.record_key, new, self.budget())
        return Outcome(What.FAULTY, output.key, why["message"])

    def _forbidden(self, upload: Upload, fault: AccessDenied) -> tuple[Outcome, ...]:
        """What is to be told of a film that may not be read; written down where its ETag is known."""
        if not upload.etag:
            return (Outcome(What.FAULTY, why=str(fault)),)
        why = {"status": str(fault.status), "code": fault.code, "message": str(fault)}
        outputs = self.rules.outputs(upload, upload.etag)
        return tuple(self._record(upload, upload.etag, one, why) for one in outputs)

    def _is_done(self, upload: Upload, output: Output) -> bool:
        sink = self._sink(upload, output)
        return any(sink.holds(key, self.budget()) for key in (output.key, output.record_key))

    def _sink(self, upload: Upload, output: Output) -> Sink:
        return self._sinks[output.place] if output.place else self._stores[upload.bucket].sink


def _folders_in(root: str, places: Collection[str]) -> dict[str, str]:
    """Those of the places that are in a folder, with what keys of it begin with there."""
    root, found = os.path.realpath(path_of(root)), {}
    for place in places:
        real = os.path.realpath(path_of(place))
        if "://" not in place and os.path.commonpath((root, real)) == root:
            below = os.path.relpath(real, root)
            found[place] = "" if below == "." else f"{below}/"
    return found


def _told(fault: FramefetchError) -> str:
    return f"{fault.code}: {fault}"
