from typing import Any

import pytest

from framefetch.http.call import Call
from framefetch.signing import KeyPair, Keyring, authorization, presign, verify

PAIR = KeyPair("ak", "sk")
NOW = 1768464000


def url(now: float, **changes: Any) -> str:
    arguments: dict[str, Any] = {
        "bucket": "bucket",
        "endpoint": "https://oss-cn-hangzhou.aliyuncs.com",
        "region": "cn-hangzhou",
        "parameters": (("x-oss-process", "video/snapshot,t_0"),),
        **changes,
    }
    return presign("k.mp4", PAIR, now=now, **arguments)


def seconds_left(text: str, now: float) -> int:
    query = text.partition("?")[2]
    signed = verify(Call("GET", "/k.mp4", query), "bucket", "k.mp4", Keyring((PAIR,)), "cn-hangzhou", now)
    assert signed is not None
    return signed.seconds_left


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_on_a_grid_everybody_gets_one_url_a_step(version: str) -> None:
    """All who sign within one step of the grid get the same URL; it lasts at least as long as was asked."""
    urls = {
        now: url(now, version=version, expires_s=3600, grid_s=300) for now in range(NOW - 10, NOW + 611, 7)
    }
    assert len(set(urls.values())) == 4
    ends = {now + seconds_left(text, now) for now, text in urls.items()}
    assert all(end % 300 == 0 for end in ends)
    assert all(3600 <= seconds_left(text, now) < 3900 for now, text in urls.items())


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_without_a_grid_the_time_is_exact(version: str) -> None:
    """Without a grid a URL lasts exactly as long as was asked, counted from the whole second."""
    assert seconds_left(url(NOW + 0.9, version=version, expires_s=60), NOW) == 60


def test_a_grid_never_signs_a_date_in_the_future() -> None:
    """The date of a V4 URL on a grid is never after the clock: other verifiers may allow no skew."""
    for now in range(NOW, NOW + 700, 13):
        for expires_s in (1, 59, 60, 61, 3600):
            assert seconds_left(url(now, expires_s=expires_s, grid_s=60), now) >= expires_s
            text = url(now, expires_s=expires_s, grid_s=60)
            lasting = int(text.partition("x-oss-expires=")[2].partition("&")[0])
            assert seconds_left(text, now) <= lasting


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_s": 0},
        {"expires_s": -1, "version": "v1"},
        {"expires_s": 604_801},
        {"expires_s": 604_800, "grid_s": 300},
        {"grid_s": -1},
        {"region": ""},
        {"endpoint": "oss-cn-hangzhou.aliyuncs.com"},
    ],
)
def test_what_could_not_be_verified_is_not_signed(changes: dict[str, Any]) -> None:
    """A time out of OSS's range, a missing region or an endpoint without scheme is a ValueError."""
    with pytest.raises(ValueError):
        url(NOW, **changes)


def test_a_v4_header_needs_a_region() -> None:
    """Signing a request for V4 without a region is a ValueError."""
    with pytest.raises(ValueError, match="region"):
        authorization("k", PAIR, bucket="bucket", now=NOW)


def test_a_week_is_the_longest() -> None:
    """V4's seven days are accepted whole."""
    assert seconds_left(url(NOW, expires_s=604_800), NOW) == 604_800
