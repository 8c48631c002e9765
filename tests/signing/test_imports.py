import subprocess
import sys

import pytest

import framefetch.signing
from framefetch.signing.v1 import is_subresource

PROGRAM = """
import sys
import framefetch.signing
print(*sorted({name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__"}))
print(*sorted(name for name in sys.modules if name.startswith("framefetch.")))
"""


def test_signing_needs_the_standard_library_only() -> None:
    """Signatures are checked with nothing loaded beyond the standard library and a few modules of ours."""
    outcome = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", f"import sys\nsys.path[:0] = {sys.path!r}\n{PROGRAM}"],
        capture_output=True,
        text=True,
        check=True,
    )
    foreign, own = outcome.stdout.splitlines()
    assert foreign.split() == ["framefetch"]
    used = {name for name in own.split() if not name.startswith("framefetch.signing")}
    assert used == {"framefetch.errors"}


def test_the_public_names_are_these() -> None:
    """What the package offers is what its users were promised."""
    assert sorted(framefetch.signing.__all__) == [
        "KeyPair",
        "Keyring",
        "Signed",
        "authorization",
        "presign",
        "verify",
    ]


@pytest.mark.parametrize(
    "name",
    "acl uploads location cors logging website referer lifecycle delete append tagging objectMeta uploadId "
    "partNumber security-token position response-content-type response-content-language response-expires "
    "response-cache-control response-content-disposition response-content-encoding img style styleName live "
    "vod comp status startTime endTime symlink callback callback-var restore versions versionId versioning "
    "x-oss-process x-oss-async-process x-oss-traffic-limit x-oss-request-payer x-oss-ac-source-ip sequential "
    "x-oss-anything".split(),
)
def test_v1_signs_every_documented_subresource(name: str) -> None:
    """Each sub-resource that an SDK signs in V1 is signed, so nobody can add or change it."""
    assert is_subresource(name)


@pytest.mark.parametrize("name", ["spm", "x", "Expires", "Signature", "OSSAccessKeyId", "ACL", ""])
def test_v1_leaves_other_parameters_alone(name: str) -> None:
    """Parameters that no SDK signs in V1 may be added to a signed URL, as OSS lets them."""
    assert not is_subresource(name)
