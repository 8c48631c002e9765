"""Which pictures an upload gets, and where they go. In: the operator's rules and an upload; out: `Output`s.

Pure. The key of an output follows from the upload's key, its ETag and the canonical process string, and
from nothing else: whoever handles an upload twice comes to the same keys. All rules are read at the
start, so that a bad one is a bad setting and never a lost picture.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from framefetch.errors import InvalidObjectName
from framefetch.process import INFO

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

RECORD_SUFFIX = ".error.json"
"""After an output's key: where it is written down why there is no such picture."""
LONGEST_KEY_BYTES = 1023 - len(RECORD_SUFFIX)
"""Of an output's key, in bytes of UTF-8. S3 takes 1024, OSS 1023."""

PLACEHOLDERS = ("key", "dir", "name", "stem", "bucket", "etag", "id", "ext", "t", "w", "h")
"""What may stand in braces in the key of an output."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that was written.

    Attributes:
        bucket: its name; empty for a folder.
        key: decoded.
        etag: as the event or listing had it, without quotes; None where it did not say.
        version: of a versioned object. Only told: what is read is the current version.
        size: in bytes.
        sequencer: orders the events of one key. Only told: the ETag in an output's key does the same.
        key_if_encoded: the other reading of a key whose event does not say whether it is percent-encoded.
    """

    bucket: str
    key: str
    etag: str | None = None
    version: str | None = None
    size: int | None = None
    sequencer: str = ""
    key_if_encoded: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """One picture that an upload gets.

    Attributes:
        place: the store, as `open_source` takes it; empty for the one that the upload is in.
        key: there.
        process: canonical.
    """

    place: str
    key: str
    process: str

    @property
    def record_key(self) -> str:
        """Where it is written down that there is no such picture."""
        return self.key + RECORD_SUFFIX


@dataclass(frozen=True, slots=True)
class Rule:
    """One line.

    Attributes:
        patterns: prefix and suffix of the keys that it is for; the suffix in lower case.
        processes: canonical.
        place: as of `Output`.
        template: of the key.
        bucket: the only one whose uploads it is for; empty for all.
    """

    patterns: tuple[tuple[str, str], ...]
    processes: tuple[str, ...]
    place: str
    template: str
    bucket: str = ""

    @property
    def fixed(self) -> str:
        """What all its outputs' keys begin with: a folder, with its slash."""
        static = self.template.partition("{")[0]
        return static[: static.rfind("/") + 1]

    def is_for(self, upload: Upload) -> bool:
        """Whether an upload gets these pictures. Cameras write ``.MOV``: the suffix is taken in any case."""
        if self.bucket not in ("", upload.bucket):
            return False
        lower = upload.key.lower()
        return any(
            upload.key.startswith(prefix)
            and lower.endswith(suffix)
            and len(upload.key) >= len(prefix) + len(suffix)
            for prefix, suffix in self.patterns
        )

    def has_written(self, upload: Upload) -> bool:
        """Whether an upload lies where this rule's own outputs go."""
        if not self.place:
            return self.bucket in ("", upload.bucket) and upload.key.startswith(self.fixed)
        return (
            bool(upload.bucket)
            and _bucket_of(self.place) == upload.bucket
            and upload.key.startswith(self.fixed)
        )

    def outputs(self, upload: Upload, etag: str) -> tuple[Output, ...]:
        """The pictures of an upload whose content has this ETag.

        Raises:
            InvalidObjectName: the key of one would be too long.
        """
        return tuple(Output(self.place, self._key(upload, etag, one), one) for one in self.processes)

    def _key(self, upload: Upload, etag: str, process: str) -> str:
        values = _values(upload, etag, process)
        key = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], self.template)
        if len(key.encode()) > LONGEST_KEY_BYTES:
            raise InvalidObjectName(f"The key of the picture is longer than {LONGEST_KEY_BYTES} bytes.")
        return key


@dataclass(frozen=True, slots=True)
class Rules:
    """All lines."""

    rules: tuple[Rule, ...] = ()

    def outputs(self, upload: Upload, etag: str) -> tuple[Output, ...]:
        """Every picture that an upload gets, each once."""
        matching = (rule for rule in self.rules if rule.is_for(upload))
        return tuple(dict.fromkeys(one for rule in matching for one in rule.outputs(upload, etag)))

    def within(self, folders: Mapping[str, str]) -> Rules:
        """The same rules where some places are in the folder of the films: their pictures are no films there.

        Args:
            folders: those places, with what keys there begin with.
        """
        return Rules(
            tuple(
                replace(one, place="", template=folders[one.place] + one.template)
                if one.place in folders
                else one
                for one in self.rules
            )
        )

    def check(self, buckets: Collection[str]) -> None:
        """Refuses a rule that is for nothing but what lies where pictures go: it would never make one.

        Args:
            buckets: that uploads arrive in; an empty name is a folder.

        Raises:
            ValueError: says which rule it is.
        """
        for rule in self.rules:
            arriving = [one for one in buckets if rule.bucket in ("", one)]
            taken = all(
                self.have_written(Upload(bucket, prefix))
                for bucket in arriving
                for prefix, _ in rule.patterns
            )
            if arriving and taken:
                message = (
                    f"the rule that writes {rule.template} would make no picture: all that it is for lies "
                    "where pictures go; have their keys begin with a folder of their own, such as thumbs/"
                )
                raise ValueError(message)

    def match(self, upload: Upload) -> bool:
        """Whether any rule is for an upload."""
        return any(rule.is_for(upload) for rule in self.rules)

    def have_written(self, upload: Upload) -> bool:
        """Whether an upload lies where outputs of these rules go: it is no film then."""
        return any(rule.has_written(upload) for rule in self.rules)


def _values(upload: Upload, etag: str, process: str) -> dict[str, str]:
    """What stands for each placeholder."""
    folder, slash, name = upload.key.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    parameters = dict(part.split("_", 1) for part in process.split(",")[1:])
    return {
        "key": upload.key,
        "dir": folder + slash,
        "name": name,
        "stem": stem if dot else name,
        "bucket": upload.bucket,
        # A multipart ETag has a dash, others may have a slash: one path segment, whatever it is.
        "etag": re.sub(r"[^A-Za-z0-9._-]", "_", etag),
        "id": hashlib.sha256(process.encode()).hexdigest()[:8],
        "ext": parameters.get("f", "json" if process == INFO else "jpg"),
        "t": parameters.get("t", "0"),
        "w": parameters.get("w", "0"),
        "h": parameters.get("h", "0"),
    }


def _bucket_of(place: str) -> str:
    found = re.match(r"\w+://([^/?]+)", place)
    return found[1] if found else ""


def with_other_key(upload: Upload) -> Upload | None:
    """The upload under the other reading of its key, where there is one."""
    if upload.key_if_encoded in ("", upload.key):
        return None
    return replace(upload, key=upload.key_if_encoded, key_if_encoded="")
