"""Each kind of socket asks the gate: twin ports, proxies, Unix sockets, UDP, QUIC; names resolve once."""

from __future__ import annotations

import ast
import asyncio
import ipaddress
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from discovery.apis.web import WebApi
from discovery.source import SourceError
from discovery.targets import parse_target
from model.clock import SystemClock
from model.observation import Observation, State
from model.target import Endpoint
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import SocketGate
from pki.net_guard.opening import DeniedError
from pki.net_guard.politeness import Politeness
from pki.revocation.fetch import Fetcher
from pki.revocation.fetch_budget import FetchBudget
from probe.budget import VisitBudget
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.quic import ask_quic
from probe.connect.route import STRAIGHT, Proxy, ProxyKind
from probe.connect.session import EndpointSession
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from probe.web.in_plaintext import PlaintextRequest
from tests.pki.net_guard.canaries import canary, recorded_sockets
from tests.pki.net_guard.evasions import Resolver
from tests.pki.revocation.fetching import LOOPBACK, fetch_gate
from tests.pki.revocation.servers import web_server
from tlsprobe.own_packages import PACKAGES

ROOT = Path(__file__).parents[3]
OPENERS = {
    "AsyncClient",
    "AsyncConnectionPool",
    "AsyncHTTPProxy",
    "AsyncHTTPTransport",
    "HTTPConnection",
    "HTTPSConnection",
    "aiosmtplib.send",
    "create_connection",
    "create_datagram_endpoint",
    "create_unix_connection",
    "dns.asyncquery.inbound_xfr",
    "dns.asyncresolver.Resolver",
    "getaddrinfo",
    "httpx.get",
    "httpx.post",
    "open_connection",
    "open_unix_connection",
    "sock_connect",
    "socket.socket",
    "urlopen",
}
"""Calls that open a socket, or make something that does; the database's driver is the only other one."""

ASKS_THE_GATE = {
    "pki/dns/lookup.py": {"dns.asyncresolver.Resolver"},
    "discovery/dns.py": {"dns.asyncquery.inbound_xfr"},
    "discovery/cloud/aws/sessions.py": {"getaddrinfo"},
    "service/integrations/email/smtp.py": {"aiosmtplib.send"},
    "service/integrations/web/post.py": {"AsyncConnectionPool", "AsyncHTTPProxy"},
}
"""Files outside the guard that pass the gate's answer to a library; the tests of egress show that each does."""

NOT_EGRESS = {
    "service/http/server.py": {"getaddrinfo", "socket.socket"},
    "service/http/status_client.py": {"HTTPConnection", "HTTPSConnection"},
    "service/scan/service_client.py": {"AsyncClient"},
}
"""The service's own listener, and the clients of ``tlsprobe status`` and ``scan --service``, whose URL the user types."""


def denying(*entries: str) -> SocketGate:
    return SocketGate(deny=DenyList(entries), guards_reserved=True)


async def visited(settings: ProbeSettings, text: str, **labels: str) -> Observation:
    target = parse_target(text, labels=labels)
    settings = replace(settings, deadline_seconds=10.0, answer_timeout_seconds=0.5)
    return await Engine(settings, SystemClock()).visit(Endpoint(target=target, address=target.host))


