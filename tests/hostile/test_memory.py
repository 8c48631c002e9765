"""A film that takes all memory takes it from its own request only."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from framefetch.settings import Settings
from tests.media.conftest import films  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from tests.films import Shelf

# In a process of its own: the bound stays for its life.
_CHILD = """
import resource, sys
from dataclasses import replace
from framefetch.call import Call
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


@pytest.mark.parametrize("name", ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "FC_FUNCTION_MEMORY_SIZE"])
def test_a_function_bounds_itself(name: str) -> None:
    """A function's own memory says how much its process may take; a setting says otherwise."""
    assert Settings.from_environment({name: "1024"}).address_space_mb == 1280
    given = {name: "1024", "FRAMEFETCH_ADDRESS_SPACE_MB": "0"}
    assert Settings.from_environment(given).address_space_mb == 0
