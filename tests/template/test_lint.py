"""AWS's own tools read template.yaml, and make of it what is meant."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.conftest import REPOSITORY
from tests.template.stack import KEYS_ARN, Stack

TOOLS = REPOSITORY / ".venv-deploy" / "bin"
_VERSION = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class Policies:
    def load(self):
        return {}

for parameters, code in json.load(sys.stdin):
    template = yaml_parse(open("template.yaml").read())
    for name in ("FfmpegLayer", "OssLayer"):
        template["Resources"][name]["Properties"]["ContentUri"] = "s3://built/layer.zip"
    template["Globals"]["Function"]["CodeUri"] = "s3://built/" + code
    made = transform(template, parameters, Policies())
    print(*[name for name, one in made["Resources"].items() if one["Type"] == "AWS::Lambda::Version"])
"""


@pytest.mark.parametrize(
    "command", [("cfn-lint", "template.yaml"), ("sam", "validate", "--lint")], ids=" ".join
)
def test_template_passes(command: tuple[str, ...]) -> None:
    """cfn-lint and `sam validate --lint` have nothing to say."""
    if not (TOOLS / command[0]).exists():
        pytest.skip(f"needs {command[0]}: `scripts/sam --setup-only` installs it")
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]],
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"},
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_release_is_published() -> None:
    """A new release is a new version, which the alias leads to; without its name, new code is."""
    if not (TOOLS / "sam").exists():
        pytest.skip("needs sam: `scripts/sam --setup-only` installs it")
    usual = Stack({"VideoBucket": "films", "KeysArn": KEYS_ARN}).parameters
    rows = [("", "a"), ("", "a"), ("", "b"), ("1795699800", "a"), ("1795699801", "a")]
    done = subprocess.run(
        [TOOLS / "python", "-c", _VERSION],
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
        input=json.dumps([({**usual, "Release": release}, code) for release, code in rows]),
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    )
    first, again, *others = done.stdout.split()
    assert first == again
    assert len({first, *others}) == 4
