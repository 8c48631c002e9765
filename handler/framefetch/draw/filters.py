"""FFmpeg's filters, for one frame at a time. In: frames. Out: the frame that a filter makes of them."""

from __future__ import annotations

from fractions import Fraction

from av.filter import Graph
from av.video.frame import VideoFrame

FILTERS = "buffer buffersink crop estdif field haldclut".split()
"""The filters that pictures pass through; a build of FFmpeg needs no others."""


def filtered(frame: VideoFrame, name: str, arguments: str, *others: VideoFrame) -> VideoFrame:
    """What a filter makes of one frame.

    Args:
        frame: its first input.
        name: one of `FILTERS`.
        arguments: as FFmpeg writes them.
        others: its further inputs.

    Raises:
        av.error.FFmpegError: it cannot be done with such a frame.
    """
    graph = Graph()
    graph.threads = 1
    middle, sink = graph.add(name, arguments), graph.add("buffersink")
    inputs = []
    for number, one in enumerate((frame, *others)):
        # Without a time base the graph takes none; which one does not matter for a frame alone.
        start = graph.add_buffer(
            width=one.width, height=one.height, format=one.format, time_base=Fraction(1, 1000)
        )
        start.link_to(middle, 0, number)
        inputs.append(start)
    middle.link_to(sink)
    graph.configure()
    for start, one in zip(inputs, (frame, *others), strict=True):
        start.push(one)
        start.push(None)
    made = sink.pull()
    assert isinstance(made, VideoFrame)  # noqa: S101 - the graph has no sound in it
    return made
