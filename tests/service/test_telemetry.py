"""Spans and metrics by OTLP: a receiver on loopback decodes what a real service sends; without variables, nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from model import tracing
from service.demo.fleet import DemoFleet
from service.integrations.otel.metrics import metrics_data
from service.integrations.otel.variables import wanted
from tests.service.processes import running
from tests.support.otlp_receiver import ENDPOINT, Receiver, receiving
from tests.support.ports import free_port

EXPECTED = {"discover", "visit", "probe", "judge", "store", "deliver"}
PATIENCE_SECONDS = 120


def configuration(fleet: DemoFleet, receiver: Receiver, directory: Path) -> Path:
    target = fleet.targets[2]  # expired
    (directory / "targets.json").write_text(
        json.dumps([{"target": f"127.0.0.1:{target.port}", "server_name": target.server_name}])
    )
    file = directory / "tlsprobe.yml"
    settings = {
        "listen": f"127.0.0.1:{free_port()}",
        "database": f"sqlite:///{directory}/tlsprobe.db",
        "targets_files": [str(directory / "targets.json")],
        "interval_seconds": 1,
        "policies": ["mozilla-intermediate"],
        "probe": {"checks": ["versions", "certificates"]},
        "notifications": {
            "hook": {"type": "webhook", "url": f"{receiver.url}/hook", "group_wait_seconds": 0}
        },
    }
    file.write_text(json.dumps(settings))
    return file


@pytest.mark.process
@pytest.mark.slow
async def test_a_service_sends_its_spans_and_metrics(tmp_path: Path) -> None:
    with receiving() as receiver:
        async with DemoFleet(directory=tmp_path / "demo") as fleet:
            variables = {
                ENDPOINT: receiver.url,
                "OTEL_BSP_SCHEDULE_DELAY": "200",
                "OTEL_METRIC_EXPORT_INTERVAL": "200",
            }
            file = configuration(fleet, receiver, tmp_path)
            with running("serve", "--config", file, changes=variables):
                await in_thread_until(receiver)
    assert receiver.services == {"tlsprobe"}
    by_id = {one.span_id: one for one in receiver.spans}
    for child, parent in (("probe", "visit"), ("judge", "visit"), ("store", "visit")):
        found = [one for one in receiver.spans if one.name == child]
        assert {by_id[one.parent_span_id].name for one in found if one.parent_span_id in by_id} == {
            parent
        }
    (probes,) = (one for one in receiver.metrics.values() if one.name == "tlsprobe_probes")
    assert probes.sum.is_monotonic
    assert sum(one.as_double for one in probes.sum.data_points) >= 1


async def in_thread_until(receiver: Receiver) -> None:
    """Waits until every kind of span, and a metric of a visit, has arrived."""

    def wait() -> bool:
        with receiver.changed:
            return receiver.changed.wait_for(
                lambda: receiver.names >= EXPECTED and "tlsprobe_probes" in receiver.metrics,
                PATIENCE_SECONDS,
            )

    assert await asyncio.to_thread(wait), receiver.names


def test_without_variables_nothing_of_opentelemetry_is_imported() -> None:
    program = """
import asyncio, sys
from prometheus_client import CollectorRegistry
import service.daemon.run
from service.integrations.otel.telemetry import telemetry

async def serve():
    async with telemetry(CollectorRegistry()):
        pass

asyncio.run(serve())
print(*(name for name in sys.modules if name.startswith(("opentelemetry", "requests"))))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, env={}
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_without_a_tracer_a_span_is_always_the_same_object() -> None:
    assert tracing.span("visit", endpoint="a") is tracing.span("store")


@pytest.mark.parametrize(
    ("variables", "traces", "metrics"),
    [
        ({}, False, False),
        ({ENDPOINT: ""}, False, False),
        ({ENDPOINT: "http://127.0.0.1:4318"}, True, True),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False, False),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318"}, True, False),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318"}, False, True),
    ],
)
def test_the_standard_variables_choose_the_signals(
    variables: dict[str, str], traces: bool, metrics: bool
) -> None:
    found = wanted(variables)
    assert (found.traces, found.metrics, found.ignored) == (traces, metrics, "")
    assert found.interval_seconds == 60


def test_another_protocol_is_reported_and_not_sent() -> None:
    found = wanted({ENDPOINT: "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert (found.traces, found.metrics) == (False, False)
    assert "http/protobuf" in found.ignored


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "nan", "inf"])
def test_an_invalid_interval_has_no_effect(text: str) -> None:
    assert wanted({"OTEL_METRIC_EXPORT_INTERVAL": text}).interval_seconds == 60


def test_counters_gauges_and_histograms_keep_their_numbers() -> None:
    registry = CollectorRegistry()
    Counter("visits_total", "Visits.", ("mode",), registry=registry).labels("verify").inc(3)
    Gauge("queue", "Queue.", registry=registry).set(7)
    durations = Histogram("seconds", "Seconds.", registry=registry, buckets=(1, 2))
    for seconds in (0.5, 1.5, 1.7, 9):
        durations.observe(seconds)
    data = encode_metrics(metrics_data(registry, Resource({}), began=1, now=2))
    (scope,) = data.resource_metrics[0].scope_metrics
    found = {one.name: one for one in scope.metrics}
    assert set(found) == {"visits", "queue", "seconds"}
    (visits,) = found["visits"].sum.data_points
    assert (visits.as_double, visits.attributes[0].value.string_value) == (3, "verify")
    assert (visits.start_time_unix_nano, visits.time_unix_nano) == (1, 2)
    assert found["queue"].gauge.data_points[0].as_double == 7
    (seconds_point,) = found["seconds"].histogram.data_points
    assert list(seconds_point.bucket_counts) == [1, 2, 1]
    assert list(seconds_point.explicit_bounds) == [1, 2]
    assert (seconds_point.count, seconds_point.sum) == (4, 12.7)
