"""One case: a damaged film, what is done with it, and what must not come of it."""

from __future__ import annotations

import time
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Protocol

from framefetch.containers.index import Need, NotUnderstood
from framefetch.containers.isobmff.walk import Walk as IsobmffWalk
from framefetch.containers.matroska.walk import Walk as MatroskaWalk
from framefetch.containers.opening import opening_ranges
from framefetch.containers.sniff import HEAD_BYTES, sniff
from framefetch.errors import FilmError
from framefetch.http.call import Call
from framefetch.limits import limit_process
from framefetch.plan import make_plan, stretch
from framefetch.process import Mode
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from tests.fuzz.mutate import damage
from tests.fuzz.seeds import read_seeds

if TYPE_CHECKING:
    from pathlib import Path

    from framefetch.containers.index import VideoIndex
    from framefetch.containers.pull import Pull
    from tests.fuzz.mutate import Seed

_MOST_NEEDS = 5000
_OPENING_BYTES = 64 << 10


class Kind(Protocol):
    """What is done with damaged films."""

    def film(self, number: int) -> bytes:
        """The film of a case."""
        ...

    def run(self, number: int) -> str:
        """Runs a case; what came of it, or after ``!`` what must not have."""
        ...


def film_of(seeds: list[Seed], number: int) -> tuple[bytes, Random]:
    """The damaged film of a case, and a generator for what else the case has to choose."""
    random = Random(number)
    return damage(random.choice(seeds), random), random


class Parsers:
    """Our own readers alone: they may refuse by an error of ours, and by nothing else."""

    def __init__(self, folder: Path, _: Path) -> None:
        self._seeds = read_seeds(folder, parsed=True)

    def film(self, number: int) -> bytes:
        """See `Kind`."""
        return film_of(self._seeds, number)[0]

    def run(self, number: int) -> str:
        """See `Kind`."""
        film, random = film_of(self._seeds, number)
        at_ms = random.choice((0, 1, 500, 1500, 10**9, 1 << 53))
        mode = random.choice((Mode.EXACT, Mode.FAST))
        walk: Pull
        if film[:4] == b"\x1a\x45\xdf\xa3":
            walk = MatroskaWalk(len(film), at_ms, fast=mode is Mode.FAST)
        else:
            wanted = partial(stretch, at_ms=at_ms, mode=mode)
            long_bytes = random.choice((0, 2 << 20))
            walk = IsobmffWalk(len(film), at_ms, wanted=wanted, fast=mode is Mode.FAST, long_bytes=long_bytes)
        try:
            opening_ranges(sniff(film[:HEAD_BYTES]) or "", film[:_OPENING_BYTES], len(film))
            index = _walked(walk, film, random.choice((0, 64, _OPENING_BYTES)))
            make_plan(index, at_ms, mode)
        except NotUnderstood:
            return "not understood"
        except FilmError as fault:
            return type(fault).__name__
        except OverflowError:
            # Numbers that no column holds: `indexed` calls the film corrupt then.
            return "overflow"
        except AssertionError as fault:
            return f"!{fault}"
        return "read"


def _walked(walk: Pull, film: bytes, head_bytes: int) -> VideoIndex:
    """The index, by feeding what is asked for."""
    step = walk.feed(0, film[:head_bytes])
    for _ in range(_MOST_NEEDS):
        if not isinstance(step, Need):
            return step
        for start, stop in ((step.start, step.stop), *step.more):
            assert 0 <= start < stop <= len(film), f"asks for {start}-{stop} of {len(film)}"
            step = walk.feed(start, film[start:stop])
    raise AssertionError("asks without end")


class Decodes:
    """The whole service over a folder: a picture, or an error of the film's."""

    def __init__(self, folder: Path, work: Path) -> None:
        self._seeds = read_seeds(folder, parsed=False)
        self._work = work
        limit_process(Settings())
        self._services = {
            index: Service(Settings(index=index, timeout_s=20), FolderSource(work))
            for index in ("own", "generic")
        }

    def film(self, number: int) -> bytes:
        """See `Kind`."""
        return film_of(self._seeds, number)[0]

    def run(self, number: int) -> str:
        """See `Kind`."""
        film, random = film_of(self._seeds, number)
        # A name of its own: what is kept of one film is not to answer for the next.
        path = self._work / f"{number}"
        path.write_bytes(film)
        index = random.choice(("own", "generic"))
        query = f"x-oss-process={self.process(random)}"
        began_s = time.process_time()
        answer = self._services[index].answer(Call("GET", f"/{number}", query))
        path.unlink()
        spent_s = time.process_time() - began_s
        if answer.status >= 500:
            return f"!{answer.status} {index} {query}: {answer.body[:300]!r}"
        if spent_s > 5:
            return f"!{spent_s:.1f} s of work, {index} {query}"
        return str(answer.status)

    def process(self, random: Random) -> str:
        """What is asked of the film."""
        at_ms = random.choice((0, 40, 333, 900, 1234, 2500, 10**9))
        mode = random.choice(("", ",m_fast"))
        return f"video/snapshot,w_64,t_{at_ms}{mode}"


class Operations(Decodes):
    """The same with what takes many pictures of a film, or all that is known of it."""

    def process(self, random: Random) -> str:
        """See `Decodes`."""
        return random.choice(
            (
                "video/snapshot,w_64,t_auto",
                "video/snapshot,w_64,t_50p",
                "video/sprite,sw_32,sh_32,tw_3,th_2,num_6",
                "video/sprite,sw_32,sh_32,num_6,f_vtt",
                "video/snapshots,num_4",
                "video/animation,w_32,num_5",
                "video/animation,w_32,ss_200,inter_100,num_5,f_gif",
                "video/info",
            )
        )


KINDS: dict[str, type[Parsers | Decodes]] = {
    "parsers": Parsers,
    "decodes": Decodes,
    "operations": Operations,
}
