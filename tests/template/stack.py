"""template.yaml as CloudFormation sees it for given parameters: conditions and functions are resolved.

What only AWS knows (references to resources, their attributes) stays as it is: ``{"Ref": …}``.
Source: AWS CloudFormation User Guide, "Intrinsic functions" and "Rules".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from tests.conftest import REPOSITORY

TEMPLATE = REPOSITORY / "template.yaml"
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "films",
}
_ABSENT = object()


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """YAML with CloudFormation's short forms."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".") if tag == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)


def load(text: str) -> dict[str, Any]:
    """A template as it is written."""
    loaded: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    return loaded


@dataclass
class Stack:
    """The template with parameters.

    Args:
        given: those that are not left to their defaults.
    """

    given: dict[str, str]

    @cached_property
    def written(self) -> dict[str, Any]:
        """The template, unresolved."""
        return load(TEMPLATE.read_text())

    @cached_property
    def parameters(self) -> dict[str, str]:
        """All values, as texts, as CloudFormation compares them."""
        rows = self.written["Parameters"]
        assert self.given.keys() <= rows.keys()
        values = {name: self.given.get(name, row.get("Default")) for name, row in rows.items()}
        for name, value in values.items():
            row = rows[name]
            assert value is not None, name
            assert "AllowedValues" not in row or str(value) in map(str, row["AllowedValues"]), (name, value)
            assert re.fullmatch(row.get("AllowedPattern", ".*"), str(value)), (name, value)
        return {name: str(value) for name, value in values.items()}

    def refusals(self) -> list[str]:
        """What the rules say against these parameters."""
        return [
            one["AssertDescription"]
            for rule in self.written["Rules"].values()
            if self.resolved(rule.get("RuleCondition", True))
            for one in rule["Assertions"]
            if not self.resolved(one["Assert"])
        ]

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Those that are made, without what is not there."""
        return {
            name: self.resolved(row)
            for name, row in self.written["Resources"].items()
            if self.holds(row.get("Condition"))
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of a type."""
        found = {name: row for name, row in self.resources.items() if row["Type"] == kind}
        return {name: row.get("Properties", {}) for name, row in found.items()}

    def holds(self, condition: str | None) -> bool:
        """Whether a condition is met; none is always."""
        return condition is None or bool(self.resolved(self.written["Conditions"][condition]))

    def function(self, name: str) -> dict[str, Any]:
        """A function's properties, with those of all functions."""
        every = self.resolved(self.written["Globals"]["Function"])
        own = self.resources[name]["Properties"]
        variables = {
            **every["Environment"]["Variables"],
            **own.get("Environment", {}).get("Variables", {}),
        }
        return {**every, **own, "Environment": {"Variables": variables}}

    def resolved(self, value: Any) -> Any:
        """A value with all functions in it that can be resolved here."""
        if isinstance(value, list):
            return [made for one in value if (made := self.resolved(one)) is not _ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if name == "Ref" or name.startswith("Fn::"):
                return self._called(name.removeprefix("Fn::"), argument)
        made = {key: self.resolved(one) for key, one in value.items() if key != "Condition" or one != value}
        return {key: one for key, one in made.items() if one is not _ABSENT}

    def _called(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            if argument == "AWS::NoValue":
                return _ABSENT
            return {**_PSEUDO, **self.parameters}.get(argument, {"Ref": argument})
        if name == "If":
            return self.resolved(argument[1] if self.holds(argument[0]) else argument[2])
        if name == "Equals":
            first, second = map(self.resolved, argument)
            return str(first) == str(second)
        if name == "Not":
            return not self.resolved(argument[0])
        if name == "And":
            return all(map(self.resolved, argument))
        if name == "Or":
            return any(map(self.resolved, argument))
        if name == "FindInMap":
            table, row, column = map(self.resolved, argument)
            return self.written["Mappings"][table][row][column]
        if name == "Sub":
            text, names = argument if isinstance(argument, list) else (argument, {})
            known = {**_PSEUDO, **self.parameters, **self.resolved(names)}
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(known.get(found[1], found[0])), text)
        return {f"Fn::{name}": argument}


KEYS_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:framefetch-AbCdEf"
KMS_KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_S3 = {"VideoBucket": "films", "VideoPrefix": "clips/", "KeysArn": KEYS_ARN}
_UPLOADS = {
    **_S3,
    "OnUpload": '[{"match": "clips/*.mp4", "process": "video/snapshot", "to": "thumbs/{key}-{etag}.{ext}"}]',
}
_OSS = {
    "OssSource": "oss://films?region=cn-hangzhou",
    "OssCredentialsArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:oss-AbCdEf",
    "KeysArn": KEYS_ARN,
}
STACKS = {
    "cdn": Stack(_S3),
    "cdn-public": Stack({**_S3, "Access": "public", "KeysArn": "", "Cors": "https://app.example.com"}),
    "url": Stack({**_S3, "FrontDoor": "url"}),
    "saving": Stack({**_S3, "FrontDoor": "url", "SaveByRequest": "true", "VideoKmsKeyArn": KMS_KEY_ARN}),
    "http-api": Stack({**_S3, "FrontDoor": "http-api"}),
    "oss": Stack(_OSS),
    "notifications": Stack({**_UPLOADS, "Uploads": "notifications"}),
    "eventbridge": Stack({**_UPLOADS, "Uploads": "eventbridge", "OutputBucket": "pictures"}),
    "whole-bucket": Stack({"VideoBucket": "films", "KeysArn": KEYS_ARN, "MayListVideos": "false"}),
    "snap-start": Stack({**_S3, "SnapStart": "true", "ReservedConcurrency": "10"}),
    "provisioned": Stack({**_S3, "ProvisionedConcurrency": "2", "Dashboard": "true", "Alarms": "false"}),
}
"""One for each way to deploy."""
