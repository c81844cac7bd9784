"""Which addresses count as public: RFC 6890's, including embedded IPv4 addresses."""

from __future__ import annotations

import ipaddress

import pytest

from pki.net_guard.addresses import is_public


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::93.184.215.14", "2002:5db8:d70e::1"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.1.2.3", "224.0.0.1"),
        *("192.0.2.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fd00::1"),
        *("fec0::1", "ff02::1", "2001:db8::1", "100::1", "64:ff9b:1::1"),
        *("::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1"),
        *("64:ff9b::169.254.169.254", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:7f00:1::"),
    ],
)
def test_addresses_of_other_networks_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
