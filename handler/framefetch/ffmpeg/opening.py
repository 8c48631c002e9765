"""How FFmpeg is opened, and what it may do: nothing but read the film that it is given.

In goes a file-like reader with the container that we sniffed ourselves, out comes its first real
video stream. FFmpeg is promised nothing that it could misuse: no name, no protocol, no second file,
no format but the one given, no decoder that is not listed here. What it raises becomes our errors.
"""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
from av.codec.context import CodecContext
from av.stream import Disposition
from av.video.stream import VideoStream

from framefetch.containers.codecs.marks import HEAD_BYTES, codec_mark
from framefetch.errors import (
    CorruptFilm,
    FramefetchError,
    NoVideoStream,
    UnsupportedCodec,
    UnsupportedFormat,
)
from framefetch.ffmpeg.decoder_memory import padded
from framefetch.sources import Changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.container import InputContainer
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext

    from framefetch.ffmpeg.reader import RangeReader
    from framefetch.settings import Settings

# PyAV 18 raises on metadata that is not UTF-8 unless told otherwise; PyAV 19 never does.
_TOLERANT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}

DECODERS = (
    "h264 hevc vvc av1 libdav1d libaom-av1 vp8 vp9 libvpx libvpx-vp9 mpeg4 mpeg1video mpeg2video h263 flv "
    "theora mjpeg prores dvvideo wmv1 wmv2 wmv3 vc1 msmpeg4v1 msmpeg4v2 msmpeg4 vp6 vp6f vp6a "
    "dnxhd ffv1 rawvideo svq1 svq3 cinepak png qtrle"
).split()
"""The video decoders that a film may use; all others do not exist for us."""
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_OPENS_A_DECODER = "avcodec_open2"
_OF_UNITS = frozenset({"h264", "hevc", "vvc"})
_SIZES_SAID = frozenset({"mov", "matroska", "flv"})
"""Containers that say the size of their pictures. FFmpeg does not have to decode any to open them, and is to
meet no sample of `_OF_UNITS` that nobody has looked at: it takes much memory for each unit."""
_LOOKS: tuple[dict[str, str], ...] = ({"analyzeduration": "250000"}, {"analyzeduration": "1000000"}, {})
"""How far FFmpeg looks, in microseconds, until all is known that has to be. By itself it looks at up to 5 MB
for parameters that only decoders know which do not exist for us. The first is for Matroska, which without
the decoders that are withheld would always be looked at for a second."""

_SAME_US = 100
"""Two starts are one that was copied: ticks are rounded, also those of 8000 a second."""


@contextmanager
def as_our_errors() -> Iterator[None]:
    """Turns everything that PyAV or Python raises inside into an error of our tree.

    About four in a hundred damaged files make PyAV raise something that is no FFmpegError, so all of
    `Exception` is caught: whatever the cause, it is the film that could not be read. Only memory that is
    not there stays a MemoryError.
    """
    try:
        yield
    except (FramefetchError, Changed):
        # Raised by our own reader inside FFmpeg's callback, or by us: already what it should be.
        raise
    except MemoryError:
        # Whether it is the film's fault is known where it is known who else had memory: see `Company`.
        raise
    except av.error.BlockingIOError as error:
        if _OPENS_A_DECODER in str(error.filename):
            # Its threads could not be started, and it is memory that they need.
            raise MemoryError from error
        raise _corrupt(error) from error
    except (av.error.DecoderNotFoundError, av.error.PatchWelcomeError) as error:
        raise UnsupportedCodec(detail=repr(error)) from error
    except Exception as error:
        raise _corrupt(error) from error


def _corrupt(error: Exception) -> CorruptFilm:
    return CorruptFilm(
        hint="The video may play elsewhere by skipping the damage; try another t.", detail=repr(error)
    )


def built_in_decoders() -> list[str]:
    """Those of `DECODERS` that this build of FFmpeg has."""
    return sorted(set(DECODERS) & set(av.codecs_available))


