"""``video/info``: what the film's index says of it, as JSON in OSS's shape. Nothing is decoded.

In: an opened film. Out: its format and streams by OSS's names, and beside them, under ``Framefetch``, how
far its keyframes are apart and what a snapshot costs. What is not known is left out, never guessed.
"""

from __future__ import annotations

import json
from contextlib import closing
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from framefetch.containers.index import NotUnderstood
from framefetch.film.indexed import open_film
from framefetch.operations.facts import (
    container_facts,
    film_facts,
    length_of,
    picture_facts,
    sound_facts,
    stream_facts,
    video_facts,
)
from framefetch.operations.made import Made
from framefetch.plan import length_s, make_plan
from framefetch.process import Mode

if TYPE_CHECKING:
    from framefetch.containers.index import StreamFacts, VideoIndex
    from framefetch.film.opened import FilmObject
    from framefetch.observe import Record
    from framefetch.operations.studio import Studio

_MOST_KEYS = 200_000
"""Keyframes that are counted; of a film with more, the spacing is left out."""
_MIDDLE = Fraction(1, 2)


def make(opened: FilmObject, studio: Studio, record: Record) -> Made:
    """Tells what is known. See `operations.make`."""
    with record.stage("index"):
        index = studio.finder.described(opened)
        facts = _by_index(index, studio, record) if index else _by_ffmpeg(opened, studio)
    facts["Size"] = opened.info.size
    if facts.get("Duration"):
        facts["Bitrate"] = round(opened.info.size * 8 / facts["Duration"])
    body = json.dumps(_known(facts), ensure_ascii=False, indent=1).encode("utf-8", "replace")
    return Made(body)


def _by_index(index: VideoIndex, studio: Studio, record: Record) -> dict[str, Any]:
    table = index.table
    try:
        duration_s: Fraction | None = length_s(index)
    except NotUnderstood:
        duration_s = None
    lengths_s = [duration_s, *(one.duration_s for one in index.streams if not one.is_film)]
    with closing(open_film(index, studio.settings, record.budget)) as film:
        video = video_facts(film, (index.width, index.height))
    taken = next(number for number, one in enumerate(index.streams) if one.is_film)
    video["Rotate"] = str(index.streams[taken].orientation.quarter_turns * 90)
    if index.whole:
        ticks = table.dts(table.count) - table.dts(0)
        video |= picture_facts(
            table.count, table.count * index.timescale / Fraction(ticks) if ticks else None
        )
    streams = [
        (one.kind, _stream(number, one, video, duration_s)) for number, one in enumerate(index.streams)
    ]
    longest_s = max((one for one in lengths_s if one), default=None)
    costs = _costs(index, duration_s, record) if index.whole and duration_s else {}
    return film_facts("mov", "QuickTime / MOV", longest_s, streams, taken) | {"Framefetch": costs}


def _stream(
    number: int, stream: StreamFacts, video: dict[str, Any], duration_s: Fraction | None
) -> dict[str, Any]:
    """The facts of one stream; sound's codec, bit rate and frames are in tables that are not read."""
    more = sound_facts(stream.channels, stream.rate_hz) if stream.kind == "audio" else {}
    if stream.is_film:
        return stream_facts(number, stream.language, stream.codec, duration_s, video)
    return stream_facts(number, stream.language, stream.codec, stream.duration_s, more)


def _costs(index: VideoIndex, duration_s: Fraction, record: Record) -> dict[str, Any]:
    """Keyframes, and what a picture from the film's middle costs."""
    costs: dict[str, Any] = {"IndexBytes": record.trace.received, "IndexRequests": record.trace.requests}
    times: list[int] = []
    number = index.table.key_after(0)
    while number < index.table.count and len(times) < _MOST_KEYS:
        times.append(index.table.dts(number))
        number = index.table.key_after(number + 1)
    if number >= index.table.count and times:
        gaps = [two - one for one, two in pairwise([*times, index.table.dts(index.table.count)])]
        costs["Keyframes"] = {
            "Count": len(times),
            "MeanSpacing": length_of(Fraction(sum(gaps), len(gaps)) / index.timescale),
            "LongestSpacing": length_of(Fraction(max(gaps)) / index.timescale),
        }
    for mode, name in ((Mode.FAST, "SnapshotFast"), (Mode.EXACT, "SnapshotExact")):
        try:
            plan = make_plan(index, int(duration_s * 1000 * _MIDDLE), mode)
        except NotUnderstood:
            continue
        costs[name] = {
            "KnownIndex": {"Bytes": plan.bytes, "Requests": len(plan.ranges)},
            "NewIndex": {
                "Bytes": costs["IndexBytes"] + plan.bytes,
                "Requests": costs["IndexRequests"] + len(plan.ranges),
            },
        }
    return costs


def _by_ffmpeg(opened: FilmObject, studio: Studio) -> dict[str, Any]:
    with closing(studio.finder.demuxed(opened)) as film:
        return container_facts(film)


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts without those that are not known, all the way down."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            value = _known(value)  # noqa: PLW2901 - the same, cleaned
        elif isinstance(value, list):
            value = [_known(one) for one in value]  # noqa: PLW2901 - likewise
        if value not in (None, "", {}, []):
            found[name] = value
    return found
