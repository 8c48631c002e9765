"""The movie box: its tracks, which of them is the film's video, and when each of them starts.

In goes a ``moov`` that is there as a whole, out comes a `Movie`. Only the video track's tables are ever
read; of the others just what says when they start, for the presentation starts with the earliest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framefetch.containers.codecs.configurations import read_record
from framefetch.containers.codecs.nal_units import H264, HEVC, VVC
from framefetch.containers.index import NotUnderstood
from framefetch.containers.isobmff.counts import sample_count
from framefetch.containers.isobmff.edits import read_edits
from framefetch.errors import CorruptFilm, NoVideoStream, UnsupportedCodec
from framefetch.values import dataclass

if TYPE_CHECKING:
    from framefetch.containers.isobmff.boxes import Box
    from framefetch.containers.isobmff.edits import Edit

MAX_TRACKS = 64
MAX_ENTRIES = 16
_VIDEO = b"vide"
_SOUND = b"soun"
_LOOKS_LIKE_VIDEO = frozenset(b"avc1 avc3 hvc1 hev1 vvc1 vvi1 av01 vp08 vp09 mp4v s263 jpeg".split())
"""What FFmpeg takes for video whatever the handler says."""
_RECORDS = {b"avcC": (H264, 0), b"hvcC": (HEVC, 0), b"vvcC": (VVC, 4)}
"""Boxes with a decoder's configuration: of which codec, and where it starts."""
_ENCRYPTED = frozenset({b"encv", b"drmi"})
_ENTRY_CHILDREN_AT = 78
"""Where the boxes in a visual sample entry start (§12.1.3.2)."""
_SELF_CONTAINED = 1


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """How the samples are coded: one entry of ``stsd``.

    Attributes:
        codec: its four characters.
        width: in pixels.
        height: in pixels.
        nal_length_bytes: how long the length before each NAL unit is; 0 for codecs without.
        top_temporal_layer: H.265: the highest one that the film may have; None: not said.
        box: the entry.
    """

    codec: str
    width: int
    height: int
    nal_length_bytes: int
    top_temporal_layer: int | None
    box: Box


@dataclass(frozen=True, slots=True)
class Track:
    """One track, its tables not read yet.

    Attributes:
        id: its number, as fragments name it.
        handler: ``vide``, ``soun``, …
        timescale: ticks a second.
        edits: its edit list; empty: none.
        samples: how many its tables claim; 0 in fragmented films.
        chapters: the tracks that hold its chapters' titles and pictures.
        tables: the children of its ``stbl``, by kind.
        boxes: ``tkhd``, ``mdhd``, ``hdlr``, and ``vmhd`` where there is one, for the header film.
    """

    id: int
    handler: bytes
    timescale: int
    edits: tuple[Edit, ...]
    samples: int
    chapters: frozenset[int]
    tables: dict[bytes, Box]
    boxes: dict[bytes, Box]
    external: bool

    def entries(self) -> list[SampleEntry]:
        """The sample descriptions, in order.

        Raises:
            UnsupportedCodec: one of them is encrypted.
            NotUnderstood: the box is malformed, or there are too many.
        """
        box = self.tables.get(b"stsd")
        if box is None:
            raise NotUnderstood("a track without stsd")
        count = box.u32(4)
        if count > MAX_ENTRIES:
            raise NotUnderstood(f"{count} sample descriptions")
        # What comes after the entries is padding, such as a box to be skipped.
        found = [_sample_entry(child) for child, _ in zip(box.children(skip=8), range(count), strict=False)]
        if len(found) != count:
            raise NotUnderstood("stsd does not have as many entries as it says")
        return found

    @property
    def fourcc(self) -> bytes:
        """The first sample description's four characters; empty without one."""
        box = self.tables.get(b"stsd")
        return bytes(box.body[12:16]) if box is not None else b""


@dataclass(frozen=True, slots=True)
class Movie:
    """What the movie box says.

    Attributes:
        timescale: ticks a second of the edits' durations.
        header: ``mvhd``.
        tracks: in order.
        fragment_defaults: ``trex`` by track: description, duration, size and flags of its samples.
    """

    timescale: int
    header: Box
    tracks: tuple[Track, ...]
    fragment_defaults: dict[int, tuple[int, int, int, int]]

    def video(self) -> Track:
        """The film's video: the first video track that does not hold the pictures of chapters.

        Raises:
            NoVideoStream: there is none.
            NotUnderstood: a track that FFmpeg may take for video comes first.
        """
        chapters = frozenset().union(*(track.chapters for track in self.tracks))
        for track in self.tracks:
            if track.id in chapters:
                continue
            if track.handler == _VIDEO:
                return track
            if track.handler != _SOUND and track.fourcc in _LOOKS_LIKE_VIDEO:
                raise NotUnderstood(f"video in a track of {track.handler!r}")
        raise NoVideoStream


