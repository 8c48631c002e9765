"""cdn/viewer_request.js, run by node: requests share a cache key only if they share their answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefetch.errors import FramefetchError
from framefetch.http.call import Call
from framefetch.process import SNAPSHOT_PARAMETERS, parse, process_of
from framefetch.process.format import best_for
from tests.conftest import REPOSITORY
from tests.template.stack import STACKS, load

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = REPOSITORY / "cdn" / "viewer_request.js"
_HARNESS = """
const fs = require('fs');
const code = fs.readFileSync(process.argv[1], 'utf8');
const handler = new Function('require', code + '; return handler;')(require);
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const event = JSON.parse(line);
    const query = event.request.raw;
    event.request.rawQueryString = () => (query === null ? undefined : query);
    console.log(JSON.stringify(handler(event)));
});
"""


class Edge:
    """The function in a process of node."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def request(self, query: str | None, **headers: str) -> dict[str, Any]:
        """What becomes of a request."""
        given = {
            "host": "media.example.com",
            **{name.replace("_", "-"): one for name, one in headers.items()},
        }
        event = {
            "version": "1.0",
            "context": {"eventType": "viewer-request"},
            "request": {
                "method": "GET",
                "uri": "/clips/a%20b.mp4",
                "querystring": {"left": {"value": "alone"}},
                "raw": query,
                "headers": {name: {"value": value} for name, value in given.items()},
            },
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.flush()
        answered: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answered

    def key(self, query: str | None, **headers: str) -> str:
        """The key of a request."""
        found = self.request(query, **headers)["headers"]["x-framefetch-key"]["value"]
        assert found.isascii()
        assert len(found) < 700
        return str(found)


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    if shutil.which("node") is None:
        pytest.skip("needs node")
    with subprocess.Popen(
        ["node", "-e", _HARNESS, str(CODE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Edge(process)
        assert process.stdin is not None
        process.stdin.close()


def canonical(query: str) -> str | None:
    """What Python makes of a query; None where it refuses it."""
    try:
        return parse(process_of(Call("GET", "/a.mp4", query)), max_side=2**53).canonical()
    except FramefetchError:
        return None


def asking(*parts: str) -> str:
    """A query."""
    return "x-oss-process=" + ",".join(("video/snapshot", *parts))


UNDERSTOOD = [
    asking(),
    asking("t_0"),
    asking("w_0", "h_0"),
    asking("t_0017000", "w_800", "f_jpg", "ar_auto", "m_fast"),
    asking("m_fast", "w_800", "h_600", "t_17000", "f_png"),
    asking("t_1", "t_2", "f_png", "f_jpg"),
    asking("l_640", "s_0"),
    asking("q_080", "fit_cover", "bg_ffAA00", "w_10", "h_20"),
    asking("fit_stretch", "f_webp"),
    asking("f_avif"),
    asking("ar_h"),
    asking("ar_w"),
    asking("t_x", "t_1"),
    "x-oss-process=video%2Fsnapshot%2Ct_5%2Cw_7",
    "&x-oss-process=video/snapshot,t_9&x-oss-process=video/snapshot,t_8&",
]


@pytest.mark.parametrize("query", UNDERSTOOD)
def test_key_is_the_canonical_text(edge: Edge, query: str) -> None:
    """For what is understood, the key is the canonical text that Python makes of it."""
    assert edge.key(query) == canonical(query) is not None


REFUSED = [
    asking("t_"),
    asking("t"),
    asking("t_-1"),
    asking("t_1.5"),
    asking("_1"),
    asking(""),
    asking("T_1"),
    asking("w_1", "l_1"),
    asking("w_0", "s_0"),
    asking("q_0"),
    asking("q_101"),
    asking("bg_fff"),
    asking("m_exact"),
    asking("ar_none"),
    asking("f_gif"),
    asking("x_1"),
    asking("t_1", "t_x"),
    asking("constructor_1"),
    asking("t_\uff11"),
    asking("t_1 "),
    asking("t_1") + "%0A",
    asking("t_%ff"),
    asking("t_1+"),
    "x-oss-process=video%252Fsnapshot",
    "x-oss-process=",
    "x-oss-process",
    "",
    "X-OSS-PROCESS=video/snapshot",
]


@pytest.mark.parametrize("query", REFUSED)
def test_refused_request_has_a_key_of_its_own(edge: Edge, query: str) -> None:
    """What Python refuses never gets the key of a picture."""
    assert canonical(query) is None
    assert edge.key(query).startswith("sha256:")


def test_no_query_at_all(edge: Edge) -> None:
    """A request without a question mark has a key, too."""
    assert edge.key(None) == edge.key("")


_VALUES = st.sampled_from(
    "0 1 01 007 100 101 8192 auto h w fast jpg png webp avif cover pad ff00aa FF00AA 50p x".split()
)
_PARTS = st.builds(
    "{}{}{}".format,
    st.sampled_from([*(one.name for one in SNAPSHOT_PARAMETERS), "x", ""]),
    st.sampled_from(["_", "_", "_", "_", ""]),
    _VALUES,
)
_PROCESSES = st.lists(_PARTS, max_size=5).map(lambda parts: ",".join(("video/snapshot", *parts)))
_OTHERS = st.sampled_from(
    ["versionId=a1", "versionId=b2", "Expires=1", "x=1", "x-oss-process=style/a", "x%2Doss-process=y"]
)
_QUERIES = st.builds(
    lambda process, encode, others: "&".join(
        (f"x-oss-process={quote(process, safe='') if encode else process}", *others)
    ),
    _PROCESSES,
    st.booleans(),
    st.lists(_OTHERS, max_size=2),
)


@given(first=_QUERIES, second=_QUERIES)
def test_same_key_same_request(edge: Edge, first: str, second: str) -> None:
    """Two requests have one key only if Python takes them for one request of one version, or refuses both."""
    if edge.key(first) == edge.key(second):
        assert canonical(first) == canonical(second)
        assert _beside(first) == _beside(second)


def _beside(query: str) -> list[tuple[str, str]]:
    return [one for one in Call("GET", "/", query).parameters if one[0] != "x-oss-process"]


@given(process=_PROCESSES)
def test_valid_request_is_normalised(edge: Edge, process: str) -> None:
    """Every process string that Python takes gets the canonical text, however it was written."""
    expected = canonical(f"x-oss-process={process}")
    if expected is not None:
        found = edge.key(f"x-oss-process={process}")
        assert found.partition(";")[0] == expected


ACCEPTS = [
    "",
    "*/*",
    "image/*",
    "image/avif,image/webp,*/*;q=0.8",
    "image/webp",
    "image/webp;q=0.5, image/avif;q=0",
    "image/avif; q=0.0, image/png",
    "IMAGE/WEBP;Q=0.9",
    "text/html;level=1,image/avif;q=0.1",
]


@pytest.mark.parametrize("accept", ACCEPTS)
def test_accept_is_decided_once(edge: Edge, accept: str) -> None:
    """What f_auto becomes is in the key, and the Accept that the server sees says the same."""
    seen = edge.request(asking("f_auto"), accept=accept)["headers"]
    chosen = best_for(accept)
    assert best_for(seen["accept"]["value"]) == chosen
    assert seen["x-framefetch-key"]["value"] == f"{canonical(asking('f_auto'))};{chosen.content_type}"
    assert edge.key(asking("f_png"), accept=accept) == canonical(asking("f_png"))


def test_style_and_version_are_in_the_key(edge: Edge) -> None:
    """Styles, versions of an object and unknown parameters tell requests apart."""
    queries = [
        "x-oss-process=style/a",
        "x-oss-process=style/b",
        "x-oss-process=style/a&versionId=1",
        "x-oss-process=style/a&versionId=2",
        "x-oss-process=style/a&versionId=1&versionId=2",
        "x-oss-process=style/a&versionId=%31",
        "x-oss-process=style/a&response-content-type=x",
        "x-oss-process=style/a&Signature=x",
        "x-oss-process=video/info",
    ]
    assert len({edge.key(one) for one in queries}) == len(queries)


def test_headers_of_the_viewer_are_overwritten(edge: Edge) -> None:
    """A key or a host that the viewer sends does not survive; query, path and method are left alone."""
    seen = edge.request(asking("t_1"), x_framefetch_key="mine", x_framefetch_host="other.example.com")
    assert seen["headers"]["x-framefetch-key"] == {"value": canonical(asking("t_1"))}
    assert seen["headers"]["x-framefetch-host"] == {"value": "media.example.com"}
    assert seen["querystring"] == {"left": {"value": "alone"}}
    assert (seen["uri"], seen["method"]) == ("/clips/a%20b.mp4", "GET")


def test_template_has_this_code() -> None:
    """What is deployed is what is tested here, and CloudFront takes no more than 10 KB of it."""
    function = load((REPOSITORY / "template.yaml").read_text())["Resources"]["CdnFunction"]["Properties"]
    assert function["FunctionCode"].rstrip("\n") == CODE.read_text().rstrip("\n"), (
        "copy cdn/viewer_request.js into template.yaml, under FunctionCode, indented by 8"
    )
    assert len(function["FunctionCode"].encode()) <= 10_240
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    (seen,) = STACKS["cdn"].of_type("AWS::CloudFront::Distribution").values()
    assert seen["DistributionConfig"]["DefaultCacheBehavior"]["FunctionAssociations"] == [
        {
            "EventType": "viewer-request",
            "FunctionARN": {"Fn::GetAtt": ["CdnFunction", "FunctionMetadata", "FunctionARN"]},
        }
    ]
