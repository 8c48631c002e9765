"""Which addresses may be connected to: the same answer on every Python."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from framefetch.sources.addresses import AddressPolicy, Reach, reach

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 52.216.0.1 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 168.63.129.15 192.0.1.0 192.167.255.255
192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
223.255.255.255 2606:4700:4700::1111 2a00:1450:4001::200e 2001:4860:4860::8888 2400:3200::1 2001:200::1
::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1 2600::5efe:808:808
""".split()

PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.0.0.53 127.255.255.255
169.254.0.1 169.254.169.1 169.254.255.255 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1
192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::2 ::8.8.8.8 ::10.0.0.1 ::127.0.0.1 ::ffff:127.0.0.1
::ffff:10.1.2.3 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::127.0.0.1 64:ff9b:1::1
64:ff9b:1::808:808 100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2001:0:808:808::f7f7:f7f7
2002:7f00:1::1 2002:a00:1::1 2002:c0a8:101:: 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1
fd12:3456:789a::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1 fe80::5efe:808:808
2600::5efe:a00:1 2600::200:5efe:c0a8:101
""".split()

METADATA = """
169.254.169.254 169.254.169.253 169.254.170.2 169.254.170.23 169.254.0.23 169.254.42.42 100.100.100.200
168.63.129.16 192.0.0.192 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42 fe80::a9fe:a9fe
fe80::a9fe:a9fe%eth0 ::169.254.169.254 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:0:a9fe:a9fe
64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: 2002:a9fe:a9fe:: 2002:6464:64c8::1
2001:0:a9fe:a9fe::1 2001:0:808:808::5601:5601 fe80::5efe:a9fe:a9fe 2600::200:5efe:a9fe:a9fe
::ffff:100.100.100.200
""".split()

ROWS = [
    *((text, Reach.PUBLIC) for text in PUBLIC),
    *((text, Reach.PRIVATE) for text in PRIVATE),
    *((text, Reach.METADATA) for text in METADATA),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_reach(text: str, expected: Reach) -> None:
    """Each address is public, private or metadata, by itself and by every IPv4 address inside it."""
    assert reach(ip_address(text)) is expected


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_only_public_addresses_are_allowed_by_default(text: str, expected: Reach) -> None:
    """Without a word from the operator, public addresses and no others may be connected to."""
    assert AddressPolicy.of((), "films.example").allows(ip_address(text)) is (expected is Reach.PUBLIC)


@pytest.mark.parametrize("text", METADATA)
def test_metadata_is_never_allowed(text: str) -> None:
    """No setting, no literal in a URL and no user lets a request reach a metadata service."""
    everything = ("0.0.0.0/0", "::/0")
    assert not AddressPolicy.of(everything, text.partition("%")[0]).allows(ip_address(text))
    assert not AddressPolicy(any_private=True).allows(ip_address(text))


def test_a_named_network_is_allowed_and_no_other() -> None:
    """A network that the operator names opens itself, also in its IPv6 forms, and nothing beside it."""
    policy = AddressPolicy.of(("10.1.0.0/16", "fd12::/32"), "films.example")
    for text in (
        "10.1.0.1",
        "10.1.255.255",
        "::ffff:10.1.2.3",
        "64:ff9b::10.1.2.3",
        "2002:a01:203::",
        "fd12::1",
    ):
        assert policy.allows(ip_address(text)), text
    for text in ("10.2.0.1", "127.0.0.1", "::ffff:10.2.0.1", "fd13::1", "192.168.0.1"):
        assert not policy.allows(ip_address(text)), text


@pytest.mark.parametrize(
    ("host", "allowed", "refused"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("localhost", "127.0.0.1", "10.0.0.1"),
        ("localhost", "::1", "fe80::1"),
        ("10.0.0.7", "10.0.0.7", "10.0.0.8"),
        ("::1", "::1", "127.0.0.1"),
        ("localhost.example", "8.8.8.8", "127.0.0.1"),
    ],
)
def test_the_operators_own_literal_is_allowed(host: str, allowed: str, refused: str) -> None:
    """The address, or localhost, in the operator's own prefix is allowed by that; nothing else is."""
    policy = AddressPolicy.of((), host)
    assert policy.allows(ip_address(allowed))
    assert not policy.allows(ip_address(refused))