def open_container(reader: RangeReader | BytesIO, demuxer: str, settings: Settings) -> InputContainer:
    """Opens a film, and lets FFmpeg look only as far into it as it must.

    Raises:
        av.error.FFmpegError: it cannot be opened as that container.
        FramefetchError: as the reader raises.
    """
    for look in _LOOKS if demuxer == "matroska" else _LOOKS[1:]:
        container = _open(reader, demuxer, settings, look)
        known = all(_is_known(one) for one in container.streams)
        if not look or (known and (demuxer != "mov" or _is_start_known(container))):
            break
        container.close()
    return container


def _is_start_known(container: InputContainer) -> bool:
    """Whether FFmpeg has met all sound that may start before the pictures.

    It gives a track of which it has seen nothing the start of the others. In a fragment, sound may follow
    after seconds of pictures.
    """
    start = container.start_time or 0
    for sound in container.streams.audio:
        ticks, base = sound.start_time, sound.time_base
        if ticks is None or base is None:
            continue
        own = Fraction(ticks * 1_000_000 * base.numerator, base.denominator)
        if start > 0 and abs(own - start) < _SAME_US:
            return False
    return True


def _is_known(stream: Stream) -> bool:
    """Whether FFmpeg has seen of a stream what the clock and the decoder need."""
    if stream.type not in ("video", "audio"):
        return True
    context: Any = stream.codec_context
    if context is None:
        # Nobody knows its codec, and looking longer will not tell.
        return True
    seen = stream.start_time is not None
    return seen and not (isinstance(stream, VideoStream) and not context.width)


def _open(
    reader: RangeReader | BytesIO, demuxer: str, settings: Settings, more: dict[str, str]
) -> InputContainer:
    reader.seek(0)
    # A header that we made has no samples, and FFmpeg may learn from its configuration what it can.
    has_samples = not isinstance(reader, BytesIO)
    unseen = _OF_UNITS if has_samples and demuxer in _SIZES_SAID else ()
    start: Callable[[], InputContainer] = partial(
        av.open,
        reader,
        "r",
        format=demuxer,
        options={
            "format_whitelist": demuxer,
            "protocol_whitelist": "none",
            "codec_whitelist": ",".join(one for one in DECODERS if one not in unseen),
            "max_streams": "64",
            "max_pixels": str(padded(settings.max_pixels)),
            "threads": "1",
            # It would read the end of an MPEG film to learn how long it is: nobody asks.
            "skip_estimate_duration_from_pts": "1",
            **more,
        },
        io_open=_refuse_to_open,
        **_TOLERANT,
    )
    return start() if isinstance(reader, BytesIO) else reader.opened(start)


def _refuse_to_open(url: str, _flags: int, _options: dict[str, str]) -> object:
    """FFmpeg calls this when a film refers to another file: never."""
    raise UnsupportedFormat(
        "The video refers to other files.", hint="Make it self-contained.", detail=f"refused to open {url!r}"
    )


def choose_stream(container: InputContainer) -> VideoStream:
    """The first video stream that is not a cover picture.

    Raises:
        NoVideoStream: there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            return stream
    raise NoVideoStream(hint="Audio files and cover pictures have no frames to show.")


def with_alpha(stream: VideoStream) -> VideoCodecContext | None:
    """A decoder for a stream that has its transparency beside its pictures, as VP8 and VP9 in WebM have it.

    Only libvpx looks there; where a build has none, such a film is opaque.
    """
    name = _WITH_ALPHA.get(stream.codec_context.name)
    # A tag of the same name, which some muxers write in capitals, takes the place of the track's own field.
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if name is None or name not in av.codecs_available or tags.get("alpha_mode", "0") == "0":
        return None
    return cast("VideoCodecContext", CodecContext.create(name, "r"))


def check_codec(stream: VideoStream, reader: RangeReader | BytesIO, demuxer: str) -> None:
    """Refuses a stream that we cannot decode.

    Args:
        stream: which.
        reader: of the film that it is in.
        demuxer: which opened it.

    Raises:
        UnsupportedCodec: its codec is not one of `DECODERS`.
    """
    context: Any = stream.codec_context
    if context is None or not context.codec or context.codec.name not in DECODERS:
        name = context.name if context else _name_of(reader, demuxer)
        raise UnsupportedCodec(f"The video codec {name} is not supported.")


def _name_of(reader: RangeReader | BytesIO, demuxer: str) -> str:
    reader.seek(0)
    return codec_mark(reader.read(HEAD_BYTES), demuxer) or "of this video"
