"""The shape of the program, held by its import statements (those for types only count as well)."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "handler" / "framefetch"

# Who may import whom, from the doors down: a module imports from rows below its own only. Modules in
# one row do not know each other. A package stands for what is in it, and is free within itself; of some
# packages the modules have rows of their own.
ORDER: tuple[frozenset[str], ...] = tuple(
    frozenset(row.split())
    for row in (
        "__main__",
        "commands",
        "aws aws_uploads fc fc_uploads asgi",
        "function",
        "events",
        "uploads",
        "server.connections server.health server.playground server.sample server.allocator",
        "server.sample_picture",
        "snapshot",
        "operations saving",
        "film.finder",
        "film.opened",
        "film.index_cache",
        "admission http.answers versions",
        "film.album",
        "ffmpeg.demux film.indexed",
        (
            "ffmpeg.demux.aim operations.facts operations.montage operations.oversize"
            " operations.reel operations.worth"
        ),
        "encode",
        "draw",
        "ffmpeg.decode",
        "ffmpeg.opening",
        "ffmpeg.decoder_memory ffmpeg.side_data",
        "ffmpeg.still_pictures",
        "ffmpeg.reader",
        "observe access.grants",
        "http.caching",
        "texts",
        "sinks",
        "sources",
        "plan",
        "containers",
        "containers.orientation",
        "access.buckets links rules",
        "signing access.styles",
        "process http.cors",
        "http.call limits trace access.secrets_aws",
        "settings budget round_trips",
        "errors values cold_start",
        "access film ffmpeg http server __init__",
    )
)

# What is touched in one place only: a package outside ours (or a module of the standard library), and
# the modules that may import it. Nobody at all: the empty string.
OWNERS = {
    "av": (
        "draw ffmpeg.decode ffmpeg.decoder_memory ffmpeg.demux ffmpeg.opening ffmpeg.side_data"
        " film.indexed server.sample versions"
    ),
    "PIL": (
        "draw encode operations.montage operations.oversize operations.reel operations.worth server.sample"
        " server.sample_picture versions"
    ),
    "numpy": "",
    "urllib3": "access.secrets_aws sources",
    "boto3": "access.secrets_aws",
    "botocore": "access.secrets_aws",
    "obstore": "sinks sources",
    "oss2": "sources",
    "requests": "",
    "ctypes": "server.allocator",
    "http": "sources",
    "aws_lambda_powertools": "aws aws_uploads events",
    "starlette": "asgi",
    "uvicorn": "commands server.connections",
    "time": "budget",
    "resource": "limits observe",
    "tempfile": "",
    "pickle": "",
    "subprocess": "",
}

# Modules that turn values into values: they may not even import what could reach the outside.
PURE = (
    "access.buckets access.styles containers containers.orientation errors ffmpeg.still_pictures"
    " http.caching http.call http.cors plan process round_trips rules signing values"
)
REACHING = frozenset(
    "asyncio av http io logging multiprocessing obstore os oss2 pathlib PIL random secrets select shutil"
    " socket ssl tempfile threading time urllib3".split()
)


@cache
def modules() -> dict[str, tuple[bool, ast.Module]]:
    """Every module of the program by its dotted name: whether it is a package, and its parsed text."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ("framefetch", *path.relative_to(SOURCE).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = (is_package, ast.parse(path.read_text("utf-8")))
    return found


def imported(name: str) -> set[str]:
    """What a module imports, anywhere in its text: dotted names, those of ours down to the module."""
    is_package, tree = modules()[name]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = name.split(".")
                del parents[len(parents) + is_package - node.level :]
                base = ".".join([*parents, base] if base else parents)
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                found.add(submodule if submodule in modules() else base)
    return found


def part(name: str) -> str:
    """The name in `ORDER` of a module of ours: the longest that it is, or is in."""
    words = name.split(".")[1:]
    listed = (".".join(words[:length]) for length in range(len(words), 0, -1))
    return next((one for one in listed if row(one) >= 0), ".".join(words) or "__init__")


def row(name: str) -> int:
    """How far down in `ORDER` a part is; above all else where it is not there."""
    return next((index for index, names in enumerate(ORDER) if name in names), -1)


def ours(names: set[str]) -> set[str]:
    """Those of our own modules."""
    return {name for name in names if name.split(".")[0] == "framefetch"}


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_has_its_place(name: str) -> None:
    """Every module stands in the order, once."""
    assert [part(name) in names for names in ORDER].count(True) == 1


@pytest.mark.parametrize("name", sorted(modules()))
def test_dependencies_run_one_way(name: str) -> None:
    """A module imports only what is below it, or what is in its own package."""
    upwards = {
        other
        for other in ours(imported(name))
        if part(other) != part(name) and row(part(other)) <= row(part(name))
    }
    assert upwards == set()


def test_no_module_imports_itself_in_the_end() -> None:
    """There is no circle, within a package neither."""
    left = {name: ours(imported(name)) - {name} for name in modules()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert sorted(left) == []


@pytest.mark.parametrize("package", sorted(OWNERS))
def test_a_package_has_its_owners(package: str) -> None:
    """What reaches the outside, or decodes, is imported where the table says and nowhere else."""
    importers = {part(name) for name in modules() for one in imported(name) if one.split(".")[0] == package}
    assert importers == set(OWNERS[package].split())


@pytest.mark.parametrize("name", sorted(name for name in modules() if part(name) in PURE.split()))
def test_pure_modules_reach_nothing(name: str) -> None:
    """Parsers, planners and signatures cannot do I/O, wait, or draw lots."""
    assert {one.split(".")[0] for one in imported(name)} & REACHING == set()


def uses(*attributes: str) -> set[str]:
    """The parts in which one of ``name.attribute`` occurs, or ``from name import attribute``."""
    wanted = {tuple(one.split(".")) for one in attributes}
    found = set()
    for name, (_, tree) in modules().items():
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=attribute):
                    seen = {(owner, attribute)}
                case ast.ImportFrom(module=str(owner), names=aliases):
                    seen = {(owner, alias.name) for alias in aliases}
                case _:
                    continue
            if seen & wanted:
                found.add(part(name))
    return found


def test_only_settings_reads_the_environment() -> None:
    """A setting that the table does not have cannot exist."""
    assert uses("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv") == {"settings"}


def test_only_budget_reads_the_clock() -> None:
    """Every wait and every date can be driven by a test."""
    clocks = ("now", "utcnow", "today")
    assert uses(*(f"{owner}.{clock}" for owner in ("datetime", "date") for clock in clocks)) == set()


def test_only_sources_open_files() -> None:
    """No picture goes through a file: bytes come from sources, and only the command line writes.

    A cold start asks for the package's own byte code, and reads none of it.
    """
    openers = {
        part(name)
        for name, (_, tree) in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    } | uses("os.open", "io.open", "io.FileIO")
    assert openers == {"sources", "sinks", "commands", "film.index_cache", "cold_start"}
