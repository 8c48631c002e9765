"""The requests of real SDKs, and what they mean."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from framefetch.http.call import Call, percent_decode
from framefetch.signing import KeyPair, Keyring

BUCKET = "examplebucket"
REGION = "cn-hangzhou"
ACCESS_KEY_ID = "LTAI5tExampleKeyId00000"
SECRET = "ExampleSecret000000000000000000"
TOKEN = "CAISexample/Token+with==/slash+plus1234=="
PAIR = KeyPair(ACCESS_KEY_ID, SECRET)
KEYRING = Keyring((PAIR, KeyPair(ACCESS_KEY_ID, SECRET, TOKEN)))
FOLDER = Path(os.environ.get("FRAMEFETCH_SIGNING") or Path(__file__).parents[3] / "shared" / "signing")


@dataclass(frozen=True, slots=True)
class Vector:
    """One recorded request: what arrives, when, and whether OSS lets it in."""

    call: Call
    key: str
    clock: int
    expires_s: int
    accept: bool
    version: str


def presigned() -> list[Vector]:
    """Every recorded presigned URL, sent with the headers that it was signed for."""
    return [_presigned(row) for row in _rows("presigned.jsonl")]


def header_signed() -> list[Vector]:
    """Every recorded request with an Authorization header, as it arrived."""
    return [_header_signed(row) for row in _rows("header_signed.jsonl")]


def _rows(name: str) -> list[dict[str, Any]]:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip("needs the recorded requests: set FRAMEFETCH_SIGNING to their folder")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _presigned(row: dict[str, Any]) -> Vector:
    target = row["url"].partition("://")[2]
    host, _, rest = target.partition("/")
    path, _, query = rest.partition("?")
    sent = {"host": host, **row["extra"]["request_headers"]}
    call = Call("GET", f"/{path}", query, tuple((name.lower(), value) for name, value in sent.items()))
    return Vector(
        call, _key(call.path, row), row["clock"], row["expires_s"], row["accept"], row["signature_version"]
    )


def _header_signed(row: dict[str, Any]) -> Vector:
    headers = tuple((name.lower(), value) for name, value in row["headers"])
    call = Call(row["method"], row["path"], row["query"], headers)
    return Vector(
        call, _key(call.path, row), row["captured_unix"], 900, row["accept"], row["signature_version"]
    )


def _key(path: str, row: dict[str, Any]) -> str:
    key = percent_decode(path[1:])
    if row["addressing"] == "path":
        bucket, _, key = key.partition("/")
        assert bucket == BUCKET
    assert key == row["key"] == unquote(row["key"].replace("%", "%25"))
    return key
