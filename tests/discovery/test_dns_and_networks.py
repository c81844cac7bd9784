"""DNS (a real Knot) and loopback networks as sources."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest

from discovery.dns import Reading, read_records, read_zone
from discovery.found import Location, SourceLocation
from discovery.networks import Scan, read_networks
from discovery.source import SourceError
from pki.dns import DnsLookup
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import SocketGate
from tests.pki.dns.name_servers import name_servers
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates

AT = Reading(port=443, source="dns")
RECORDS = (
    "www A 127.0.0.2",
    "www AAAA ::1",
    "alias CNAME www",
    "_acme-challenge CNAME www",
    "s1._domainkey CNAME www",
    "*.wild A 127.0.0.3",
    "_xmpps._tcp SRV 0 0 5223 chat.test.",
    "shop HTTPS 1 www.test. port=8443",
    "self HTTPS 1 . alpn=h2",
    "_8443._https.self SVCB 1 . alpn=h2",
    "apex HTTPS 0 www.test.",
    "chain HTTPS 0 shop.test.",
    "gone HTTPS 0 .",
    "loop HTTPS 0 loop.test.",
    "chat A 127.0.0.4",
)


@pytest.mark.integration
async def test_records_and_a_whole_zone_are_read(tmp_path: Path) -> None:
    with name_servers(RECORDS, tmp_path) as ports:
        lookup = DnsLookup([("127.0.0.1", ports.resolver)])
        plain = await read_records(["www.test", "none.test"], ["A", "AAAA"], lookup, AT)
        services = await read_records(["_xmpps._tcp.test"], ["SRV"], lookup, AT)
        https = await read_records(["shop.test", "self.test"], ["HTTPS"], lookup, AT)
        prefixed = await read_records(["_8443._https.self.test"], ["SVCB"], lookup, AT)
        alias = await read_records(["apex.test"], ["HTTPS"], lookup, AT)
        names = ["chain.test", "gone.test", "loop.test"]
        followed = await read_records(names, ["HTTPS"], lookup, AT)
        zone = await read_zone("test", ("127.0.0.1", ports.authority), AT, SocketGate())
        with pytest.raises(SourceError, match="did not transfer"):
            await read_zone("other", ("127.0.0.1", ports.authority), AT, SocketGate())
        with pytest.raises(SourceError, match="could not be looked up"):
            await read_records(["out.example"], ["A"], lookup, AT)
        known: dict[str, list[Location]] = {
            "out.example": [SourceLocation(host="out.example", port=8443)]
        }
        at = Reading(port=443, source="dns", known=known)
        partial = await read_records(["www.test", "out.example", "out2.example"], ["A"], lookup, at)
    assert [one.key for one in plain.targets] == ["www.test:443"]
    assert [one.key for one in partial.targets] == ["www.test:443", "out.example:8443"]
    assert [one.place for one in partial.skipped] == ["out.example", "out2.example"]
    assert partial.skipped[0].problem.endswith(": its last targets stay")
    assert [one.key for one in services.targets] == ["chat.test:5223"]
    assert [one.key for one in https.targets] == [
        "www.test:8443?server_name=shop.test",
        "self.test:443",
    ]
    assert [one.key for one in prefixed.targets] == ["self.test:8443"]
    assert [one.key for one in alias.targets] == ["www.test:443?server_name=apex.test"]
    assert [one.key for one in followed.targets] == ["www.test:8443?server_name=chain.test"]
    assert [one.problem for one in followed.skipped] == [
        "the service is not offered (AliasMode with .)",
        "more than 8 aliases",
    ]
    assert [str(one) for one in plain.skipped] == [
        "none.test: it has no A or AAAA record that names a server"
    ]
    assert [one.place for one in zone.skipped] == ["zone test, *.wild.test"]
    assert [one.key for one in zone.targets] == [
        "alias.test:443",
        "chat.test:443",
        "ns.test:443",
        "www.test:443",
    ]


@pytest.mark.integration
async def test_a_network_s_tls_servers_are_found_and_no_others(
    certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [one for one in SERVERS if one.name == "nginx-tls13-only"]
    network = (ipaddress.ip_network("127.0.0.1/32"),)
    with (
        server.start(certificates, tmp_path) as port,
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        closed_port = closed.getsockname()[1]
        closed.close()
        places = (port, silent.getsockname()[1], closed_port)
        scan = Scan(networks=network, ports=places, timeout_seconds=2.0)
        found = await read_networks(scan, SocketGate(), "net")
        denied = await read_networks(scan, SocketGate(deny=DenyList([f"127.0.0.1:{port}"])), "net")
    assert [one.key for one in found.targets] == [f"127.0.0.1:{port}"]
    assert denied.targets == ()


async def test_a_network_that_is_too_large_is_reported_before_anything_is_sent() -> None:
    scan = Scan(networks=(ipaddress.ip_network("10.0.0.0/8"),), ports=(443,))
    with pytest.raises(SourceError, match="use smaller networks"):
        await read_networks(scan, SocketGate(), "net")
