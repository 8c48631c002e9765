"""``framefetch serve``: the service as a local server, over one source or a map of buckets."""

from __future__ import annotations

import ipaddress
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from framefetch.limits import limit_process
from framefetch.settings import BadSetting, Settings
from framefetch.sources.locate import open_source
from framefetch.texts import check

if TYPE_CHECKING:
    import argparse

SAMPLE = "sample.mp4"


def add_to(commands: Any) -> None:  # noqa: ANN401 - argparse's own type is private
    """Adds the command to the parser."""
    mine = commands.add_parser("serve", help="answer HTTP requests for pictures of one source's videos")
    mine.add_argument(
        "source",
        nargs="?",
        metavar="WHAT",
        help="a folder, s3://bucket/prefix, gs://…, az://…, oss://… or https://host/prefix (default: "
        "FRAMEFETCH_BUCKETS or FRAMEFETCH_SOURCE, else the folder films; an empty one gets a sample film)",
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
    settings = Settings.from_environment()
    local = _is_loopback(options.host)
    if options.public:
        settings = replace(settings, access="public")
    elif settings.access == "auto" and not local:
        if not settings.keys:
            message = (
                f"--host {options.host} can be reached by others: set FRAMEFETCH_KEYS to have requests "
                "signed, or add --public to say that anyone may read."
            )
            raise BadSetting(message)
        settings = replace(settings, access="signed")
    if options.source and settings.buckets.strip():
        message = f"FRAMEFETCH_BUCKETS is set, and {options.source!r} is named, too: leave one of them out."
        raise BadSetting(message)
    if options.source:
        settings = replace(settings, source=options.source)
    check(settings)
    what = "the bucket map"
    sample = "BUCKET/VIDEO"
    source = None
    if not settings.buckets:
        what = settings.source or "films"
        settings = replace(settings, source=what)
        sample = _fill(what)
        source = open_source(what, settings)

    try:
        import uvicorn  # noqa: PLC0415 - only this command needs the server

        from framefetch.allocator import return_freed_memory  # noqa: PLC0415
        from framefetch.asgi import application  # noqa: PLC0415
    except ImportError as error:
        message = f"the server is not installed ({error.name}): pip install 'framefetch[server]'."
        raise BadSetting(message) from None
    from framefetch.snapshot import Service  # noqa: PLC0415 - slow to import, and not needed to refuse

    return_freed_memory()
    limit_process(settings)
    service = Service(settings, source)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config = uvicorn.Config(
        application(service, local=local),
        host=options.host,
        port=options.port,
        http="h11",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.timeout_s) + 1,
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    # From here on connections wait to be accepted, so that what is printed below works at once.
    listener.listen(config.backlog)
    host, port = listener.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    # A source's query may hold what opens it.
    shown = what.partition("?")[0] if "://" in what else what
    print(f"framefetch serves {shown} at http://{host}:{port}/", flush=True)
    if any(service.access.signed.values()):
        print("Requests have to be signed: framefetch sign oss://BUCKET/KEY makes URLs.", flush=True)
    else:
        print(f"Try http://{host}:{port}/{quote(sample)}?x-oss-process=video/snapshot,t_1000", flush=True)
    server.run(sockets=[listener])
    return 0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _fill(what: str) -> str:
    """Makes the sample film where a folder has no films; tells a name to try."""
    if "://" in what:
        return "VIDEO"
    folder = Path(what)
    if not folder.exists():
        if not folder.parent.is_dir():
            message = f"{what!r} is not a folder, and neither is the one that it would be in."
            raise BadSetting(message)
        folder.mkdir()
    if not folder.is_dir():
        message = f"{what!r} is not a folder."
        raise BadSetting(message)
    names = sorted(one.name for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
    if names:
        return SAMPLE if SAMPLE in names else names[0]
    from framefetch.sample import make_sample  # noqa: PLC0415 - only a first start needs it

    print(f"{what} is empty: making {SAMPLE}, a film of 20 seconds.", flush=True)
    make_sample(folder / SAMPLE)
    return SAMPLE
