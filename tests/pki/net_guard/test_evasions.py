"""No spelling of a denied or reserved address reaches it, from any source of addresses.

The sources are scheduled targets, /probe, certificates' URLs and discovery. Canaries receive nothing, and no
socket is connected.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from discovery.merge import sift
from discovery.networks import Scan, read_networks
from discovery.targets import TargetError, parse_target
from model.clock import SystemClock
from model.observation import State
from model.target import Endpoint, Target, is_ip_address
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import Purpose, SocketGate
from pki.revocation.fetch import Fetcher
from pki.revocation.fetch_budget import FetchBudget, FetchError
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.resolve import Resolution, allowed, resolve
from service.config.modules.on_demand import OnDemandSettings
from service.probe_endpoint.allowed import Allowed
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.prober import OnDemandProber, ProberContext
from tests.pki.net_guard.canaries import Canary, canary, recorded_sockets
from tests.pki.net_guard.evasions import DENY, PLACES, URLS, Resolver

EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
GATE = SocketGate(
    deny=DenyList(DENY),
    guards_reserved=True,
    fetch_ports=frozenset(range(65536)),
)


@pytest.fixture(scope="module")
def trap() -> Iterator[Canary]:
    with canary() as listening:
        yield listening


def target_of(place: str, port: int) -> Target | None:
    """The target, None if its text is refused."""
    try:
        return parse_target(f"{place}:{port}")
    except TargetError:
        return None


def reached(gate: SocketGate) -> Engine:
    return Engine(ProbeSettings(gate=gate, deadline_seconds=20.0), SystemClock())


@pytest.mark.parametrize("place", PLACES)
async def test_a_denied_address_cannot_be_visited_by_the_scheduler(
    place: str, trap: Canary
) -> None:
    target = target_of(place, trap.port)
    if target is None:
        return
    with recorded_sockets() as sockets:
        found = await resolve(target, look_up=Resolver())
        assert allowed(found, GATE).endpoints == ()
        # As if the addresses had been allowed until now: the socket itself is refused.
        for endpoint in found.endpoints:
            seen = await reached(GATE).visit(endpoint)
            assert (seen.state, seen.cost.connections) == (State.DENIED, 0)
            reason = seen.reason or ""
            assert reason.startswith("Denied") or "never probed" in reason
            assert seen.protocols == {} or not seen.answered
    assert sockets.connected == []
    assert trap.is_untouched()


@pytest.mark.parametrize("place", PLACES)
async def test_a_denied_address_cannot_be_visited_by_dtls(place: str, trap: Canary) -> None:
    target = target_of(f"dtls://{place}", trap.port)
    if target is None:
        return
    with recorded_sockets() as sockets:
        for endpoint in (await resolve(target, look_up=Resolver())).endpoints:
            seen = await reached(GATE).visit(endpoint)
            assert (seen.state, seen.cost.connections) == (State.DENIED, 0)
    assert sockets.connected == []
    assert trap.is_untouched()


def prober(known: Target | None = None) -> OnDemandProber:
    """A prober on demand for every network that the gate allows."""
    on_demand = OnDemandSettings.model_validate({"networks": ["0.0.0.0/0", "::/0"]})

    async def look_up(asked: Target) -> Resolution:
        return await resolve(asked, look_up=Resolver())

    settings = ProbeSettings(gate=GATE)
    clock = SystemClock()
    return OnDemandProber(
        on_demand,
        ProberContext(
            engine=Engine(settings, clock),
            settings=settings,
            clock=clock,
            allowed=Allowed(on_demand.networks, GATE),
            resolve=look_up,
            target_of=lambda key: known if known is not None and key == known.key else None,
            status_of=lambda _: None,
            guarding=lambda _: nullcontext(),
        ),
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("is_known", [False, True], ids=["unknown", "in the inventory"])
async def test_a_denied_address_cannot_be_probed_on_demand(
    place: str, trap: Canary, *, is_known: bool
) -> None:
    asked = prober(target_of(place, trap.port) if is_known else None)
    with recorded_sockets() as sockets, pytest.raises(RefusedError) as refused:
        await asked.page(f"{place}:{trap.port}")
    assert refused.value.status in {400, 403}
    assert sockets.connected == []
    assert trap.is_untouched()


@pytest.mark.parametrize("text", URLS)
async def test_a_disguised_address_cannot_be_probed_on_demand(text: str, trap: Canary) -> None:
    with recorded_sockets() as sockets, pytest.raises(RefusedError) as refused:
        await prober().page(text.replace("{port}", str(trap.port)))
    assert refused.value.status in {400, 403}
    assert sockets.connected == []
    assert trap.is_untouched()


@pytest.mark.parametrize("name", ["denied.test", "DENIED.test.", "x.lab.test", "b\u00fccher.test"])
async def test_a_denied_name_cannot_be_probed_at_an_allowed_address(name: str) -> None:
    with recorded_sockets() as sockets, pytest.raises(RefusedError, match="deny") as refused:
        await prober().page("192.0.2.1:443", server_name=name)
    assert (refused.value.status, sockets.connected) == (403, [])


@pytest.mark.parametrize("place", PLACES)
async def test_a_certificate_url_cannot_fetch_from_a_denied_address(
    place: str, trap: Canary
) -> None:
    for scheme in ("http", "https"):
        fetcher = Fetcher(GATE, look_up=Resolver())
        url = f"{scheme}://{place}:{trap.port}/crl"
        with recorded_sockets() as sockets, pytest.raises(FetchError):
            await fetcher.fetch(url, most_bytes=1000, budget=FetchBudget())
        assert sockets.connected == []
    assert trap.is_untouched()


@pytest.mark.parametrize("place", PLACES)
async def test_a_source_cannot_add_a_denied_address(place: str, trap: Canary) -> None:
    """A source's targets: literal addresses and denied names never enter the inventory."""
    target = target_of(place, trap.port)
    if target is None:
        return
    kept = (await sift([target], (), GATE)).kept
    if is_ip_address(target.host):
        assert kept == ()
    for one in kept:
        assert allowed(await resolve(one, look_up=Resolver()), GATE).endpoints == ()