def read_movie(moov: Box, size: int) -> Movie:
    """Reads a movie box.

    Args:
        moov: the box.
        size: of the object, in bytes.

    Raises:
        NotUnderstood: it is malformed, or of a kind that this module does not know.
        CorruptFilm: a track claims more samples than the object has bytes.
        ImageTooLarge: a track claims more samples than any film has.
    """
    boxes = list(moov.children())
    if any(box.kind == b"cmov" for box in boxes):
        raise NotUnderstood("a compressed movie box")
    traks = [box for box in boxes if box.kind == b"trak"]
    if not traks:
        raise NoVideoStream
    if len(traks) > MAX_TRACKS:
        raise NotUnderstood(f"{len(traks)} tracks")
    headers = [box for box in boxes if box.kind == b"mvhd"]
    if len(headers) != 1:
        raise NotUnderstood(f"{len(headers)} mvhd")
    timescale = headers[0].u32(20 if headers[0].version == 1 else 12)
    if not timescale:
        raise NotUnderstood("a movie timescale of 0")
    tracks = tuple(read_track(box, size) for box in traks)
    if len({track.id for track in tracks}) != len(tracks):
        raise NotUnderstood("two tracks with one number")
    return Movie(timescale, headers[0], tracks, _fragment_defaults(boxes))


def _fragment_defaults(boxes: list[Box]) -> dict[int, tuple[int, int, int, int]]:
    """§8.8.3, for each track that may have fragments."""
    return {
        box.u32(4): (box.u32(8), box.u32(12), box.u32(16), box.u32(20))
        for mvex in boxes
        if mvex.kind == b"mvex"
        for box in mvex.children()
        if box.kind == b"trex"
    }


def _one(box: Box | None, kind: bytes, of: bytes) -> Box:
    found = box.child(kind) if box is not None else None
    if found is None:
        raise NotUnderstood(f"{of!r} without {kind!r}")
    return found


def read_track(trak: Box, size: int) -> Track:
    """Reads one track; the errors are those of `read_movie`."""
    tkhd = _one(trak, b"tkhd", b"trak")
    mdia = _one(trak, b"mdia", b"trak")
    mdhd = _one(mdia, b"mdhd", b"mdia")
    hdlr = _one(mdia, b"hdlr", b"mdia")
    minf = _one(mdia, b"minf", b"mdia")
    stbl = _one(minf, b"stbl", b"minf")
    boxes = {b"tkhd": tkhd, b"mdhd": mdhd, b"hdlr": hdlr}
    if (vmhd := minf.child(b"vmhd")) is not None:
        boxes[b"vmhd"] = vmhd
    tables: dict[bytes, Box] = {}
    for box in stbl.children():
        if box.kind == b"sbgp" and box.u32(4) == int.from_bytes(b"rap ", "big"):
            tables[b"rap "] = box
        elif box.kind not in (b"sbgp", b"sgpd", b"subs", b"saiz", b"saio"):
            if box.kind in tables:
                # FFmpeg takes the last of two, with what it made of the first: it can end the process.
                raise CorruptFilm(
                    "The video's index contradicts itself.", detail=f"two {box.kind!r} in one track"
                )
            tables[box.kind] = box
    edts = trak.child(b"edts")
    elst = edts.child(b"elst") if edts is not None else None
    timescale = mdhd.u32(20 if mdhd.version == 1 else 12)
    if not timescale:
        raise NotUnderstood("a timescale of 0")
    return Track(
        id=tkhd.u32(20 if tkhd.version == 1 else 12),
        handler=bytes(hdlr.body[8:12]),
        timescale=timescale,
        edits=read_edits(elst) if elst is not None else (),
        samples=sample_count(tables, size),
        chapters=_chapters(trak),
        tables=tables,
        boxes=boxes,
        external=_is_external(minf),
    )


def _chapters(trak: Box) -> frozenset[int]:
    tref = trak.child(b"tref")
    chap = tref.child(b"chap") if tref is not None else None
    if chap is None:
        return frozenset()
    return frozenset(chap.numbers(0, len(chap.body) // 4, "I"))


def _is_external(minf: Box) -> bool:
    """Whether the samples may be in another file (§8.7.2)."""
    dinf = minf.child(b"dinf")
    dref = dinf.child(b"dref") if dinf is not None else None
    if dref is None:
        return False
    return any(not entry.flags & _SELF_CONTAINED for entry in dref.children(skip=8))


def _sample_entry(box: Box) -> SampleEntry:
    name = box.kind.decode("latin-1")
    if box.kind in _ENCRYPTED:
        raise UnsupportedCodec("The video is encrypted.", detail=name)
    if len(box.body) < _ENTRY_CHILDREN_AT:
        raise NotUnderstood(f"sample entry {name} is too short")
    nal_length_bytes = 0
    top_temporal_layer = None
    for child in box.children(skip=_ENTRY_CHILDREN_AT):
        if child.kind == b"sinf":
            raise UnsupportedCodec("The video is encrypted.", detail=name)
        if child.kind in _RECORDS:
            codec, at = _RECORDS[child.kind]
            record = read_record(codec, child.body[at:])
            if record is None:
                raise NotUnderstood(f"{child.kind!r} is too short")
            nal_length_bytes, top_temporal_layer = record.nal_length_bytes, record.top_temporal_layer
    sides = box.u32(24)
    return SampleEntry(name, sides >> 16, sides & 0xFFFF, nal_length_bytes, top_temporal_layer, box)
