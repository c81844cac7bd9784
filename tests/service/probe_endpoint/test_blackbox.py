"""A module with blackbox_exporter's names agrees with the real blackbox_exporter about the same servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from model.target import Target
from service.config.modules.on_demand import OnDemandSettings
from service.demo import DemoFleet
from tests.service.probe_endpoint.asking import LOOPBACK, Series, World, series
from tests.zoo.process import Command, running

pytestmark = pytest.mark.integration

YEAR_ONE = -62135596800
"""Go's zero time: 0.23's value for the expiry of a chain that does not verify."""

TIMINGS = {"probe_duration_seconds", "probe_dns_lookup_time_seconds"}
OF_HTTP_BODIES = {
    "probe_http_content_length",
    "probe_http_duration_seconds",
    "probe_http_uncompressed_body_length",
}
NAMES = ("modern", "legacy", "expired", "incomplete", "mtls", "pq")


def modules(root: Path) -> dict[str, Any]:
    """For each server by its name: with and without verification, over TCP and over HTTPS."""
    made: dict[str, Any] = {}
    for name in NAMES:
        for kind, tls in (
            ("verified", {"ca_file": str(root)}),
            ("insecure", {"insecure_skip_verify": True}),
        ):
            config = {"server_name": f"{name}.demo.test", **tls}
            made[f"{name}_tcp_{kind}"] = {
                "prober": "tcp",
                "timeout": "10s",
                "tcp": {"tls": True, "tls_config": config},
            }
            made[f"{name}_http_{kind}"] = {
                "prober": "http",
                "timeout": "10s",
                "http": {"tls_config": config, "preferred_ip_protocol": "ip4"},
            }
    return made


@pytest.fixture
def exporter(fleet: DemoFleet, tmp_path: Path) -> Iterator[str]:
    """The URL of the real exporter."""
    config = tmp_path / "blackbox.yml"
    config.write_text(yaml.safe_dump({"modules": modules(fleet.trust_stores["demo"])}))
    command = Command(
        arguments=[
            "prometheus-blackbox-exporter",
            f"--config.file={config}",
            "--web.listen-address=127.0.0.1:0",
        ],
        ready=r'msg="Listening on" address=(\S+)',
    )
    with running(command, tmp_path) as ready:
        yield f"http://{ready[1]}"


def comparable(page: str) -> Series:
    """Without values that vary between probes, or that need a response body."""
    return {
        place: number
        for place, number in series(page).items()
        if place[0] not in TIMINGS | OF_HTTP_BODIES and number != YEAR_ONE
    }


def text_of(target: Target, prober: str) -> str:
    place = f"127.0.0.1:{target.port}"
    return f"https://{place}/" if prober == "http" else place


async def test_every_series_agrees_with_blackbox_exporter(fleet: DemoFleet, exporter: str) -> None:
    made = modules(fleet.trust_stores["demo"])
    ours = World().prober(
        OnDemandSettings.model_validate(
            {
                "networks": LOOPBACK,
                "default_module": next(iter(made)),
                "modules": {
                    name: {**module, "emit": ["blackbox_exporter"]} for name, module in made.items()
                },
            }
        )
    )
    by_name = {str(one.server_name).partition(".")[0]: one for one in fleet.targets}
    async with httpx.AsyncClient(base_url=exporter, timeout=30) as client:
        for name, module in made.items():
            target = text_of(by_name[name.partition("_")[0]], module["prober"])
            theirs = await client.get("/probe", params={"target": target, "module": name})
            expected = comparable(theirs.text)
            found = comparable(await ours.page(target, module_name=name))
            assert expected["probe_ip_protocol", frozenset()] == 4
            assert {place: found.get(place) for place in expected} == expected, name


async def test_an_unreachable_server_has_the_same_series_as_in_blackbox_exporter(
    fleet: DemoFleet, exporter: str
) -> None:
    on_demand = OnDemandSettings.model_validate(
        {
            "networks": LOOPBACK,
            "modules": {"default": {"prober": "tcp", "emit": ["blackbox_exporter"]}},
        }
    )
    target = fleet.targets[0]
    await fleet.servers["modern"].stop()
    text = f"127.0.0.1:{target.port}"
    async with httpx.AsyncClient(base_url=exporter, timeout=30) as client:
        theirs = await client.get(
            "/probe", params={"target": text, "module": "modern_tcp_verified"}
        )
    found = comparable(await World().prober(on_demand).page(text))
    assert found == comparable(theirs.text)
