"""The events that platforms make of an HTTP request, as their documentation says."""

from __future__ import annotations

import base64
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from framefetch.events import shapes
from framefetch.http.call import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Callable

_IDS = {"accountId": "123456789012", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "stage": "$default"}


def _body(call: Call) -> dict[str, Any]:
    return {"isBase64Encoded": bool(call.body), "body": base64.b64encode(call.body).decode() or None}


def _joined(call: Call) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in call.headers:
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _listed(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _raw_pairs(call: Call) -> tuple[tuple[str, str], ...]:
    parts = [part.partition("=") for part in call.query.split("&") if part]
    return tuple((name, value) for name, _, value in parts)


def _payload_2(call: Call, domain: str, path: str) -> dict[str, Any]:
    http = {"method": call.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": call.query,
        "headers": _joined(call),
        "requestContext": {**_IDS, "domainName": domain, "http": http},
        **_body(call),
    }


def function_url(call: Call) -> dict[str, Any]:
    """Payload 2.0; the path as it was sent."""
    return _payload_2(call, "abcdefg.lambda-url.eu-central-1.on.aws", call.path)


def http_api(call: Call) -> dict[str, Any]:
    """Payload 2.0; the path decoded, and cut at a decoded question mark."""
    return _payload_2(call, "media.example.com", unquote(call.path).partition("?")[0])


def rest_api(call: Call) -> dict[str, Any]:
    """Payload 1.0; parameters decoded, the path as it was sent."""
    pairs = call.parameters
    return {
        "resource": "/{proxy+}",
        "path": call.path,
        "httpMethod": call.method,
        "headers": dict(call.headers),
        "multiValueHeaders": _listed(call.headers),
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": _listed(pairs) or None,
        "requestContext": {**_IDS, "stage": "prod", "path": f"/prod{call.path}", "httpMethod": call.method},
        **_body(call),
    }


def _alb(call: Call) -> dict[str, Any]:
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/framefetch/1"
    return {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": call.method,
        "path": call.path,
        **_body(call),
    }


def alb(call: Call) -> dict[str, Any]:
    """A target group that gives each header and parameter once."""
    return _alb(call) | {"headers": dict(call.headers), "queryStringParameters": dict(_raw_pairs(call))}


def alb_lists(call: Call) -> dict[str, Any]:
    """A target group that gives all values."""
    return _alb(call) | {
        "multiValueHeaders": _listed(call.headers),
        "multiValueQueryStringParameters": _listed(_raw_pairs(call)),
    }


def function_compute(call: Call) -> dict[str, Any]:
    """Version v1; parameters decoded, each once."""
    http = {
        "method": call.method,
        "path": unquote(call.path),
        "protocol": "HTTP/1.1",
        "sourceIp": "192.0.2.1",
    }
    return {
        "version": "v1",
        "rawPath": call.path,
        "headers": _joined(call),
        "queryParameters": dict(call.parameters),
        "requestContext": {**_IDS, "domainName": "media.example.com", "http": http},
        **_body(call),
    }


PLATFORMS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "function-url": function_url,
    "http-api": http_api,
    "rest-api": rest_api,
    "alb": alb,
    "alb-lists": alb_lists,
    "function-compute": function_compute,
}


def shape_of(platform: str, event: dict[str, Any]) -> shapes.HttpShape:
    """The shape that the platform's door takes an event for."""
    if platform == "function-compute":
        assert shapes.is_function_compute(event)
        return shapes.FUNCTION_COMPUTE
    found = shapes.http_shape(event)
    assert found is not None
    return found


def carries(platform: str, call: Call) -> bool:
    """Whether a platform can hand on all that is in a request, as its documentation has it."""
    names = Counter(name for name, _ in call.parameters)
    once = max(names.values(), default=0) <= 1
    if platform == "http-api":
        return "?" not in unquote(call.path)
    return once or platform not in ("alb", "function-compute")


def answer_of(reply: dict[str, Any]) -> Answer:
    """What the platform sends to the client for a reply."""
    headers = [(name, value) for name, value in (reply.get("headers") or {}).items()]
    headers += [
        (name, value) for name, values in (reply.get("multiValueHeaders") or {}).items() for value in values
    ]
    body = base64.b64decode(reply["body"]) if reply["isBase64Encoded"] else reply["body"].encode()
    return Answer(reply["statusCode"], tuple(headers), body)
