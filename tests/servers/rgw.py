"""A real S3 server on loopback: Ceph's radosgw, with one monitor and one in-memory OSD.

Needs Debian's ceph-mon, ceph-osd and radosgw; runs as whoever calls it, in a folder of its own, and is
up in about 15 s. Signatures, ranges, 412 and 416 are the real thing.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from tests.servers import S3Server, free_port, wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")
ACCESS_KEY, SECRET_KEY = "framefetchtestkey", "framefetchtestsecretnotasecret"
_ATTEMPTS = 4


def missing() -> str:
    """What has to be installed first; empty when all is there."""
    return "" if all(shutil.which(tool) for tool in TOOLS) else "radosgw"


@contextmanager
def running() -> Iterator[S3Server]:
    """Starts the three daemons, makes a user, and ends them all."""
    folder = Path(tempfile.mkdtemp(prefix="rgw-"))
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        yield _start_until_it_knows_its_user(folder, daemons)
    finally:
        _end(daemons)
        shutil.rmtree(folder, ignore_errors=True)


def _start_until_it_knows_its_user(folder: Path, daemons: list[subprocess.Popen[bytes]]) -> S3Server:
    """Now and then a fresh gateway does not find the user that was made for it, and never will."""
    for attempt in range(_ATTEMPTS):
        place = folder / str(attempt)
        place.mkdir()
        server = _start(place, daemons)
        client = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            region_name=server.region,
        )
        try:
            client.list_buckets()
        except ClientError:
            _end(daemons)
        else:
            return server
    message = f"radosgw refused its own user {_ATTEMPTS} times"
    raise RuntimeError(message)


def _end(daemons: list[subprocess.Popen[bytes]]) -> None:
    while daemons:
        daemon = daemons.pop()
        daemon.send_signal(signal.SIGKILL)
        daemon.wait(10)


def _start(folder: Path, daemons: list[subprocess.Popen[bytes]]) -> S3Server:
    monitor, port = free_port(), free_port()
    fsid = "11111111-2222-4333-8444-555555555555"
    config = folder / "ceph.conf"
    config.write_text(
        f"""[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{monitor}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
run_dir = {folder}
log_file = {folder}/$name.log
admin_socket = {folder}/$name.asok
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
[mon.a]
mon_data = {folder}/mon
[osd.0]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw_data = {folder}/rgw
ms_mon_client_mode = crc
rgw_enable_usage_log = false
rgw_lifecycle_work_time = 00:00-00:01
""",
        encoding="utf-8",
    )
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    environment = {**os.environ, "CEPH_CONF": str(config)}

    def run(*command: str) -> None:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode:
            message = f"{' '.join(command)}: {done.stderr or done.stdout}"
            raise RuntimeError(message)

    def start(*command: str) -> None:
        log = (folder / f"{Path(command[0]).name}.out").open("wb")
        with log:
            daemons.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))

    ring = str(folder / "keyring")
    run("ceph-authtool", "--create-keyring", ring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    map_file = str(folder / "monmap")
    run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor}]", map_file)
    run("ceph-mon", "-c", str(config), "--mkfs", "-i", "a", "--monmap", map_file, "--keyring", ring)
    start("ceph-mon", "-c", str(config), "-i", "a", "-f")
    wait_for_port(monitor, daemons[-1], folder)
    osd_fsid = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
    run("ceph", "-c", str(config), "osd", "new", osd_fsid, "0")
    run("ceph-osd", "-c", str(config), "-i", "0", "--mkfs", "--osd-uuid", osd_fsid)
    start("ceph-osd", "-c", str(config), "-i", "0", "-f")
    user = ("user", "create", "--uid=test", "--display-name=test")
    run("radosgw-admin", "-c", str(config), "-n", "client.rgw", *user,
        f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")  # fmt: skip
    start("radosgw", "-c", str(config), "-n", "client.rgw", "-f")
    wait_for_port(port, daemons[-1], folder)
    return S3Server(f"http://127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY)
