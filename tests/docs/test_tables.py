"""What the README says of parameters, settings, errors and options is what the code says."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops, ImageStat

from framefetch.__main__ import parser
from framefetch.commands import printing, snapshot
from framefetch.containers.sniff import RULES
from framefetch.errors import classes
from framefetch.process import (
    ANIMATION_PARAMETERS,
    MALFORMED,
    SNAPSHOT_PARAMETERS,
    SNAPSHOTS_PARAMETERS,
    SPRITE_PARAMETERS,
    Parameter,
)
from framefetch.settings import Settings
from framefetch.sources.locate import _OPTIONS
from tests.conftest import REPOSITORY
from tests.docs.pictures import FOLDER, PICTURES
from tests.docs.readme import PROSE, TEXT, TEXTS
from tests.docs.tables import PAGES, TABLES, errors_table, refreshed, settings_table, tables_in

README = TEXTS[PAGES[0]]
MEASURED = ("bench", "measured")
"""What ``scripts/bench --publish`` writes."""
HEADINGS = (
    "Two commands",
    "Parameters",
    "Answers",
    "Errors",
    "Settings",
    "Sources",
    "Signed access",
    "Deploy",
    "What it costs",
    "A CDN in front",
    "Operations",
    "How it reads",
    "Compatibility",
    "Coming from OSS, imgproxy or Cloudinary",
    "Security",
)

if TYPE_CHECKING:
    from pathlib import Path


def test_tables_are_those_of_the_code() -> None:
    """The tables of settings and errors are what ``scripts/docs`` makes of the code now."""
    for text in TEXTS.values():
        assert refreshed(text) == text, "scripts/docs writes them anew"
    names = sorted(name for text in TEXTS.values() for name in tables_in(text))
    assert names == sorted([*TABLES, *MEASURED])


def test_every_setting_and_every_error_has_a_row() -> None:
    """The tables leave out no setting and no error that can be answered."""
    assert settings_table().count("| `FRAMEFETCH_") == len(list(Settings.table()))
    assert errors_table().count("\n") == 1 + len(classes())


@pytest.mark.parametrize("one", SNAPSHOT_PARAMETERS, ids=lambda one: one.name)
def test_parameter(one: Parameter) -> None:
    """Every parameter has a row with what it takes and its EC."""
    (row,) = re.findall(rf"^\| `{one.name}_` \|.*$", README, re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert (cells[1], cells[-1]) == (one.takes, f"`{one.ec}`")


@pytest.mark.parametrize(
    "one", {*SPRITE_PARAMETERS, *SNAPSHOTS_PARAMETERS, *ANIMATION_PARAMETERS}, ids=lambda one: one.name
)
def test_parameter_of_many_pictures(one: Parameter) -> None:
    """Every parameter of a sheet or an animation stands in a row with what it takes."""
    rows = [row for row in TEXT.splitlines() if row.startswith("|") and f"`{one.name}_`" in row]
    assert any(one.takes.partition(";")[0] in row for row in rows)


def test_no_other_parameter() -> None:
    """No row is of a parameter that is none, and the EC of what cannot be read is there."""
    rows = re.findall(r"^\| `([a-z]+)_` \|", README, re.MULTILINE)
    assert sorted(rows) == sorted(one.name for one in SNAPSHOT_PARAMETERS)
    assert f"`{MALFORMED}`" in PROSE


def _commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (one for one in parser()._actions if isinstance(one, argparse._SubParsersAction))
    return dict(found.choices)


@pytest.mark.parametrize("name", list(_commands()))
def test_options(name: str) -> None:
    """Every command has a row with all its options, in all their forms, and with no others."""
    written = _options_in(name) | (_options_in("snapshot") & _pictures() if name == "sign" else set())
    options = {form for action in _commands()[name]._actions for form in action.option_strings}
    assert written == options - {"-h", "--help"}


def _options_in(name: str) -> set[str]:
    (row,) = re.findall(rf"^\| `framefetch {name}\b.*$", TEXT, re.MULTILINE)
    return set(re.findall(r"[`/](--?[a-zA-Z0-9-]+)", row))


def _pictures() -> set[str]:
    only = argparse.ArgumentParser(add_help=False)
    snapshot.add_picture_options(only)
    return {form for action in only._actions for form in action.option_strings}


def test_exit_codes() -> None:
    """The exit codes are explained, each with what it stands for."""
    said = " ".join(PROSE.split()).partition("Exit codes: ")[2].partition("). ")[0]
    meanings = dict(re.findall(r"(\d) (.+?)(?:, (?=\d )|$)", said.partition(" ## ")[0]))
    wanted = {
        "0": "done",
        str(printing.OUR_FAULT): "a fault of framefetch",
        str(printing.USAGE): "wrong usage",
        str(printing.CALLERS_FAULT): "4xx",
        str(printing.SOURCES_FAULT): "5xx",
    }
    assert meanings.keys() == wanted.keys()
    assert [code for code, words in wanted.items() if words not in meanings[code]] == []


def test_containers() -> None:
    """Every container that is recognised is in the table of how pictures are found, and no other one."""
    table = TEXT.partition("| Container | FFmpeg's name |")[2].partition("\n\n")[0]
    names = [cell for row in table.splitlines()[2:] for cell in re.findall(r"`(\w+)`", row.split("|")[2])]
    assert sorted(names) == sorted(name for name, _ in RULES)


def test_sources() -> None:
    """Every kind of source, and every option of one, is in the README."""
    section = TEXT.partition("\n## Sources\n")[2].partition("\n## ")[0]
    for kind, options in _OPTIONS.items():
        assert f"`{kind}://" in section
        assert [name for name in options if f"{name}=" not in section] == []


def test_options_of_buckets_and_keys() -> None:
    """Every option of a bucket has a row, and so has every one of a key pair."""
    page = TEXTS[REPOSITORY / "docs" / "signed-access.md"]
    takes = {one.name: one.kind.takes for one in Settings.table()}
    for of, setting in (("bucket", "buckets"), ("key pair", "keys")):
        table = page.partition(f"| Option of a {of} |")[2].partition("\n\n")[0]
        options = re.findall(r"\[(\w+)=", takes[setting])
        assert options
        assert re.findall(r"^\| `(\w+)=` \|", table, re.MULTILINE) == options


def test_a_newcomer_finds_it() -> None:
    """What a newcomer looks for has a heading in the README."""
    assert [one for one in HEADINGS if f"\n## {one}\n" not in README] == []


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str, tmp_path: Path) -> None:
    """The manual's pictures are what the program makes now, but for what JPEG and another FFmpeg blur."""
    made = PICTURES[name](tmp_path)
    with Image.open(FOLDER / f"{name}.jpg") as held:
        difference = ImageChops.difference(made, held.convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) <= 3, "python -m tests.docs.pictures writes them anew"
    assert f"(pictures/{name}.jpg)" in TEXT
