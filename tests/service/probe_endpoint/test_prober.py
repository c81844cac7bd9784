"""``/probe``: it never contacts forbidden addresses, equal requests share a visit, and it respects deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from socket import create_server, socket
from typing import Any

import pytest

from discovery.targets import parse_target
from model.clock import SystemClock
from model.observation import Mode
from model.target import Endpoint, Target
from model.verdict import Fact, Verdict
from probe.checks.versions_and_suites.expected_versions import PARTS
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.config.modules.module import ModuleSettings
from service.config.modules.on_demand import OnDemandSettings
from service.demo import DemoFleet
from service.inventory.without_evidence import without_evidence
from service.probe_endpoint.module_choices import RefusedError, labels_for, path_for
from tests.exporters.test_inventory import KNOWN, NOW, snapshot
from tests.service.probe_endpoint.asking import LOOPBACK, World, series, value

pytestmark = pytest.mark.slow


def settings(**module: Any) -> OnDemandSettings:
    return OnDemandSettings.model_validate(
        {"networks": LOOPBACK, "modules": {"default": {"expect": {"trusted": False}, **module}}}
    )


@pytest.fixture
async def target(fleet: DemoFleet) -> Target:
    return fleet.targets[0]


@pytest.fixture
async def listener() -> AsyncIterator[socket]:
    """Records who connects, and sends nothing."""
    with create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def place(listening: socket) -> str:
    return f"127.0.0.1:{listening.getsockname()[1]}"


async def refused(world: World, on_demand: OnDemandSettings, text: str | None, **asked: Any) -> Any:
    with pytest.raises(RefusedError) as refusal:
        await world.prober(on_demand).page(text, **asked)
    return refusal.value.status, str(refusal.value)


CLIENT_AUTH = ["certificates", "client_auth"]
NEVER = (
    "169.254.169.254:80",
    "[fe80::1]:443",
    "[::ffff:169.254.169.254]:80",
    "[64:ff9b::169.254.169.254]:80",
    "[fd00:ec2::254]:80",
    "168.63.129.16:80",
    "100.100.100.200:80",
    "224.0.0.1:443",
    "0.0.0.0:443",
)


@pytest.mark.parametrize("text", NEVER)
async def test_metadata_and_link_local_addresses_are_never_contacted(text: str) -> None:
    anything = OnDemandSettings.model_validate({"networks": ["0.0.0.0/0", "::/0"]})
    status, sentence = await refused(World(inventory=[parse_target(text)]), anything, text)
    assert (status, "never probed" in sentence) == (403, True)


async def test_nothing_is_sent_to_an_address_outside_the_networks(listener: socket) -> None:
    elsewhere = OnDemandSettings.model_validate({"networks": ["10.0.0.0/8"]})
    status, sentence = await refused(World(), elsewhere, place(listener))
    assert (status, "on_demand.networks" in sentence) == (403, True)
    with pytest.raises(BlockingIOError):
        listener.accept()


async def test_a_name_is_checked_by_what_it_resolves_to(listener: socket) -> None:
    world = World(addresses=["169.254.169.254"])
    status, _ = await refused(world, settings(), "innocent.test:80")
    assert (status, world.resolved) == (403, ["innocent.test"])


async def test_without_networks_no_name_outside_the_inventory_is_even_resolved() -> None:
    world = World()
    status, sentence = await refused(world, OnDemandSettings(), "a.test:443")
    assert (status, "a.test:443" in sentence, world.resolved) == (403, True, [])


async def test_a_denied_target_is_denied_on_demand_too(listener: socket) -> None:
    status, sentence = await refused(World(deny=["127.0.0.0/8"]), settings(), place(listener))
    assert (status, "deny" in sentence) == (403, True)


async def test_a_target_of_the_inventory_needs_no_network(target: Target) -> None:
    prober = World(inventory=[target]).prober(
        OnDemandSettings.model_validate({"modules": {"default": {"expect": {"trusted": False}}}})
    )
    page = await prober.page(f"127.0.0.1:{target.port}", server_name=target.server_name)
    assert value(page, "tlsprobe_probe_success") == 1
    assert ("tlsprobe_endpoint_labels", frozenset({("target", target.key)})) not in series(page)
    assert 'label_team="web"' in page


async def test_the_inventory_s_own_key_names_its_target(target: Target) -> None:
    inventory = replace(target, server_name="key.demo.test")
    prober = World(inventory=[inventory]).prober(
        OnDemandSettings.model_validate({"modules": {"default": {"expect": {"trusted": False}}}})
    )
    assert inventory.key.endswith("?server_name=key.demo.test")
    page = await prober.page(inventory.key)
    assert 'label_team="web"' in page


@pytest.mark.parametrize(
    ("text", "asked", "named"),
    [
        (None, {}, "/probe?target="),
        ("a b", {}, "'a b'"),
        ("http://a.test", {}, "https"),
        ("127.0.0.1:1", {"module_name": "other"}, "unknown module 'other': use one of default"),
        ("127.0.0.1:1", {"scrape_timeout": "soon"}, "X-Prometheus-Scrape-Timeout-Seconds"),
        ("127.0.0.1:1", {"scrape_timeout": "-1"}, "X-Prometheus-Scrape-Timeout-Seconds"),
    ],
)
async def test_the_error_for_a_bad_request_names_what_to_change(
    text: str | None, asked: dict[str, Any], named: str
) -> None:
    status, sentence = await refused(World(), settings(), text, **asked)
    assert (status, named in sentence) == (400, True)


async def test_equal_requests_share_one_visit(fleet: DemoFleet, target: Target) -> None:
    world = World()
    prober = world.prober(settings())
    pages = await asyncio.gather(
        *(prober.page(f"127.0.0.1:{target.port}", server_name="modern.demo.test") for _ in range(9))
    )
    assert (len(set(pages)), len(world.resolved)) == (1, 1)


async def test_a_silent_server_costs_no_more_than_the_scrape_allows(listener: socket) -> None:
    page = await World().prober(settings()).page(place(listener), scrape_timeout="0.8")
    assert value(page, "tlsprobe_up") == 0
    assert value(page, "tlsprobe_probe_success") == 0
    assert 'reason="timeout"' in page


async def test_many_slow_probes_are_refused_and_not_queued_forever(listener: socket) -> None:
    one_at_once = settings().model_copy(update={"max_concurrent_probes": 1})
    prober = World().prober(one_at_once)
    waiting = [
        asyncio.create_task(prober.page(place(listener), server_name=f"n{number}.test"))
        for number in range(9)
    ]
    await asyncio.sleep(0)
    with pytest.raises(RefusedError) as refusal:
        await prober.page(place(listener), server_name="last.test")
    assert refusal.value.status == 503
    await prober.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_facts_that_are_not_probed_now_come_from_the_inventory(target: Target) -> None:
    endpoint_key = f"{target.key}@127.0.0.1"
    (before,) = snapshot(
        replace(
            KNOWN,
            endpoint=replace(KNOWN.endpoint, target=target, address="127.0.0.1"),
            mode=Mode.ENUMERATE,
            vulnerabilities={"heartbleed": Fact(verdict=Verdict.NO)},
        )
    ).endpoints
    world = World(inventory=[target], known={endpoint_key: before})
    page = await world.prober(settings()).page(
        f"127.0.0.1:{target.port}", server_name=target.server_name
    )
    shown = series(page)
    labels = frozenset({("target", target.key)})
    assert shown["tlsprobe_vulnerable", labels | {("check", "heartbleed")}] == 0
    # TLS 1.3 was unknown there, so it is asked here.
    assert shown["tlsprobe_protocol_supported", labels | {("protocol", "TLSv1.3")}] == 1
    assert value(page, "tlsprobe_last_probe_timestamp_seconds") > NOW.timestamp()


@pytest.mark.parametrize(("name", "success"), [("modern", 1), ("mtls", 1), ("expired", 0)])
async def test_what_the_inventory_expects_takes_three_connections(
    fleet: DemoFleet, name: str, success: int
) -> None:
    """The trust store of the module judges the chain, whatever judged it in the inventory."""
    (target,) = [one for one in fleet.targets if one.server_name == f"{name}.demo.test"]
    endpoint = Endpoint(target=target, address="127.0.0.1")
    observed = await Engine(ProbeSettings(parts=PARTS), SystemClock()).visit(endpoint)
    (known,) = snapshot(without_evidence(observed)).endpoints
    on_demand = settings(
        expect={"trusted": True}, tls_config={"ca_file": fleet.trust_stores["demo"]}
    )
    world = World(inventory=[target], known={endpoint.key: known})
    page = await world.prober(on_demand).page(target.key)
    assert value(page, "tlsprobe_connections_used") <= 3 < observed.cost.connections
    assert value(page, "tlsprobe_probe_success") == success


@pytest.mark.parametrize(
    ("name", "module", "success"),
    [
        ("modern", {"expect": {"refused_versions": ["TLSv1.0", "TLSv1.1"]}}, 1),
        ("legacy", {"expect": {"refused_versions": ["TLSv1.0"]}}, 0),
        ("modern", {"expect": {"client_auth": "required"}, "checks": CLIENT_AUTH}, 0),
        ("mtls", {"expect": {"client_auth": "required"}, "checks": CLIENT_AUTH}, 1),
        ("expired", {"expect": {"trusted": True}, "checks": ["certificates"]}, 0),
        ("modern", {"expect": {"trusted": True}, "checks": ["certificates"]}, 1),
    ],
)
async def test_success_is_what_the_module_asserts(
    fleet: DemoFleet, name: str, module: dict[str, Any], success: int
) -> None:
    (target,) = [one for one in fleet.targets if one.server_name == f"{name}.demo.test"]
    module["expect"].setdefault("trusted", False)
    module["tls_config"] = {"ca_file": fleet.trust_stores["demo"]}
    page = (
        await World()
        .prober(settings(**module))
        .page(f"127.0.0.1:{target.port}", server_name=target.server_name)
    )
    assert value(page, "tlsprobe_probe_success") == success
    assert value(page, "tlsprobe_up") == 1
    assert "tlsprobe_cert_not_after_timestamp_seconds{" in page


async def test_spellings_of_one_target_share_one_visit(target: Target) -> None:
    world = World()
    prober = world.prober(settings())
    place_of_all = f"127.0.0.1:{target.port}"
    texts = (place_of_all, f"https://{place_of_all}", f"https://{place_of_all}/?x=1")
    pages = await asyncio.gather(*(prober.page(text) for text in texts))
    assert {parse_target(text).key for text in texts} == {place_of_all}
    assert (len(set(pages)), len(world.resolved)) == (1, 1)


async def test_a_reload_keeps_the_limits(listener: socket) -> None:
    one_at_once = settings().model_copy(update={"max_concurrent_probes": 1})
    world = World()
    prober = world.prober(one_at_once)
    waiting = []
    for number in range(9):
        asking = prober.page(place(listener), server_name=f"n{number}.test")
        waiting.append(asyncio.create_task(asking))
    await asyncio.wait_for(world.has_resolved.wait(), 30)
    world.reconfigure(prober, one_at_once)
    with pytest.raises(RefusedError) as refusal:
        await prober.page(place(listener), server_name="last.test")
    assert (refusal.value.status, len(world.resolved)) == (503, 1)
    await prober.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_the_request_chooses_no_path_of_the_server(listener: socket) -> None:
    """``https://host/admin/restart`` in a request would be a GET from us inside the network."""
    module = {"prober": "http", "emit": ["blackbox_exporter"], "path": "/health"}
    for path in ("/admin", "/?a=b", "/health/", "/%2e%2e/"):
        status, sentence = await refused(
            World(), settings(**module), f"https://{place(listener)}{path}"
        )
        assert (status, "set `path` in a module" in sentence) == (400, True)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_the_path_of_the_module_is_requested() -> None:
    module = ModuleSettings.model_validate({"prober": "http", "path": "/health"})
    assert path_for(module, "/health", is_from_request=True) == "/health"
    assert path_for(module, "/", is_from_request=True) == "/health"
    fixed = ModuleSettings.model_validate({"prober": "https", "target": "https://a.test/from?here"})
    assert path_for(fixed, "/from?here", is_from_request=False) == "/from?here"
    open_to_all = ModuleSettings.model_validate({"prober": "http", "allow_paths": True})
    assert path_for(open_to_all, "/any", is_from_request=True) == "/any"


def test_an_identity_of_the_inventory_is_presented_only_if_the_module_requests_it() -> None:
    known = {"client_identity": "ours", "expired_client_identity": "old", "team": "pay"}
    silent = ModuleSettings()
    assert labels_for(silent, known) == {"team": "pay"}
    showing = ModuleSettings.model_validate({"use_client_identity": True})
    assert labels_for(showing, known) == known


@pytest.mark.parametrize(
    ("module", "label", "expected"),
    [
        (None, None, None),
        (None, "full", "full"),
        ("full", None, "full"),
        ("full", "safe", "safe"),
        ("safe", "full", "safe"),
        ("full", "gentle", "gentle"),
    ],
)
def test_a_module_probes_no_more_than_the_label_of_the_target_allows(
    module: str | None, label: str | None, expected: str | None
) -> None:
    known = {} if label is None else {"intrusiveness": label}
    found = labels_for(ModuleSettings.model_validate({"intrusiveness": module}), known)
    assert found.get("intrusiveness") == expected
