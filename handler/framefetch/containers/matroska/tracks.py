"""The tracks of a segment: which one is the video, and which others have a say in when the film starts."""

from __future__ import annotations

from dataclasses import dataclass

from framefetch.containers.index import NotUnderstood
from framefetch.containers.matroska import ebml
from framefetch.containers.matroska.codecs import Codec, read_codec
from framefetch.errors import NoVideoStream, UnsupportedCodec

_VIDEO = 1
_AUDIO = 2
_HANDLERS = {_VIDEO: b"vide", _AUDIO: b"soun"}
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Track:
    """The video track.

    Attributes:
        number: as blocks and cues name it.
        codec: its codec.
        width: in pixels; 0 where it is not said.
        height: likewise.
        duration_ns: of each picture, in nanoseconds; 0 where it is not said.
        entry: the body of its ``TrackEntry``, for the header film.
    """

    number: int
    codec: Codec
    width: int
    height: int
    duration_ns: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Tracks:
    """All tracks.

    Attributes:
        video: the first video track.
        others: handler, as MP4 names them, by number of all others that FFmpeg makes streams of.
    """

    video: Track
    others: dict[int, bytes]


def read_tracks(body: memoryview) -> Tracks:
    """Reads the body of ``Tracks``.

    Raises:
        NotUnderstood: FFmpeg is to say what these tracks are.
        NoVideoStream: none of them is video.
        UnsupportedCodec: the video is encrypted.
    """
    video: Track | None = None
    others: dict[int, bytes] = {}
    for kind, entry in ebml.children(body):
        if kind != ebml.TRACK_ENTRY:
            continue
        fields = ebml.fields(entry)
        if not {ebml.TRACK_NUMBER, ebml.TRACK_TYPE, ebml.CODEC_ID} <= fields.keys():
            raise NotUnderstood("a track without number, type or codec")
        number = ebml.unsigned(fields[ebml.TRACK_NUMBER])
        if not number or number in others or (video is not None and number == video.number):
            raise NotUnderstood("two tracks of one number, or of none")
        track_type = ebml.unsigned(fields[ebml.TRACK_TYPE])
        if track_type == _VIDEO and video is None:
            video = _read_video(number, fields, entry)
        else:
            others[number] = _HANDLERS.get(track_type, b"text")
    if video is None:
        raise NoVideoStream(hint="Audio files and cover pictures have no frames to show.")
    return Tracks(video, others)


def _read_video(number: int, fields: dict[int, memoryview], entry: memoryview) -> Track:
    _check_encodings(fields.get(ebml.CONTENT_ENCODINGS))
    if ebml.real(fields.get(ebml.TRACK_TIMESTAMP_SCALE, memoryview(b""))) not in (0.0, 1.0):
        raise NotUnderstood("the track has a timescale of its own")
    if ebml.unsigned(fields.get(ebml.CODEC_DELAY, memoryview(b""))):
        raise NotUnderstood("the video has a codec delay")
    sides = ebml.fields(fields.get(ebml.VIDEO, memoryview(b"")))
    if ebml.unsigned(sides.get(ebml.ALPHA_MODE, memoryview(b""))):
        raise NotUnderstood("the transparency is beside the blocks")
    return Track(
        number=number,
        codec=read_codec(ebml.text(fields[ebml.CODEC_ID]), fields.get(ebml.CODEC_PRIVATE, memoryview(b""))),
        width=ebml.unsigned(sides.get(ebml.PIXEL_WIDTH, memoryview(b""))),
        height=ebml.unsigned(sides.get(ebml.PIXEL_HEIGHT, memoryview(b""))),
        duration_ns=ebml.unsigned(fields.get(ebml.DEFAULT_DURATION, memoryview(b""))),
        entry=bytes(entry),
    )


def _check_encodings(body: memoryview | None) -> None:
    """Encrypted films are refused by name; compressed blocks are FFmpeg's to restore."""
    if body is None:
        return
    for kind, encoding in ebml.children(body):
        if kind == ebml.CONTENT_ENCODING:
            what = ebml.fields(encoding).get(ebml.CONTENT_ENCODING_TYPE)
            if what is not None and ebml.unsigned(what) == _ENCRYPTED:
                raise UnsupportedCodec("The video is encrypted.", hint="Serve a clear copy of it.")
            raise NotUnderstood("the blocks are compressed")
