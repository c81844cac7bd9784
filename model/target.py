"""Targets, which discovery yields, and Endpoints, which are probed.

A Target is a service under its owner's name for it; an Endpoint is that service at one IP address.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from typing import Final

from model.application_protocol import DEFAULT_PROTOCOL, DTLS, default_protocol, runs_over_datagrams
from model.claims import Claim
from model.frozen import frozen

_HOSTS_REMEMBERED: Final = 4_096
"""A probe asks about its host some ten times."""


@lru_cache(maxsize=_HOSTS_REMEMBERED)
def is_ip_address(host: str) -> bool:
    """Whether ``host`` is an IPv4 or IPv6 literal (without brackets)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def default_server_name(host: str) -> str | None:
    """The default server name for ``host``: none for an IP literal, and no final dot (RFC 6066, 3)."""
    return None if is_ip_address(host) else host.removesuffix(".")


def endpoint_id(key: str) -> str:
    """The identifier of an endpoint or a target in URLs, where its key would need escapes."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


_IPV6: Final = re.compile(r"(?<=[\[@])[0-9a-f:.]*:[0-9a-f:.]+")
_DIGITS: Final = re.compile(r"([0-9]+)")
_KEYS_REMEMBERED: Final = 16_384


@lru_cache(maxsize=_KEYS_REMEMBERED)
def key_order(key: str) -> tuple[str | int, ...]:
    """The place of a target's or endpoint's key in a list: numbers count as numbers, so that .2 is before .10.

    Text and numbers alternate, so that two orders can be compared.
    """
    numbered = _IPV6.sub(_as_number, key)
    parts = _DIGITS.split(numbered)
    return tuple(int(part) if at % 2 else part for at, part in enumerate(parts))


def _as_number(found: re.Match[str]) -> str:
    return str(int(ipaddress.IPv6Address(found[0]))) if is_ip_address(found[0]) else found[0]


@frozen
class Target:
    """One service to probe: its address, its protocol, and its owner's description.

    A final dot of ``host`` remains for look-ups: no search domain is added to such a name (RFC 1034, 3.1).
    ``server_name`` is the SNI to send, or None to send none. ``labels``, ``claims`` (what its configuration declares)
    and ``source`` describe the target and are not part of its identity.
    """

    host: str
    port: int
    server_name: str | None
    protocol: str = DEFAULT_PROTOCOL
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    claims: tuple[Claim, ...] = field(default=(), hash=False)
    source: str = field(default="", compare=False)

    @property
    def is_datagram(self) -> bool:
        """Whether it is spoken to over UDP."""
        return runs_over_datagrams(self.protocol)

    @property
    def is_dtls(self) -> bool:
        """Whether only hellos can be sent to it: DTLS handshakes are not finished."""
        return self.protocol == DTLS

    @property
    def reference_name(self) -> str:
        """The name or address that the server must prove: without a final dot or an IPv6 zone, unlike ``host``."""
        return self.server_name or self.host.removesuffix(".").partition("%")[0]

    @property
    def key(self) -> str:
        """The canonical string: ``host:port``, with protocol and server name unless they are the defaults."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "" if self.protocol == default_protocol(self.port) else f"{self.protocol}://"
        is_default = self.server_name == default_server_name(self.host)
        suffix = "" if is_default else f"?server_name={self.server_name or ''}"
        return f"{scheme}{host}:{self.port}{suffix}"


@frozen
class Endpoint:
    """One Target at one IP address; ``address`` is None if its name did not resolve."""

    target: Target
    address: str | None

    @property
    def key(self) -> str:
        """The endpoint's identity: the target's key and the address."""
        return f"{self.target.key}@{self.address or '-'}"
