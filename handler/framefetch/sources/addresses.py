"""Which addresses a source over HTTP may connect to.

In: an IP address, in any of the forms that lead to one host. Out: whether it is public, private or a
cloud's metadata service. The table is our own because ``ipaddress.is_global`` answers differently on
every Python, and calls some ways to 169.254.169.254 global on all of them. Never resolves a name.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


class Reach(Enum):
    """Who is behind an address, from harmless to not to be had at all."""

    PUBLIC = 0
    PRIVATE = 1
    """Loopback, link-local, private, reserved, multicast: only where the operator names it."""
    METADATA = 2
    """Gives out credentials to whoever asks: never."""


_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, GCP, DigitalOcean, OpenStack
        "169.254.169.253",  # AWS, resolver
        "169.254.170.2",  # AWS, credentials of ECS tasks
        "169.254.170.23",  # AWS, credentials of EKS pods
        "169.254.0.23",  # Tencent Cloud
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure, wire server; a public address otherwise
        "192.0.0.192",  # Oracle Cloud
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd00:c1::a9fe:a9fe",  # Oracle Cloud
        "fd20:ce::254",  # GCP
        "fd00:42::42",  # Scaleway
        "fe80::a9fe:a9fe",  # OpenStack
    )
)

_PRIVATE_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

_GLOBAL_6 = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out for global use; everything else is private to us."""

_PRIVATE_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, with Teredo (2001::/32), benchmarking and ORCHID
        "2001:db8::/32",
        "3fff::/20",
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_TEREDO = IPv6Network("2001::/32")
_6TO4 = IPv6Network("2002::/16")
_COMPATIBLE = IPv6Network("::/96")
_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_ISATAP_IDS = frozenset({0x0000_5EFE, 0x0200_5EFE, 0x0100_5EFE, 0x0300_5EFE})

_TRANSPARENT = (_MAPPED, _NAT64)
"""Forms that are only another way to write the IPv4 address inside them."""


def reach(address: Address) -> Reach:
    """The worst of what the address and every IPv4 address inside it lead to."""
    return max((_reach_of_one(one) for one in _parts(address)), key=lambda one: one.value)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What one source may connect to.

    Attributes:
        networks: private networks that the operator named.
        any_private: whether all private addresses are, as for an address that a user typed.
    """

    networks: tuple[Network, ...] = ()
    any_private: bool = False

    @classmethod
    def of(cls, networks: tuple[str, ...], host: str) -> AddressPolicy:
        """The policy for an operator's own prefix: its host, when it is an address, is named by that.

        Raises:
            ValueError: a network is none.
        """
        named = [ip_network(text) for text in networks]
        if host == "localhost":
            named += [IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")]
        else:
            # A name, on the other hand, may resolve to anything.
            with suppress(ValueError):
                named.append(ip_network(host))
        return cls(tuple(named))

    def allows(self, address: Address) -> bool:
        """Whether a connection to this address may be made."""
        return all(self._allows_one(one) for one in _parts(address))

    def _allows_one(self, address: Address) -> bool:
        found = _reach_of_one(address)
        if found is Reach.PRIVATE:
            return self.any_private or any(address in network for network in self.networks)
        return found is Reach.PUBLIC


def _reach_of_one(address: Address) -> Reach:
    if address in _METADATA:
        return Reach.METADATA
    if isinstance(address, IPv4Address):
        private = any(address in network for network in _PRIVATE_4)
    else:
        private = address not in _GLOBAL_6 or any(address in network for network in _PRIVATE_6)
    return Reach.PRIVATE if private else Reach.PUBLIC


def _parts(address: Address) -> tuple[Address, ...]:
    """The address, unless it is only a wrapper, and every IPv4 address that it can lead to."""
    if isinstance(address, IPv4Address):
        return (address,)
    # A zone says which cable, not which host.
    address = IPv6Address(int(address))
    inner = _embedded(address)
    if inner and any(address in network for network in _TRANSPARENT):
        return inner
    return (address, *inner)


def _embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    bits = int(address)
    found: list[int] = []
    if (address in _COMPATIBLE and bits > 1) or any(address in one for one in (_MAPPED, _TRANSLATED, _NAT64)):
        found = [bits]
    elif address in _NAT64_LOCAL:
        # RFC 6052 §2.2: after a /48 prefix, around the eight zero bits; in practice also at the end.
        found = [bits, (bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF]
    elif address in _6TO4:
        found = [bits >> 80]
    elif address in _TEREDO:
        # The server in clear, the client with its bits turned (RFC 4380 §4).
        found = [bits >> 64, ~bits]
    elif bits >> 32 & 0xFFFF_FFFF in _ISATAP_IDS:
        found = [bits]
    return tuple(IPv4Address(one & 0xFFFF_FFFF) for one in found)
