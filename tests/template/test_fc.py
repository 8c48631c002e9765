"""What s.yaml promises. The limits are those of Serverless Devs' component fc3."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
import yaml

from framefetch.rules.reading import parse as parse_rules
from framefetch.settings import Settings
from framefetch.texts import places_of
from tests.conftest import REPOSITORY

GIVEN = {
    "DEPLOY_BUCKET": "films",
    "DEPLOY_ACCOUNT": "1234567890123456",
    "DEPLOY_LAYER": "acs:fc:cn-hangzhou:1234567890123456:layers/framefetch/versions/1",
    "DEPLOY_OSS_LAYER": "acs:fc:cn-hangzhou:1234567890123456:layers/framefetch-oss/versions/1",
    "DEPLOY_ROLE": "acs:ram::1234567890123456:role/framefetch",
    "DEPLOY_TRIGGER_ROLE": "acs:ram::1234567890123456:role/aliyunosseventnotificationrole",
    "FRAMEFETCH_KEYS": "first-id:its-secret",
    "FRAMEFETCH_ON_UPLOAD": "uploads/*.mp4=video/snapshot,t_0=thumbs/{key}-{etag}.{ext}",
}
_OF_FC3 = set(
    "functionName description region runtime code layers role cpu memorySize diskSize handler timeout "
    "instanceConcurrency internetAccess logConfig environmentVariables triggers asyncInvokeConfig".split()
)
"""What the component knows of a function, of what is used here."""


def _filled(value: Any, variables: dict[str, str]) -> Any:
    """A value with ``${env('NAME', 'default')}`` and ``${vars.name}`` in it resolved."""
    if isinstance(value, dict):
        return {key: _filled(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    if not isinstance(value, str):
        return value

    def found(match: re.Match[str]) -> str:
        if match["var"]:
            return variables[match["var"]]
        return GIVEN[match["env"]] if match["default"] is None else GIVEN.get(match["env"], match["default"])

    return re.sub(
        r"\$\{(?:vars\.(?P<var>\w+)|env\('(?P<env>\w+)'(?:, '(?P<default>[^']*)')?\))\}", found, value
    )


def functions() -> dict[str, dict[str, Any]]:
    """Both functions with all that is said of them, by their names."""
    written = yaml.safe_load((REPOSITORY / "s.yaml").read_text())
    assert written["edition"] == "3.0.0"
    variables = _filled(written["vars"], {})
    resources = written["resources"].values()
    assert {one["component"] for one in resources} == {"fc3"}
    made = [{**written["template"][one["extend"]["name"]], **one["props"]} for one in resources]
    return {one["functionName"]: one for one in _filled(made, variables)}


NAMES = pytest.mark.parametrize("name", ["framefetch-pictures", "framefetch-uploads"])


@NAMES
def test_function_is_what_the_platform_takes(name: str) -> None:
    """Each function has a runtime and a size that the platform has, both layers, and a handler."""
    function = functions()[name]
    assert function.keys() <= _OF_FC3
    assert function["runtime"] == "python3.12"
    assert function["code"].endswith("-x86_64-py312.zip")
    assert function["layers"] == [GIVEN["DEPLOY_LAYER"], GIVEN["DEPLOY_OSS_LAYER"]]
    assert function["role"] == GIVEN["DEPLOY_ROLE"]
    assert function["memorySize"] % 64 == 0
    # The platform has 1 to 4 GiB for each CPU, in steps of 0.05.
    assert 1024 <= function["memorySize"] / function["cpu"] <= 4096
    assert function["diskSize"] in (512, 10240)
    assert function["instanceConcurrency"] == 1
    module, _, handler = function["handler"].rpartition(".")
    tree = ast.parse((REPOSITORY / "handler" / (module.replace(".", "/") + ".py")).read_text())
    assert handler in [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]


@NAMES
def test_environment_is_understood(name: str) -> None:
    """The settings are taken, nothing is public, and memory and time are within the function's."""
    function = functions()[name]
    settings = Settings.from_environment(function["environmentVariables"])
    assert settings.source == "oss://films?region=cn-hangzhou&internal=true"
    assert settings.access != "public"
    assert settings.timeout_s < function["timeout"]
    assert settings.memory_mb < function["memorySize"]
    if settings.on_upload:
        parse_rules(settings.on_upload, {}, max_side=settings.max_side)


@pytest.mark.parametrize("place", ["", "films/thumbs/"])
def test_requests_save_where_it_is_said(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A signed POST saves nowhere, until FRAMEFETCH_SAVE_TO names a place of the bucket."""
    if place:
        monkeypatch.setitem(GIVEN, "FRAMEFETCH_SAVE_TO", place)
    settings = Settings.from_environment(functions()["framefetch-pictures"]["environmentVariables"])
    assert places_of(settings, ["films"]) == ([("films", "thumbs/")] if place else [])


def test_triggers() -> None:
    """HTTP reaches one function, new objects of the bucket the other, which is called again if it fails."""
    pictures, uploads = functions().values()
    (http,) = pictures["triggers"]
    assert http["triggerType"] == "http"
    assert http["triggerConfig"]["authType"] == "anonymous"
    assert {"GET", "HEAD", "POST"} <= set(http["triggerConfig"]["methods"])
    (oss,) = uploads["triggers"]
    assert oss["triggerType"] == "oss"
    assert oss["sourceArn"] == "acs:oss:cn-hangzhou:1234567890123456:films"
    assert oss["triggerConfig"] == {
        "events": ["oss:ObjectCreated:*"],
        "filter": {"key": {"prefix": "uploads/", "suffix": ""}},
    }
    assert 0 < uploads["asyncInvokeConfig"]["maxAsyncRetryAttempts"] <= 8
