"""The service's own numbers, read from its registry."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import generate_latest

from exporters.prometheus import ServiceMetrics
from exporters.prometheus.service.fleet import FleetMetrics
from exporters.service_state import FleetState
from model.observation import State
from tests.exporters.test_inventory import KNOWN


@pytest.fixture
def metrics() -> ServiceMetrics:
    return ServiceMetrics(
        queue_length=lambda: 3,
        probes_in_flight=lambda: 2,
        schedule_lag_seconds=lambda: 1.5,
        store_up=lambda: True,
        snapshot_age_seconds=lambda: 4.5,
    )


def value(metrics: ServiceMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"tlsprobe_{name}", labels)


def test_gauges_are_computed_when_read(metrics: ServiceMetrics) -> None:
    names = ("queue_length", "probes_in_flight", "schedule_lag_seconds", "store_up")
    assert [value(metrics, name) for name in names] == [3, 2, 1.5, 1]
    assert value(metrics, "snapshot_age_seconds") == 4.5


def test_visits_are_counted_by_their_result(metrics: ServiceMetrics) -> None:
    metrics.visit_finished(KNOWN)
    metrics.visit_finished(replace(KNOWN, state=State.TIMEOUT))
    assert value(metrics, "probes_total", mode="enumerate") == 2
    assert value(metrics, "probe_failures_total", reason="timeout") == 1
    assert value(metrics, "probe_failures_total", reason="refused") == 0
    assert value(metrics, "connections_total") == 54
    assert value(metrics, "probe_run_duration_seconds_count") == 2


def test_a_bad_reading_keeps_the_targets_and_is_reported(metrics: ServiceMetrics) -> None:
    metrics.discovery_updated("file:a", 7, None)
    read_at = value(metrics, "discovery_last_success_timestamp_seconds", source="file:a")
    metrics.discovery_updated("file:a", None, "line 3 is wrong")
    assert value(metrics, "discovery_targets", source="file:a") == 7
    assert value(metrics, "discovery_up", source="file:a") == 0
    assert value(metrics, "discovery_errors_total", source="file:a") == 1
    assert read_at == value(metrics, "discovery_last_success_timestamp_seconds", source="file:a")


def test_late_and_retried_visits_are_counted(metrics: ServiceMetrics) -> None:
    metrics.visit_began(7.0)
    metrics.visit_doubted(KNOWN)
    assert value(metrics, "probe_delay_seconds_bucket", le="5.0") == 0
    assert value(metrics, "probe_delay_seconds_bucket", le="10.0") == 1
    assert value(metrics, "probes_retried_total") == 1
    assert value(metrics, "probes_total", mode="enumerate") == 0


def test_failed_writes_are_counted(metrics: ServiceMetrics) -> None:
    metrics.store_write_failed()
    assert value(metrics, "store_write_failures_total") == 1


def test_two_services_in_one_process_are_independent(metrics: ServiceMetrics) -> None:
    other = ServiceMetrics(
        queue_length=lambda: 0,
        probes_in_flight=lambda: 0,
        schedule_lag_seconds=lambda: 0,
        store_up=lambda: False,
    )
    other.visit_finished(KNOWN)
    assert value(metrics, "probes_total", mode="enumerate") == 0
    assert value(other, "snapshot_age_seconds") is None


def test_the_page_can_be_written(metrics: ServiceMetrics) -> None:
    assert b"tlsprobe_build_info{" in generate_latest(metrics.registry)


def test_only_the_leader_knows_the_fleet(metrics: ServiceMetrics) -> None:
    fleet = FleetMetrics(metrics.registry)
    fleet.leads(True)
    fleet.counted(workers=3, waiting={"zone=dmz": 7}, set_aside=1)
    assert fleet.state == FleetState(leads=True, workers=3, waiting={"zone=dmz": 7}, quarantined=1)
    fleet.leads(False)
    assert fleet.state == FleetState()
