"""``tlsprobe serve`` with sinks, as a process of its own, including a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from OpenSSL import SSL

from model.target import Target
from service.demo import DemoFleet
from service.demo.recipes import RECIPES
from tests.service.delivery.receivers import Hook, running_hook
from tests.service.delivery.waiting import until, until_holds
from tests.service.processes import running
from tests.service.test_daemon import Service

POLICY = "policies: {house: {for: {}, rules: {protocol_versions: {allowed: [TLSv1.3]}}}}"

SPEAK_TLS_1_2 = {
    recipe.server_name
    for recipe in RECIPES
    if recipe.min_version <= SSL.TLS1_2_VERSION <= recipe.max_version
}


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[DemoFleet]:
    async with DemoFleet(directory=tmp_path / "demo") as fleet:
        yield fleet


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with running_hook() as hook:
        yield hook


def write_targets(path: Path, targets: Sequence[Target]) -> None:
    entries = [
        {"target": f"{one.host}:{one.port}", "server_name": one.server_name} for one in targets
    ]
    path.write_text(json.dumps(entries))


def write_config(folder: Path, hook: Hook) -> Path:
    (folder / "policies.yml").write_text(POLICY)
    config = folder / "tlsprobe.yml"
    settings = {
        "database": f"sqlite:///{folder / 'tlsprobe.db'}",
        "listen": "127.0.0.1:0",
        "targets_files": [str(folder / "targets.json")],
        "policies": [str(folder / "policies.yml")],
        "push": {"textfile": str(folder / "tlsprobe.prom")},
        "notifications": {"ops": {"type": "webhook", "url": hook.url, "group_wait_seconds": 0}},
    }
    config.write_text(json.dumps(settings))
    return config


@pytest.mark.process
async def test_findings_and_expiries_are_reported_once_and_metrics_are_written_to_the_file(
    fleet: DemoFleet, hook: Hook, tmp_path: Path
) -> None:
    # Each of these accepts TLS 1.2, which the policy forbids.
    first, *others = (one for one in fleet.targets if one.server_name in SPEAK_TLS_1_2)
    write_targets(tmp_path / "targets.json", others)
    config = write_config(tmp_path, hook)
    textfile = tmp_path / "tlsprobe.prom"
    with running("serve", "--config", config) as process:
        service = Service(process)
        await service.start()
        await until(lambda: {target for _, target in hook.events} >= {one.key for one in others})
        await until(textfile.exists)

        async def is_written() -> bool:
            page = (await service.get("/metrics/endpoints")).text
            shown = [line for line in page.splitlines() if "snapshot_age" not in line]
            return (await asyncio.to_thread(textfile.read_text)).splitlines() == shown

        await until_holds(is_written)
        own = (await service.get("/metrics")).text
        assert 'tlsprobe_deliveries_total{sink="textfile"}' in own
        assert await service.stop() == 0
    assert {kind for kind, _ in hook.events} == {"opened"}
    keys = [event["alert"]["key"] for body in hook.bodies for event in body["events"]]
    assert len(keys) == len(set(keys))
    kinds = {event["alert"]["kind"] for body in hook.bodies for event in body["events"]}
    assert kinds == {"finding", "expiry"}
    hook.bodies.clear()
    write_targets(tmp_path / "targets.json", fleet.targets)
    with running("serve", "--config", config) as process:
        service = Service(process)
        await service.start()
        await until(lambda: first.key in {target for _, target in hook.events})
        assert await service.stop() == 0
    again = {event["alert"]["key"] for body in hook.bodies for event in body["events"]}
    assert again.isdisjoint(keys), [
        (
            body["at"],
            event["event"],
            event["alert"]["target"],
            event["alert"]["kind"],
            event["alert"].get("summary"),
        )
        for body in hook.bodies
        for event in body["events"]
        if event["alert"]["key"] in keys
    ]
