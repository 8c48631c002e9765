"""A local folder is never left, and nothing but regular files is read."""

from __future__ import annotations

import errno
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from framefetch.errors import AccessDenied, NoSuchKey
from framefetch.settings import BadSetting, Settings
from framefetch.sources import Changed
from framefetch.sources.folder import FolderSource
from framefetch.sources.locate import open_source, split_source

if TYPE_CHECKING:
    from tests.sources.stores import Opening


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "films"
    made.mkdir()
    (made / "a.mp4").write_bytes(b"inside")
    (tmp_path / "secret.mp4").write_bytes(b"outside")
    (tmp_path / "films-more").mkdir()
    (tmp_path / "films-more" / "b.mp4").write_bytes(b"outside")
    return made


def test_links_that_stay_inside_are_read(root: Path, opening: Opening) -> None:
    """A link to a file in the folder is that file; so is one reached through a linked root."""
    (root / "link.mp4").symlink_to("a.mp4")
    (root.parent / "linked").symlink_to(root)
    for source in (FolderSource(root), FolderSource(root.parent / "linked")):
        with opening.pin(source, "link.mp4") as pinned:
            assert pinned.open(0, 100) == b"inside"


@pytest.mark.parametrize(
    "target", ["../secret.mp4", "../films-more/b.mp4", "/etc/passwd", "../absent", "loop"]
)
def test_links_out_are_as_if_absent(root: Path, opening: Opening, target: str) -> None:
    """A link out of the folder answers as a name that is not there, whether its target exists or not."""
    (root / "loop").symlink_to("loop")
    (root / "link.mp4").symlink_to(target)
    with pytest.raises(NoSuchKey) as caught:
        opening.pin(FolderSource(root), "link.mp4")
    with pytest.raises(NoSuchKey) as absent:
        opening.pin(FolderSource(root), "nothing.mp4")
    assert str(caught.value) == str(absent.value)
    assert str(root.parent) not in caught.value.detail


def test_linked_folders_out_are_as_if_absent(root: Path, opening: Opening) -> None:
    """A linked folder leads nowhere either."""
    (root / "up").symlink_to("..")
    with pytest.raises(NoSuchKey):
        opening.pin(FolderSource(root), "up/secret.mp4")
    with opening.pin(FolderSource(root), "up/films/a.mp4") as pinned:
        assert pinned.open(0, 10) == b"inside"


def test_a_link_that_is_swapped_all_the_time_never_leads_out(root: Path, opening: Opening) -> None:
    """However a link is swapped between inside and outside, outside is never read."""
    (root / "good").symlink_to("a.mp4")
    (root / "bad").symlink_to("../secret.mp4")
    (root / "link.mp4").symlink_to("a.mp4")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for target in ("../secret.mp4", "a.mp4"):
                (root / "next").symlink_to(target)
                (root / "next").rename(root / "link.mp4")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        source = FolderSource(root)
        for _ in range(500):
            try:
                with opening.pin(source, "link.mp4") as pinned:
                    seen.add(pinned.open(0, 100))
            except NoSuchKey:
                seen.add(b"refused")
    finally:
        done.set()
        swapper.join()
    assert seen <= {b"inside", b"refused"}


def test_only_regular_files_are_read(root: Path, opening: Opening) -> None:
    """A folder, a FIFO, a socket and a device are no objects; none of them makes the request wait."""
    (root / "folder").mkdir()
    os.mkfifo(root / "fifo")
    (root / "device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        for key in ("folder", "fifo", "socket", "device", "a.mp4/x", "x" * 300):
            with pytest.raises(NoSuchKey):
                opening.pin(FolderSource(root), key)


def test_a_file_without_permission(root: Path, opening: Opening) -> None:
    """A file that may not be read is AccessDenied."""
    if os.geteuid() == 0:
        pytest.skip("not here: root may read everything")
    (root / "a.mp4").chmod(0)
    with pytest.raises(AccessDenied):
        opening.pin(FolderSource(root), "a.mp4")


def test_nothing_is_said_of_what_may_not_be_read_outside(
    root: Path, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to a file outside that may not be read is as absent as any other that leads there."""

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "not yours")

    (root / "link.mp4").symlink_to(root.parent / "secret.mp4")
    (root / "inside.mp4").symlink_to("a.mp4")
    source = FolderSource(root)
    monkeypatch.setattr("framefetch.sources.folder.os.open", refuse)
    with pytest.raises(NoSuchKey):
        opening.pin(source, "link.mp4")
    with pytest.raises(AccessDenied):
        opening.pin(source, "inside.mp4")


def test_a_file_that_is_replaced_stays_the_one_that_was_opened(root: Path, opening: Opening) -> None:
    """A file that was replaced by another is read on as it was."""
    (root / "new").write_bytes(b"INSIDE")
    with opening.pin(FolderSource(root), "a.mp4") as pinned:
        assert pinned.open(0, 2) == b"in"
        (root / "new").rename(root / "a.mp4")
        assert pinned.read(2, 6, "block") == b"side"


def test_a_file_that_grows_is_another_version(root: Path, opening: Opening) -> None:
    """A file that is written to while it is read raises Changed."""
    with opening.pin(FolderSource(root), "a.mp4") as pinned:
        pinned.open(0, 2)
        with (root / "a.mp4").open("ab") as more:
            more.write(b"more")
        with pytest.raises(Changed):
            pinned.read(2, 6, "block")


def test_no_descriptor_is_left(root: Path, opening: Opening) -> None:
    """Whatever happens, every file is closed again, once."""
    (root / "link.mp4").symlink_to("../secret.mp4")
    source = FolderSource(root)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(50):
        with opening.pin(source, "a.mp4") as pinned:
            pinned.open(0, 10)
        pinned.close()
        with pytest.raises(NoSuchKey):
            opening.pin(source, "link.mp4")
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_source_has_to_be_a_folder(root: Path) -> None:
    """A file or a missing folder as a source stops the start."""
    for text in (root / "a.mp4", root / "absent"):
        with pytest.raises(BadSetting):
            open_source(str(text), Settings())


def test_a_file_that_the_user_names_may_be_a_link(root: Path, opening: Opening) -> None:
    """A path on the command line is read wherever its link leads: the user may read what the user may."""
    (root / "link.mp4").symlink_to("../secret.mp4")
    source, key = split_source(str(root / "link.mp4"), Settings())
    with opening.pin(source, key) as pinned:
        assert pinned.open(0, 10) == b"outside"
