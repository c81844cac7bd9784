"""The addresses and sockets that the service does not open unless allowed to: no public or internal server has
them, and what does answer there is not meant to be probed.

From IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890), and the cloud providers' documentation
of their metadata services. Loopback and private networks are not included.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network
from types import MappingProxyType
from typing import Final

from pki.net_guard.addresses import Address, Network, embedded, is_public, is_translated

_METADATA: Final = "a cloud's metadata service"
_LINK_LOCAL: Final = "a link-local address"
_MULTICAST: Final = "a multicast address"
_DEPRECATED: Final = "an address of a deprecated kind"
_RESERVED: Final = "a reserved address"

_REASONS: Final[Mapping[Network, str]] = MappingProxyType(
    {
        ip_network(network): reason
        for network, reason in (
            ("169.254.169.254/32", _METADATA),  # AWS, Azure, Google, DigitalOcean, OpenStack
            ("169.254.170.2/32", _METADATA),  # AWS ECS, credentials of a task
            ("169.254.170.23/32", _METADATA),  # AWS EKS, credentials of a pod
            ("fd00:ec2::254/128", _METADATA),  # AWS
            ("fd00:ec2::23/128", _METADATA),  # AWS EKS, credentials of a pod
            ("fd20:ce::254/128", _METADATA),  # Google
            ("fd00:42::42/128", _METADATA),  # Scaleway
            ("100.100.100.200/32", _METADATA),  # Alibaba
            ("168.63.129.16/32", _METADATA),  # Azure, the wire server
            ("192.0.0.192/32", _METADATA),  # Oracle, classic
            ("0.0.0.0/8", "an unspecified address"),
            ("::/128", "an unspecified address"),
            ("169.254.0.0/16", _LINK_LOCAL),
            ("fe80::/10", _LINK_LOCAL),
            ("224.0.0.0/4", _MULTICAST),
            ("ff00::/8", _MULTICAST),
            ("255.255.255.255/32", "the broadcast address"),
            ("240.0.0.0/4", _RESERVED),
            ("192.0.0.0/24", _RESERVED),  # IETF protocol assignments
            ("100::/64", _RESERVED),  # discard only, RFC 6666
            ("192.88.99.0/24", _DEPRECATED),  # 6to4 relays, RFC 7526
            ("fec0::/10", _DEPRECATED),  # site-local, RFC 3879
            ("2001:10::/28", _DEPRECATED),  # ORCHID, RFC 4843
            ("3ffe::/16", _DEPRECATED),  # 6bone, RFC 3701
            ("::ffff:0:0:0/96", _DEPRECATED),  # IPv4-translated, RFC 2765
        )
    }
)
_ASSIGNED: Final = tuple(
    map(
        ip_network,
        ("::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2000::/3", "fc00::/7"),
    )
)
"""The part of IPv6 that may be probed: the rest is reserved by IANA, or one of the kinds above."""

_RECENT_ADDRESSES: Final = 4_096

_CONTROL_SOCKETS: Final = (
    "/run/docker.sock",
    "/run/docker/*",
    "/run/containerd/*",
    "/run/crio/*",
    "/run/podman/*",
    "/run/user/*/podman/*",
    "/run/user/*/docker.sock",
    "/run/dbus/*",
    "/run/systemd/*",
)
"""Access to one of these sockets gives control of the machine; ``/var/run`` is a link to ``/run``."""


@lru_cache(maxsize=_RECENT_ADDRESSES)
def reserved_kind(address: Address) -> str | None:
    """The kind of reserved address, by itself or by an embedded IPv4 address; None if it is not reserved."""
    for network, reason in _REASONS.items():
        if address in network:
            return reason
    if isinstance(address, IPv6Address) and not any(address in one for one in _ASSIGNED):
        return _DEPRECATED if embedded(address) else _RESERVED
    for inner in embedded(address):
        kind = reserved_kind(inner) or _translated(address, inner)
        if kind is not None:
            return f"{kind} ({inner}) in another form"
    return None


def is_control_socket(path: str) -> bool:
    """Whether the Unix socket at this resolved path controls the machine."""
    plain = path.removeprefix("/var")
    return any(fnmatchcase(plain, pattern) for pattern in _CONTROL_SOCKETS)


def _translated(address: Address, inner: IPv4Address) -> str | None:
    """Translation gateways may not be used for non-public addresses (RFC 6052, section 3.1; RFC 3056, section 2).

    An IPv4-mapped address uses this machine's own IPv4, and RFC 8215's prefix is for private networks.
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return None
    if inner.is_loopback:
        return "a loopback address"
    return "a private address" if is_translated(address) and not is_public(inner) else None