@pytest.mark.parametrize(
    "place", [one for one in PLACES if one.startswith("[") or one[0].isdigit()]
)
async def test_a_network_scan_skips_denied_addresses(place: str, trap: Canary) -> None:
    text = place.strip("[]").partition("%")[0]
    if not is_ip_address(text):
        return
    scan = Scan(networks=(ipaddress.ip_network(text),), ports=(trap.port,), timeout_seconds=1.0)
    with recorded_sockets() as sockets:
        assert (await read_networks(scan, GATE, "net")).targets == ()
    assert sockets.connected == []
    assert trap.is_untouched()


async def test_an_allowed_visit_reaches_the_canary() -> None:
    """The tests above can fail: with nothing denied, the same visit reaches a canary."""
    settings = ProbeSettings(deadline_seconds=1.0, answer_timeout_seconds=0.3)
    with canary() as heard, recorded_sockets() as sockets:
        endpoint = Endpoint(target=parse_target(f"127.0.0.1:{heard.port}"), address="127.0.0.1")
        await Engine(settings, SystemClock()).visit(endpoint)
        assert not heard.is_untouched()
    assert "127.0.0.1" in sockets.connected


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1", "fd00::1"),
        *("93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::93.184.215.14", "192.0.2.1"),
        *("::ffff:127.0.0.1", "64:ff9b:1::a09:101", "2002:5db8:d70e::1", "2001:db8::1"),
    ],
)
def test_addresses_that_are_not_reserved_are_allowed_to_the_service(address: str) -> None:
    assert SocketGate(guards_reserved=True).refusal(address, 443) is None


def test_a_network_in_allow_permits_a_reserved_one_but_never_a_denied_one() -> None:
    link_local = (ipaddress.ip_network("169.254.10.0/24"),)
    gate = SocketGate(guards_reserved=True, allow=link_local, deny=DenyList(["169.254.10.7"]))
    assert gate.refusal("169.254.10.8", 443) is None
    assert "deny" in (gate.refusal("169.254.10.7", 443) or "")
    assert "never probed" in (gate.refusal("169.254.169.254", 443) or "")


def test_a_person_who_scans_by_hand_may_use_any_address() -> None:
    assert SocketGate().refusal("169.254.169.254", 80) is None


def test_urls_in_certificates_are_fetched_only_at_web_ports() -> None:
    gate = SocketGate(guards_reserved=True)
    for port in (80, 443):
        assert gate.refusal("93.184.215.14", port, Purpose.FETCH) is None
    for port in (22, 25, 6379, 8080):
        assert "probe.fetch_ports" in (gate.refusal("93.184.215.14", port, Purpose.FETCH) or "")


def test_a_name_is_not_an_address_that_could_be_checked() -> None:
    assert "not an IP address" in (SocketGate().refusal("loop.test", 443) or "")
