"""A film that takes all memory takes it from its own request only."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from framefetch.settings import Settings
from tests.media.conftest import films  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.films import Shelf

# In a process of its own: the bound stays for its life.
_CHILD = """
import resource, sys
from dataclasses import replace
from framefetch.http.call import Call
from framefetch.limits import limit_process
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource

folder, name = sys.argv[1:]
settings = Settings(address_space_mb=256 + 256)
limit_process(settings)
service = Service(settings, FolderSource(folder))

def ask(process):
    return service.answer(Call("GET", "/" + name, "x-oss-process=video/snapshot,t_500" + process))

before = ask("")
status = open("/proc/self/status").read()
used_mb = int(status.split("VmSize:")[1].split()[0]) >> 10
limit_process(replace(settings, address_space_mb=used_mb + 4))
starved = ask(",w_5000,h_5000")
limit_process(settings)
print(before.status, starved.status, b"ImageTooLarge" in starved.body, ask("").body == before.body,
      *resource.getrlimit(resource.RLIMIT_CORE)[:1])
"""


@pytest.mark.parametrize("name", ["h264-mp4-end", "h265-mp4", "av1-mkv", "vp9-webm"])
def test_memory_that_is_not_there_costs_one_request(films: Shelf, name: str) -> None:  # noqa: F811
    """In a small function's bound every codec decodes; what cannot be had is 400; the next one is right."""
    path = films[name].path
    given = (str(path.parent), path.name)
    ran = subprocess.run([sys.executable, "-c", _CHILD, *given], capture_output=True, check=True, text=True)
    assert ran.stdout.split() == ["200", "400", "True", "True", "0"]


# Another request is at work all the time, in another service of the process: its store answers late.
_TOGETHER = """
import json, sys, threading
from dataclasses import replace
from pathlib import Path
from framefetch.http.call import Call
from framefetch.limits import limit_process
from framefetch.observe import Record
from framefetch.rules import Upload
from framefetch.settings import Settings
from framefetch.snapshot import Service
from framefetch.sources.folder import FolderSource
from framefetch.uploads import Uploads

folder, name = sys.argv[1:]
rule = "*.mp4=video/snapshot,t_500,w_5000,h_5000=thumbs/{stem}-{etag}.{ext}"
settings = Settings(source=folder, index_cache="memory", on_upload=rule)
service = Service(settings, FolderSource(folder))
uploads = Uploads(settings)
uploads.watch(folder)
begun, over = threading.Event(), threading.Event()

class Slow(FolderSource):
    def open(self, key):
        begun.set()
        over.wait()
        return super().open(key)

def ask(service, process="video/snapshot,t_500,w_5000,h_5000"):
    record = Record(service.budget())
    answer = service.answer(Call("GET", "/" + name, "x-oss-process=" + process), record)
    is_told = "framefetch.operations.snapshot:" in record.why
    return answer.status, record.code, answer.header("retry-after"), is_told

def handled():
    (one,) = uploads.handle(Upload("", name))
    return one.what.value

small = "video/snapshot,t_500"
assert ask(service, small)[0] == 200
assert uploads.handle(Upload("", name), may_decode=False)[0].what == "failed"
other = threading.Thread(target=ask, args=(Service(settings, Slow(folder)), small))
other.start()
begun.wait()
status = open("/proc/self/status").read()
used_mb = int(status.split("VmSize:")[1].split()[0]) >> 10
limit_process(replace(settings, address_space_mb=used_mb + 4))
told = [ask(service), handled(), sorted(one.name for one in Path(folder).glob("thumbs/*"))]
over.set()
other.join()
told += [ask(service), handled(), sorted(one.name for one in Path(folder).glob("thumbs/*"))]
print(json.dumps(told))
"""


def test_memory_that_others_have_is_not_the_films_fault(films: Shelf, tmp_path: Path) -> None:  # noqa: F811
    """While others work it is 503 and may succeed later, uploads too; alone it is the film's, and told so."""
    (tmp_path / "a.mp4").write_bytes(films["h264-mp4-end"].path.read_bytes())
    given = (str(tmp_path), "a.mp4")
    ran = subprocess.run(
        [sys.executable, "-c", _TOGETHER, *given], capture_output=True, check=True, text=True
    )
    busy, failed, nothing, alone, faulty, recorded = json.loads(ran.stdout)
    assert busy == [503, "ServiceUnavailable", "1", True]
    assert (failed, nothing) == ("failed", [])
    assert alone == [400, "ImageTooLarge", None, True]
    assert faulty == "faulty"
    assert [one.endswith(".error.json") for one in recorded] == [True]


@pytest.mark.parametrize("name", ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "FC_FUNCTION_MEMORY_SIZE"])
def test_a_function_bounds_itself(name: str) -> None:
    """A function's own memory says how much its process may take; a setting says otherwise."""
    assert Settings.from_environment({name: "1024"}).address_space_mb == 1280
    given = {name: "1024", "FRAMEFETCH_ADDRESS_SPACE_MB": "0"}
    assert Settings.from_environment(given).address_space_mb == 0