def called(node: ast.expr) -> str:
    """The dotted name of what is called, such as ``socket.socket``."""
    if isinstance(node, ast.Attribute):
        return f"{called(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def openers_in(path: Path) -> set[str]:
    """Which openers a file calls."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [called(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {opener for name in names for opener in OPENERS if f".{name}".endswith(f".{opener}")}


def test_sockets_are_opened_only_by_the_guard() -> None:
    found = {
        str(path.relative_to(ROOT)): openers
        for room in PACKAGES
        for path in (ROOT / room).rglob("*.py")
        if "net_guard" not in path.parts and (openers := openers_in(path))
    }
    assert found == ASKS_THE_GATE | NOT_EGRESS


async def test_the_plaintext_port_of_a_service_is_checked_separately() -> None:
    with canary() as trap, canary() as open_one:
        for entry in (f"127.0.0.1:{trap.port}", f"shop.test:{trap.port}"):
            settings = ProbeSettings(deadline_seconds=5.0, greeting_timeout_seconds=0.3)
            options = TransportOptions(
                address=("127.0.0.1", open_one.port),
                peer=Peer(name="shop.test"),
                nonce=bytes(NONCE_LENGTH),
                route=replace(STRAIGHT, gate=denying(entry).named("shop.test")),
            )
            session = EndpointSession(options, settings, Politeness(settings), SystemClock())
            refused = await session.converse_in_plaintext(
                PlaintextRequest("shop.test", user_agent="test"), port=trap.port
            )
            assert isinstance(refused, ConnectFailure)
            assert (refused.kind, "(deny)" in refused.detail) == (FailureKind.DENIED, True)
            taken = await session.converse_in_plaintext(
                PlaintextRequest("shop.test", user_agent="test"), port=open_one.port
            )
            assert not isinstance(taken, ConnectFailure)
            await session.close()
        assert trap.is_untouched()


@pytest.mark.parametrize("kind", list(ProxyKind))
async def test_a_denied_target_is_not_probed_through_a_proxy(kind: ProxyKind) -> None:
    with canary() as proxy:
        route = replace(STRAIGHT, proxy=Proxy(kind=kind, host="127.0.0.1", port=proxy.port))
        for text, entry in (("10.1.2.3:443", "10.0.0.0/8"), ("169.254.169.254:443", "x.test")):
            seen = await visited(ProbeSettings(route=route, gate=denying(entry)), text)
            assert (seen.state, seen.cost.connections) == (State.DENIED, 0)
        assert proxy.is_untouched()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1"])
async def test_a_denied_proxy_is_not_contacted(host: str) -> None:
    with canary() as proxy, recorded_sockets() as sockets:
        route = replace(STRAIGHT, proxy=Proxy(kind=ProxyKind.HTTP, host=host, port=proxy.port))
        gate = denying(f"127.0.0.1:{proxy.port}", f"[::1]:{proxy.port}")
        seen = await visited(ProbeSettings(route=route, gate=gate), "93.184.215.14:443")
        assert (seen.state, "The proxy" in (seen.reason or "")) == (State.DENIED, True)
        assert proxy.is_untouched()
    assert all(name.startswith("look-up-") for name in sockets.resolving)


async def test_unix_sockets_are_checked_by_their_real_path(tmp_path: Path) -> None:
    place, link = tmp_path / "x.sock", tmp_path / "harmless.sock"
    link.symlink_to(place)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        listener.setblocking(False)
        relative = str(Path(*[".."] * 12, *place.parts[1:]))
        crooked = f"{tmp_path}/nothing/../x.sock"
        for path in (str(place), str(link), relative, crooked):
            for gate in (denying(str(place)), denying(f"{tmp_path}/*"), denying("192.0.2.7")):
                settings = ProbeSettings(gate=gate)
                seen = await visited(settings, "192.0.2.7:443", unix_socket=path)
                assert (seen.state, seen.cost.connections) == (State.DENIED, 0)
                assert "(deny)" in (seen.reason or "")
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("path", ["/var/run/docker.sock", "/run/docker.sock", "/run/dbus/bus"])
def test_sockets_that_control_the_machine_are_not_accessible_to_the_service(path: str) -> None:
    assert SocketGate(guards_reserved=True).socket_refusal(Path(path)) is not None
    assert SocketGate().socket_refusal(Path(path)) is None


async def test_quic_respects_the_address_gate() -> None:
    with canary() as trap:
        place = ("127.0.0.1", trap.port)
        with pytest.raises(DeniedError, match="deny"):
            await ask_quic(
                denying("127.0.0.1"), place, None, bytes(NONCE_LENGTH), 0.3, VisitBudget()
            )
        assert trap.is_untouched()


async def test_a_changing_name_connects_to_the_address_that_was_checked() -> None:
    async with web_server({"/crl": b"list"}) as server:
        deny = DenyList(["127.0.0.2"])
        resolver = Resolver(turns={"rebind.test": ["127.0.0.1", "127.0.0.2"]})
        fetcher = Fetcher(fetch_gate(LOOPBACK, deny=deny), look_up=resolver)
        url = f"http://rebind.test:{server.port}/crl"
        with recorded_sockets() as sockets:
            assert await fetcher.fetch(url, most_bytes=10, budget=FetchBudget()) == b"list"
        assert resolver.asked == ["rebind.test"]
        assert "127.0.0.2" not in sockets.connected


async def test_a_source_api_at_a_reserved_address_is_not_queried() -> None:
    with recorded_sockets() as sockets:
        for host in ("169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"):
            api = WebApi(url=f"http://{host}/latest", gate=denying())
            with pytest.raises(SourceError, match="must not be contacted"):
                await api.get()
    assert sockets.connected == []


async def test_names_are_resolved_in_separate_threads() -> None:
    async with web_server({"/sd": b"[]", "/crl": b"list"}) as server:
        with recorded_sockets() as sockets:
            loop_back = f"http://localhost:{server.port}"
            assert await WebApi(url=f"{loop_back}/sd").get() == []
            gate = fetch_gate((*LOOPBACK, ipaddress.ip_network("::1")))
            fetched = Fetcher(gate).fetch(f"{loop_back}/crl", most_bytes=9, budget=FetchBudget())
            with_ipv6_first = await asyncio.gather(fetched, return_exceptions=True)
        assert with_ipv6_first
    assert sockets.resolving
    assert {name.rpartition("_")[0] for name in sockets.resolving} == {
        "look-up-configured",
        "look-up-fetches",
    }


def test_a_canary_notices_a_connection() -> None:
    with canary() as trap, socket.create_connection(("127.0.0.1", trap.port)):
        assert not trap.is_untouched()
