"""docs/reference/metrics.md lists exactly the emitted metrics; dashboards, rules and examples use no others."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from exporters.prometheus import Detail, ServiceMetrics
from exporters.prometheus.fleet.totals import FleetTotals
from exporters.prometheus.options import MetricOptions
from exporters.prometheus.other_exporters.handshake_summary import HandshakeSummary
from exporters.prometheus.probe_page import Names, OwnResult, probe_page
from exporters.prometheus.reference import reference
from exporters.prometheus.service.delivery import DeliveryMetrics
from exporters.prometheus.service.fleet import FleetMetrics
from exporters.prometheus.service.process_state import show_process_state
from exporters.service_state import QueueReading
from model.protocol_version import ProtocolVersion
from tests.deploy.files import DASHBOARDS, ROOT, expressions, read_yaml
from tests.exporters.test_inventory import KNOWN, page, snapshot


class Row(NamedTuple):
    """The reference's entry for one metric."""

    type: str
    labels: str
    meaning: str
    example: str


_ROW = re.compile(
    r"^\| `(tlsprobe_\w+)` \| (\w+) \|([^|]*)\|[^|]*\| ([^|]+) \| `((?:[^|`]|\\\|)+)` \|$",
    re.MULTILINE,
)
ROWS = {
    name: Row(kind, labels, meaning, example.replace("\\|", "|"))
    for name, kind, labels, meaning, example in _ROW.findall(reference())
}
PROMETHEUS_FILES = sorted((ROOT / "deploy/prometheus").glob("**/*.y*ml"))


def service_registry() -> CollectorRegistry:
    metrics = ServiceMetrics(
        queue_length=lambda: 0,
        probes_in_flight=lambda: 0,
        schedule_lag_seconds=lambda: 0,
        store_up=lambda: True,
        snapshot_age_seconds=lambda: 0,
    )
    show_process_state(metrics.registry, tasks=lambda: 1, cached_bytes=lambda: 1)
    metrics.visit_finished(KNOWN)
    metrics.visit_began(0.5)
    metrics.visit_doubted(KNOWN)
    metrics.discovery_updated("file:a", 7, None)
    metrics.discovery_untrusted("file:a", 0)
    metrics.discovery_skipped("file:a", 0)
    metrics.queue_read("aws", QueueReading(newest=datetime.now(UTC)))
    FleetMetrics(metrics.registry).counted(workers=2, waiting={"zone=dmz": 1}, set_aside=0)
    deliveries = DeliveryMetrics(metrics.registry)
    deliveries.delivered("textfile")
    deliveries.failed("textfile", "the disk is full")
    deliveries.waiting("ops", 1)
    deliveries.dropped("ops", 0)
    deliveries.refused("ops", 0)
    return metrics.registry


def on_demand_page() -> str:
    (status,) = snapshot(KNOWN).endpoints
    glance = HandshakeSummary(
        prober="tls",
        is_success=True,
        duration_seconds=1.0,
        resolve_seconds=0.1,
        timeout_seconds=9.5,
        address="192.0.2.1",
        version=ProtocolVersion.TLSV1_3,
        cipher_suite="TLS_AES_128_GCM_SHA256",
        chain=KNOWN.certificates[0].chain,
        paths=(KNOWN.certificates[0].chain,),
    )
    own = OwnResult(status=status, meets_expectations=True)
    return probe_page(glance, own, [Names.TLSPROBE], MetricOptions(detail=Detail.ALL))


def fleet_page() -> str:
    return FleetTotals().page(snapshot(KNOWN))


def emitted() -> dict[str, str]:
    """The type of every metric of all pages, by the name on the page."""
    pages = (
        page(KNOWN, detail=Detail.ALL)
        + fleet_page()
        + generate_latest(service_registry()).decode()
        + on_demand_page()
    )
    types = re.findall(r"^# TYPE (tlsprobe_\w+) (\w+)$", pages, re.MULTILINE)
    # The creation time of a counter is a separate gauge in this format.
    return {name: kind for name, kind in types if not name.endswith("_created")}


def requested_metrics(expression: str) -> set[str]:
    """The metrics in a PromQL expression; a histogram by its base name."""
    return {
        re.sub(r"(?<=_seconds)_(bucket|sum|count)$", "", name)
        for name in re.findall(r"\btlsprobe_\w+", expression)
    }


def rule_expressions(configuration: Any) -> Iterator[str]:
    """The expressions of a file of rules; other files of Prometheus have no groups."""
    for group in configuration.get("groups", ()):
        for rule in group["rules"]:
            yield rule["expr"]


def test_the_reference_names_every_metric_with_its_type_and_no_other() -> None:
    assert {name: row.type for name, row in ROWS.items()} == emitted()


def test_the_reference_is_generated_from_the_code() -> None:
    assert (ROOT / "docs/reference/metrics.md").read_text() == reference(), "run `make docs`"


def test_the_reference_has_the_labels_of_the_service() -> None:
    shown = {
        sample.name.removesuffix("_bucket"): set(sample.labels) - {"le"}
        for family in service_registry().collect()
        for sample in family.samples
        if sample.name.removesuffix("_bucket") in ROWS
    }
    pages = on_demand_page() + fleet_page()
    inventory = set(re.findall(r"^# TYPE (\w+)", pages, re.MULTILINE))
    told = {
        name: set(re.findall(r"`(\w+)`", row.labels))
        for name, row in ROWS.items()
        if name not in inventory
    }
    assert shown == told


@pytest.mark.parametrize("name", ROWS)
def test_an_example_queries_its_metric_and_only_existing_ones(name: str) -> None:
    asked = requested_metrics(ROWS[name].example)
    assert name in asked
    assert asked <= ROWS.keys()


def test_dashboards_and_rules_query_only_existing_metrics() -> None:
    panels = [text for path in DASHBOARDS for text in expressions(path)]
    rules = [text for path in PROMETHEUS_FILES for text in rule_expressions(read_yaml(path))]
    asked = set().union(*map(requested_metrics, panels + rules))
    assert asked
    assert asked <= emitted().keys()


@pytest.mark.integration
@pytest.mark.parametrize("name", ["inventory", "fleet", "service", "on demand"])
def test_promtool_finds_nothing_to_fix(name: str) -> None:
    pages = {
        "inventory": page(KNOWN, detail=Detail.ALL).encode(),
        "fleet": fleet_page().encode(),
        "service": generate_latest(service_registry()),
        "on demand": on_demand_page().encode(),
    }
    check = subprocess.run(
        ["promtool", "check", "metrics"],
        input=pages[name],
        capture_output=True,
        check=False,
    )
    assert (check.returncode, check.stdout + check.stderr) == (0, b"")


@pytest.mark.integration
def test_prometheus_accepts_every_example(tmp_path: Path) -> None:
    rules = [
        {"record": f"example:{name}", "expr": row.example} for name, row in sorted(ROWS.items())
    ]
    # JSON is YAML too.
    rule_file = tmp_path / "rules.yml"
    rule_file.write_text(json.dumps({"groups": [{"name": "examples", "rules": rules}]}))
    check = subprocess.run(
        ["promtool", "check", "rules", str(rule_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr
    assert f"{len(ROWS)} rules found" in check.stdout
