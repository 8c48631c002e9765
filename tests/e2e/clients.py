"""The SDKs of OSS, each as its users call it, behind one shape; what they raise is told as `Refused`."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import alibabacloud_oss_v2 as v2
import oss2

NODE_MODULES = Path(__file__).parents[1] / "servers" / "node_modules"
SCRIPT = Path(__file__).with_name("ali_oss.js")
BUCKET, REGION = "examplebucket", "cn-hangzhou"


@dataclass(frozen=True, slots=True)
class Refused:
    """What an SDK's exception says."""

    status: int
    code: str
    message: str
    request_id: str
    ec: str = ""


class Client(Protocol):
    """One SDK, with an endpoint and a key pair."""

    def get(self, key: str, process: str) -> bytes | Refused:
        """The picture, by a request that the SDK signs in a header."""
        ...

    def presign(self, key: str, process: str, seconds: int) -> str:
        """A URL that the SDK signs."""
        ...


@dataclass(frozen=True, slots=True)
class Oss2:
    port: int
    id: str
    secret: str
    version: str = "v4"

    def _bucket(self) -> Any:
        auth = (oss2.AuthV4 if self.version == "v4" else oss2.Auth)(self.id, self.secret)
        return oss2.Bucket(auth, f"http://127.0.0.1:{self.port}", BUCKET, region=REGION)

    def get(self, key: str, process: str) -> bytes | Refused:
        try:
            body: bytes = self._bucket().get_object(key, process=process).read()
        except oss2.exceptions.OssError as error:
            return Refused(error.status, error.code, error.message, error.request_id, error.ec)
        return body

    def presign(self, key: str, process: str, seconds: int) -> str:
        return str(self._bucket().sign_url("GET", key, seconds, params={"x-oss-process": process}))


@dataclass(frozen=True, slots=True)
class OssV2:
    port: int
    id: str
    secret: str

    def _client(self) -> Any:
        config = v2.config.load_default()
        config.credentials_provider = v2.credentials.StaticCredentialsProvider(self.id, self.secret)
        config.region = REGION
        config.endpoint = f"http://127.0.0.1:{self.port}"
        return v2.Client(config)

    def get(self, key: str, process: str) -> bytes | Refused:
        try:
            request = v2.GetObjectRequest(bucket=BUCKET, key=key, process=process)
            body: bytes = self._client().get_object(request).body.read()
        except v2.exceptions.OperationError as error:
            said = error.unwrap()
            return Refused(said.status_code, said.code, said.message, said.request_id, said.ec)
        return body

    def presign(self, key: str, process: str, seconds: int) -> str:
        request = v2.GetObjectRequest(bucket=BUCKET, key=key, process=process)
        return str(self._client().presign(request, expires=dt.timedelta(seconds=seconds)).url)


@dataclass(frozen=True, slots=True)
class AliOss:
    port: int
    id: str
    secret: str
    version: str = "v4"

    def _run(self, **asked: object) -> Any:
        # With an IP for an endpoint this SDK sends another Host than it connects to.
        given = asked | {
            "endpoint": f"http://localhost:{self.port}",
            "id": self.id,
            "secret": self.secret,
            "bucket": BUCKET,
            "v1": self.version == "v1",
        }
        done = subprocess.run(
            ["node", "--dns-result-order=ipv4first", str(SCRIPT), json.dumps(given)],
            env=os.environ | {"NODE_PATH": str(NODE_MODULES)},
            capture_output=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    def get(self, key: str, process: str) -> bytes | Refused:
        said = self._run(what="get", key=key, process=process)
        return Refused(**said["error"]) if "error" in said else base64.b64decode(said["body"])

    def presign(self, key: str, process: str, seconds: int) -> str:
        return str(self._run(what="presign", key=key, process=process, seconds=seconds)["url"])


def missing(name: str) -> str:
    """What has to be installed before this client can run; empty when all is there."""
    if name.startswith("ali-oss"):
        if shutil.which("node") is None:
            return "node"
        if not (NODE_MODULES / "ali-oss").is_dir():
            return "ali-oss"
    return ""


def client(name: str, port: int, key_id: str, secret: str) -> Client:
    """The client of a name, such as ``oss2-v1``."""
    sdk, _, version = name.partition(":")
    if sdk == "oss2":
        return Oss2(port, key_id, secret, version)
    if sdk == "ali-oss":
        return AliOss(port, key_id, secret, version)
    return OssV2(port, key_id, secret)


NAMES = ("oss2:v4", "oss2:v1", "alibabacloud-oss-v2", "ali-oss:v4", "ali-oss:v1")
