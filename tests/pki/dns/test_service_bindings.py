"""HTTPS and SVCB records of a real signed zone, and answers of a hostile name server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

import dns.message
import dns.rrset
import pytest

from model.dns.service_bindings import service_query
from model.target import Target
from pki.dns import DnsLookup, find_service_bindings
from pki.dns.service_bindings import MAX_ALIASES, MAX_SERVICE_BINDINGS
from tests.pki.dns.name_servers import NameServers, name_servers

RECORDS: Final = (
    "full HTTPS 2 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=127.0.0.1 ipv6hint=::1 ech=AAQAAQAA",
    "full HTTPS 1 other.test. key7777=x mandatory=key7777",
    "full A 127.0.0.1",
    "full AAAA ::1",
    "other A 127.0.0.2",
    "gone HTTPS 0 .",
    "cname CNAME full",
    *(f"many HTTPS {number + 1} many{number}.test." for number in range(MAX_SERVICE_BINDINGS + 4)),
    *(f"a{number} HTTPS 0 a{number + 1}.test." for number in range(MAX_ALIASES + 1)),
    f"a{MAX_ALIASES + 1} HTTPS 1 .",
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServers]:
    with name_servers(RECORDS, tmp_path_factory.mktemp("dns")) as running:
        yield running


def at(port: int) -> DnsLookup:
    return DnsLookup([("127.0.0.1", port)], timeout_seconds=2.0)


@pytest.mark.integration
async def test_records_are_read_by_priority_with_the_addresses_of_their_hosts(
    servers: NameServers,
) -> None:
    for name in ("full.test", "cname.test"):
        found = await find_service_bindings(name, "HTTPS", at(servers.resolver))
        assert (found.is_authenticated, found.failure, found.aliases) == (True, None, ())
        other, full = found.records
        assert (other.target, other.is_usable, other.addresses) == (
            "other.test",
            False,
            ("127.0.0.2",),
        )
        assert not other.leads_to("127.0.0.2", 443, 443)
        assert (full.target, full.alpn, full.has_default_alpn) == (name, ("h2", "h3"), False)
        assert (full.port, full.hints, full.ech) == (
            8443,
            ("127.0.0.1", "::1"),
            bytes.fromhex("000400010000"),
        )
        assert set(full.addresses or ()) == {"127.0.0.1", "::1"}
        assert full.leads_to("::1", 8443, 443)
        assert not full.leads_to("::1", 443, 443)
    unvalidated = await find_service_bindings("full.test", "HTTPS", at(servers.authority))
    assert (len(unvalidated.records), unvalidated.is_authenticated) == (2, False)


@pytest.mark.integration
async def test_aliases_and_records_are_bounded(servers: NameServers) -> None:
    lookup = at(servers.resolver)
    whole = await find_service_bindings("a1.test", "HTTPS", lookup)
    assert (whole.failure, len(whole.aliases), len(whole.records)) == (None, MAX_ALIASES, 1)
    too_long = await find_service_bindings("a0.test", "HTTPS", lookup)
    assert too_long.records == ()
    assert "more than 8" in (too_long.failure or "")
    many = await find_service_bindings("many.test", "HTTPS", lookup)
    assert [one.priority for one in many.records] == list(range(1, MAX_SERVICE_BINDINGS + 1))
    for name in ("gone.test", "missing.test"):
        nothing = await find_service_bindings(name, "HTTPS", lookup)
        assert (nothing.records, nothing.failure) == ((), None)


class HostileServer(asyncio.DatagramProtocol):
    """Answers each question with an HTTPS record of these bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport

    def datagram_received(self, data: bytes, place: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        name = query.question[0].name
        generic = f"\\# {len(self.data)} {self.data.hex()}"
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "TYPE65280", generic))
        packet = bytearray(response.to_wire())
        at_type = packet.rindex(b"\xff\x00\x00\x01")
        packet[at_type : at_type + 2] = b"\x00\x41"
        assert self.transport is not None
        self.transport.sendto(bytes(packet), place)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01",
        b"\x00\x01\x00\x00\x01\x00\xff",
        b"\x00\x01\x00\x00\x01\x00\x03\x05h2",
        b"\x00\x01\x00\x00\x01\x00\x00",
        b"\x00\x01\x00\x00\x04\x00\x03\x7f\x00\x00",
        b"\x00\x01\x00\x00\x03\x00\x01\x01",
        b"\x00\x01\x00\x00\x02\x00\x00",
        b"\x00\x01\x00\x00\x00\x00\x02\x00\x07",
        b"\x00\x01\x00\x00\x03\x00\x02\x01\xbb\x00\x01\x00\x03\x02h2",
    ],
)
async def test_a_malformed_record_is_a_failure_in_words(data: bytes) -> None:
    """RFC 9460, section 2.2: clients reject all records if one is malformed."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: HostileServer(data), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    lookup = DnsLookup([("127.0.0.1", port)], timeout_seconds=0.3)
    found = await find_service_bindings("x.test", "HTTPS", lookup)
    transport.close()
    assert found.records == ()
    assert (found.failure or "").startswith("HTTPS of x.test. could not be looked up: ")


@pytest.mark.parametrize(
    ("protocol", "host", "port", "query"),
    [
        ("tls", "a.test", 443, ("a.test", "HTTPS")),
        ("tls", "a.test", 8443, ("_8443._https.a.test", "HTTPS")),
        ("dns", "a.test", 853, ("_dns.a.test", "SVCB")),
        ("smtp", "a.test", 25, None),
        ("auto", "a.test", 443, None),
        ("tls", "192.0.2.1", 443, None),
    ],
)
def test_each_protocol_has_its_own_query(
    protocol: str, host: str, port: int, query: tuple[str, str] | None
) -> None:
    """RFC 9460, section 9.1, and RFC 9461, section 3."""
    target = Target(host=host, port=port, server_name=None, protocol=protocol)
    assert service_query(target) == query
