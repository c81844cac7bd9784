"""The egress policy: it holds for every kind of socket, by zone, and for the address after name resolution."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from discovery.apis.web import WebApi
from discovery.dns import Reading, read_zone
from discovery.source import SourceError
from discovery.targets import parse_target
from model.clock import SystemClock
from model.observation import State
from model.target import Endpoint
from pki.dns import DnsLookup, LookupFailedError
from pki.net_guard.addresses import Network
from pki.net_guard.deny import DenyList
from pki.net_guard.egress import EgressPolicy, EgressRules
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.opening import DeniedError
from pki.revocation.fetch import Fetcher
from pki.revocation.fetch_budget import FetchBudget, FetchError
from probe.budget import VisitBudget
from probe.connect.options import NONCE_LENGTH
from probe.connect.quic import ask_quic
from probe.connect.route import STRAIGHT, Proxy, ProxyKind, Route
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.config.load import load_settings
from service.integrations.attempts import DeliveryError
from service.integrations.email.smtp import Mailbox, MailSecurity, open_mailbox
from service.integrations.web.post import Receiver, WebPost
from service.setting_types.secret_places import Rotating
from tests.pki.net_guard.canaries import canary
from tests.pki.net_guard.evasions import Resolver
from tests.pki.revocation.servers import web_server
from tests.service.delivery.waiting import until

LOOPBACK = ("127.0.0.0/8", "::1")


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


def closed(*entries: str) -> SocketGate:
    """A gate whose policy forbids these networks to every socket."""
    rules = EgressRules(deny=DenyList(entries or LOOPBACK))
    return SocketGate(
        egress=EgressPolicy(everywhere=rules),
        fetch_networks=networks(*LOOPBACK),
        fetch_ports=frozenset(range(65536)),
    )


async def visit(gate: SocketGate, text: str, route: Route = STRAIGHT) -> None:
    target = parse_target(text)
    chosen = ProbeSettings(gate=gate, deadline_seconds=10.0, route=route)
    seen = await Engine(chosen, SystemClock()).visit(Endpoint(target=target, address="127.0.0.1"))
    assert (seen.state, seen.cost.connections) == (State.DENIED, 0)
    assert not any(fact.verdict.value != "unknown" for fact in seen.protocols.values())
    raise DeniedError(seen.reason)


async def through_a_proxy(gate: SocketGate, port: int) -> None:
    proxy = Proxy(kind=ProxyKind.HTTP, host="localhost", port=port)
    await visit(gate, "shop.test:443", route=Route(proxy=proxy))


async def over_quic(gate: SocketGate, port: int) -> None:
    await ask_quic(gate, ("127.0.0.1", port), None, bytes(NONCE_LENGTH), 0.3, VisitBudget())


async def fetch(gate: SocketGate, port: int) -> None:
    url = f"http://localhost:{port}/ocsp"
    await Fetcher(gate).fetch(url, most_bytes=9, budget=FetchBudget(), body=b"request")


async def ask_source(gate: SocketGate, port: int) -> None:
    await WebApi(url=f"http://localhost:{port}/sd", gate=gate).get()


async def look_up(gate: SocketGate, port: int) -> None:
    await DnsLookup([("127.0.0.1", port)], gate=gate).records("shop.test.", "CAA")


async def transfer(gate: SocketGate, port: int) -> None:
    await read_zone("test", ("127.0.0.1", port), Reading(port=443, source="dns"), gate)


async def post(gate: SocketGate, port: int, *, proxy: str | None = None) -> None:
    trust = ssl.create_default_context()
    url = f"http://localhost:{port}/hook" if proxy is None else "http://receiver.test/hook"
    receiver = Receiver(url=url, trust=trust, proxy=proxy)
    async with WebPost(Rotating("a test", lambda: receiver, ()), gate) as posting:
        await posting.send(b"{}", {})


async def send_mail(gate: SocketGate, port: int) -> None:
    mailbox = Mailbox(
        host="localhost",
        port=port,
        security=MailSecurity.NONE,
        sender="tlsprobe@example.test",
        recipients=("ops@example.test",),
        trust=ssl.create_default_context(),
    )
    async with open_mailbox(Rotating("a test", lambda: mailbox, ()), gate) as send:
        await send(b"Subject: test\n\ntext\n")


WAYS: dict[str, Callable[[SocketGate, int], Awaitable[None]]] = {
    "TLS": lambda gate, port: visit(gate, f"shop.test:{port}"),
    "STARTTLS": lambda gate, port: visit(gate, f"smtp://shop.test:{port}"),
    "DTLS": lambda gate, port: visit(gate, f"dtls://shop.test:{port}"),
    "QUIC": over_quic,
    "a proxy": through_a_proxy,
    "OCSP and CRL": fetch,
    "a source's API": ask_source,
    "a name server": look_up,
    "a zone transfer": transfer,
    "a webhook": post,
    "a receiver's proxy": lambda gate, port: post(gate, port, proxy=f"http://localhost:{port}"),
    "e-mail": send_mail,
}
VISITS = {"TLS", "STARTTLS", "DTLS", "a proxy"}
REFUSALS = (
    DeliveryError,
    DeniedError,
    FetchError,
    LookupFailedError,
    SourceError,
)


@pytest.mark.parametrize("way", WAYS)
async def test_no_socket_of_any_kind_leads_to_a_closed_network(way: str) -> None:
    """The name ``localhost`` resolves to the closed network only when the socket is about to be opened."""
    with canary() as trap:
        with pytest.raises(REFUSALS, match=r"egress\.deny"):
            await WAYS[way](closed(), trap.port)
        assert trap.is_untouched()


@pytest.mark.parametrize("way", [way for way in WAYS if way not in VISITS])
async def test_each_of_these_reaches_the_server_under_other_rules(way: str) -> None:
    """So the test above cannot pass only because nothing would have been sent."""
    with canary() as trap:
        asking = asyncio.ensure_future(WAYS[way](closed("192.0.2.0/24"), trap.port))
        await until(lambda: not trap.is_untouched())
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


def by_zone() -> SocketGate:
    """Open: 10.0.0.0/8; in the zone dmz 192.0.2.0/24 without its last address."""
    dmz = EgressRules(networks=networks("192.0.2.0/24"), deny=DenyList(["192.0.2.255"]))
    policy = EgressPolicy(
        everywhere=EgressRules(
            networks=networks("10.0.0.0/8", "2001:db8::/32"), deny=DenyList(["10.9.0.0/16:22"])
        ),
        zones={"dmz": dmz},
    )
    return SocketGate(egress=policy)


@pytest.mark.parametrize(
    ("zone", "address", "port", "setting"),
    [
        ("", "10.1.2.3", 443, None),
        ("", "192.0.2.7", 443, "egress.networks"),
        ("", "10.9.1.1", 22, "egress.deny"),
        ("", "10.9.1.1", 443, None),
        ("", "::ffff:10.1.2.3", 443, None),
        ("", "64:ff9b::a01:203", 443, None),
        ("", "64:ff9b::c000:207", 443, "egress.networks"),
        ("", "2001:db8::5efe:10.1.2.3", 443, None),
        ("", "2001:db8::5efe:192.0.2.7", 443, "egress.networks"),
        ("", "2606:4700::5efe:10.1.2.3", 443, "egress.networks"),
        ("dmz", "192.0.2.7", 443, None),
        ("dmz", "10.1.2.3", 443, "egress.zones.dmz.networks"),
        ("dmz", "192.0.2.255", 443, "egress.zones.dmz.deny"),
        ("dmz", "10.9.1.1", 22, "egress.deny"),
        ("elsewhere", "10.1.2.3", 443, None),
        ("elsewhere", "192.0.2.7", 443, "egress.networks"),
    ],
)
def test_a_zone_has_its_own_networks_and_what_is_denied_everywhere(
    zone: str, address: str, port: int, setting: str | None
) -> None:
    target = parse_target(f"shop.test:{port}", labels={"zone": zone} if zone else {})
    refusal = by_zone().for_target(target).refusal(address, port)
    assert refusal is None if setting is None else f"({setting})" in (refusal or "")


@pytest.mark.parametrize("purpose", set(Purpose) - {Purpose.PROBE, Purpose.FETCH})
def test_places_of_the_configuration_need_not_be_in_the_open_networks(purpose: Purpose) -> None:
    assert by_zone().refusal("198.51.100.1", 443, purpose) is None
    assert "egress.deny" in (by_zone().refusal("10.9.1.1", 22, purpose) or "")


def test_a_name_server_may_have_the_reserved_address_of_a_cloud() -> None:
    gate = SocketGate(guards_reserved=True)
    assert gate.refusal("169.254.169.253", 53, Purpose.NAME_SERVER) is None
    assert gate.refusal("169.254.169.253", 80, Purpose.RECEIVER) is not None


async def test_what_a_certificate_names_is_fetched_by_the_rules_of_the_target_s_zone() -> None:
    async with web_server({"/crl": b"list"}) as server:
        policy = EgressPolicy(zones={"dmz": EgressRules(networks=networks("192.0.2.0/24"))})
        gate = replace(closed("192.0.2.1"), egress=policy)
        url = f"http://crl.test:{server.port}/crl"
        resolver = Resolver(turns={"crl.test": ["127.0.0.1"]})
        fetcher = Fetcher(gate, look_up=resolver)
        with pytest.raises(FetchError, match=r"egress\.zones\.dmz\.networks"):
            await fetcher.fetch(url, most_bytes=9, budget=FetchBudget(zone="dmz"))
        assert await fetcher.fetch(url, most_bytes=9, budget=FetchBudget()) == b"list"


def test_the_policy_comes_from_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "tlsprobe.yml"
    file.write_text(
        """
egress:
  networks: [10.0.0.0/8]
  deny: ["10.9.0.0/16:22", "*.bank.example"]
  zones:
    dmz: {networks: [192.0.2.0/24], deny: [192.0.2.255]}
"""
    )
    gate = load_settings(file).gate
    dmz = parse_target("shop.test:443", labels={"zone": "dmz"})
    assert gate.for_target(dmz).refusal("192.0.2.7", 443) is None
    assert "egress.zones.dmz.deny" in (gate.for_target(dmz).refusal("192.0.2.255", 443) or "")
    assert "egress.networks" in (gate.refusal("192.0.2.7", 443) or "")
    assert "'*.bank.example'" in (gate.target_refusal(parse_target("a.bank.example:443")) or "")


@pytest.mark.parametrize("purpose", Purpose)
def test_a_unix_socket_is_closed_to_every_purpose(purpose: Purpose, tmp_path: Path) -> None:
    link = tmp_path / "link.sock"
    link.symlink_to(tmp_path / "api.sock")
    gate = closed(str(tmp_path / "api.sock"))
    assert "egress.deny" in (gate.socket_refusal(link, purpose) or "")
    assert gate.socket_refusal(tmp_path / "other.sock", purpose) is None
