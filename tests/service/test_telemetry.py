"""Spans and metrics by OTLP: a receiver on loopback decodes what a real service sends; without variables, nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from model import tracing
from service.demo.fleet import DemoFleet
from service.integrations.otel.metrics import metrics_data
from service.integrations.otel.variables import wanted
from tests.service.processes import running
from tests.support.ports import free_port

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXPECTED = {"discover", "visit", "probe", "judge", "store", "deliver"}
PATIENCE_SECONDS = 120


class Receiver(ThreadingHTTPServer):
    """An OTLP receiver that also takes the messages of a notifier."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.changed = threading.Condition()
        self.spans: list[Span] = []
        self.metrics: dict[str, Metric] = {}
        self.services: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.spans}

    def take(self, path: str, body: bytes) -> None:
        """Decodes a request, whose path is that of the specification."""
        with self.changed:
            if path == "/v1/traces":
                traces = ExportTraceServiceRequest.FromString(body)
                for of_resource in traces.resource_spans:
                    self.services |= names_in(of_resource.resource)
                    for scope in of_resource.scope_spans:
                        self.spans += scope.spans
            elif path == "/v1/metrics":
                for found in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    self.services |= names_in(found.resource)
                    for of_scope in found.scope_metrics:
                        self.metrics |= {one.name: one for one in of_scope.metrics}
            self.changed.notify_all()


def names_in(resource: Any) -> set[str]:
    return {one.value.string_value for one in resource.attributes if one.key == "service.name"}


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.take(self.path, body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


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
