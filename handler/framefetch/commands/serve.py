"""``framefetch serve``: the service as a local server, over one source or a map of buckets."""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from framefetch.commands.printing import shown, write_out
from framefetch.limits import allow_connections, limit_process
from framefetch.settings import BadSetting, Settings
from framefetch.sources.locate import open_source, path_of
from framefetch.texts import check

if TYPE_CHECKING:
    import argparse

SAMPLE = "sample.mp4"
_LONGEST_HEAD = 32 << 10
"""Of a request, in bytes, while its end has not come."""


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser(
        "serve",
        help="answer HTTP requests for pictures of one source's videos",
        description="Answers HTTP requests for pictures of videos, until Ctrl-C ends it.",
    )
    mine.add_argument(
        "source",
        nargs="?",
        metavar="WHAT",
        help="a folder, s3://bucket/prefix, gs://…, az://…, oss://… or https://host/prefix (default: "
        "FRAMEFETCH_BUCKETS or FRAMEFETCH_SOURCE, else the folder films; an empty or new one gets a film)",
    )
    mine.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    mine.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0 takes a free one")
    mine.add_argument(
        "--public",
        action="store_true",
        help="anyone may read; without it, all but a folder on this machine's own address needs signatures",
    )
    mine.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serves until interrupted."""
    settings = _settings(options)
    what = "the bucket map"
    sample = "BUCKET/VIDEO"
    source = None
    if not settings.buckets:
        what = settings.source
        sample = _fill(what)
        source = open_source(what, settings)

    try:
        import uvicorn  # noqa: PLC0415 - only this command needs the server

        from framefetch.asgi import application  # noqa: PLC0415
        from framefetch.server.allocator import return_freed_memory, settle  # noqa: PLC0415
        from framefetch.server.connections import BoundedConnection  # noqa: PLC0415
    except ImportError as error:
        message = f"the server is not installed ({error.name}): pip install it as framefetch[server]."
        raise BadSetting(message) from None
    from framefetch.snapshot import Service  # noqa: PLC0415 - slow to import, and not needed to refuse

    listener = _bound(options.host, options.port)
    return_freed_memory()
    limit_process(settings)
    allow_connections()
    service = Service(settings, source)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config = uvicorn.Config(
        application(service, local=_is_loopback(options.host)),
        host=options.host,
        port=options.port,
        http=BoundedConnection,
        ws="none",
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        loop="asyncio",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.timeout_s) + 1,
    )
    server = uvicorn.Server(config)
    settle()
    # From here on connections wait to be accepted, so that what is printed below works at once.
    listener.listen(config.backlog)
    host, port = listener.getsockname()[:2]
    # A source's query may hold what opens it.
    named = what.partition("?")[0] if "://" in what else what
    write_out(f"framefetch serves {shown(named)} at {_address(host, port)}/")
    # Of a server that listens on all addresses, this machine's own is one to try.
    here = _address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 - it was asked for
    if any(service.access.signed.values()):
        if source is not None:
            sample = f"{next(iter(service.access.signed))}/{sample}"
        ways = f"framefetch sign oss://{shown(sample)} --endpoint {here} --region REGION"
        write_out(f"Requests have to be signed: {ways} makes URLs.")
    else:
        path = quote(sample, errors="surrogateescape")
        write_out(f"Try {here}/{path}?x-oss-process=video/snapshot,t_1000")
    server.run(sockets=[listener])
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    """The settings, with what the command line says.

    Raises:
        BadSetting: something is wrong with them, or others could read without having been let in.
    """
    settings = Settings.from_environment()
    if not 0 <= options.port <= 65_535:
        message = "--port takes a number from 0 to 65535."
        raise BadSetting(message)
    if options.public:
        settings = replace(settings, access="public")
    elif settings.access == "auto" and not _is_loopback(options.host):
        if not settings.keys:
            message = (
                f"--host {options.host} can be reached by others: set FRAMEFETCH_KEYS to have requests "
                "signed, or add --public to say that anyone may read."
            )
            raise BadSetting(message)
        settings = replace(settings, access="signed")
    if options.source and settings.buckets.strip():
        named = options.source.partition("?")[0]
        message = f"FRAMEFETCH_BUCKETS is set, and {named!r} is named, too: leave one of them out."
        raise BadSetting(message)
    if options.source:
        settings = replace(settings, source=options.source)
    check(settings)
    if not settings.buckets:
        settings = replace(settings, source=settings.source or "films")
    return settings


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has its address.

    Raises:
        BadSetting: it cannot have this one.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError) as fault:
        listener.close()
        why = fault.strerror if isinstance(fault, OSError) else "it is no host's name"
        message = f"cannot listen on {host}:{port}: {why}."
        raise BadSetting(message) from None
    return listener


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _fill(what: str) -> str:
    """Makes the sample film where a folder has nothing in it; tells a name to try.

    Raises:
        BadSetting: it is no folder, or cannot be used as one.
    """
    if "://" in what:
        return "VIDEO"
    folder = path_of(what)
    is_new = False
    try:
        if not folder.exists():
            if not folder.parent.is_dir():
                message = f"{what!r} is not a folder, and neither is the one that it would be in."
                raise BadSetting(message)
            folder.mkdir()
            is_new = True
        if not folder.is_dir():
            message = f"{what!r} is not a folder."
            raise BadSetting(message)
        within = sorted(one for one in folder.iterdir() if not one.name.startswith("."))
        if within:
            return _one_of([one.name for one in within if one.is_file()])
        from framefetch.server.sample import make_sample  # noqa: PLC0415 - only a first start needs it

        found = "was not there: making it, and in it" if is_new else "is empty: making"
        write_out(f"{what} {found} {SAMPLE}, a film of 20 seconds.")
        make_sample(folder / SAMPLE)
    except OSError as fault:
        message = f"{what!r} cannot be used: {fault.strerror}."
        raise BadSetting(message) from None
    return SAMPLE


def _one_of(names: list[str]) -> str:
    """A film among files, as far as names tell."""
    from framefetch.server.playground.site import FILM_ENDINGS  # noqa: PLC0415 - slow to import

    films = [name for name in names if name.lower().endswith(FILM_ENDINGS)]
    return SAMPLE if SAMPLE in names else next(iter(films or names), "VIDEO")
