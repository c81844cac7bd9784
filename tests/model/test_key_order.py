"""The order of endpoints in lists: addresses by their numbers, and names with numbers likewise."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from discovery.targets import parse_target
from model.target import Endpoint, key_order


def test_numbers_count_as_numbers() -> None:
    in_order = [
        "127.0.0.2:443@127.0.0.2",
        "127.0.0.10:80@127.0.0.10",
        "127.0.0.10:443@127.0.0.10",
        "[2001:db8::2]:443@2001:db8::2",
        "[2001:db8::a]:443@2001:db8::a",
        "[2001:db8::10]:443@2001:db8::10",
        "web2.test:443@::9",
        "web2.test:443@::a",
        "web10.test:443@-",
    ]
    assert sorted(in_order, key=key_order) == in_order


@given(
    st.lists(
        st.builds(
            lambda host, port, address: Endpoint(
                target=parse_target(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
                address=address,
            ),
            st.sampled_from(["a1.test", "1a.test", "::1", "fe80::1%a", "fe80::1%e.b:c", "1.2.3.4"]),
            st.integers(1, 65535),
            st.none() | st.ip_addresses().map(str) | st.just("fe80::1%1:2"),
        ),
        max_size=6,
    )
)
def test_all_keys_can_be_compared(endpoints: list[Endpoint]) -> None:
    keys = [one.key for one in endpoints]
    assert sorted(sorted(keys, key=key_order)) == sorted(keys)


@given(st.lists(st.ip_addresses(), max_size=6))
def test_addresses_of_one_family_are_in_the_order_of_their_bits(
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address],
) -> None:
    for version in (4, 6):
        some = [one for one in addresses if one.version == version]
        by_bits = [str(one) for one in sorted(some, key=lambda one: one.packed)]
        by_key = sorted((f"a.test:443@{one}" for one in some), key=key_order)
        assert [key.partition("@")[2] for key in by_key] == by_bits
