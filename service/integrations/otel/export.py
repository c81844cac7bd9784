"""Sends spans and metrics with OpenTelemetry's own exporters, which read the standard variables themselves."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager
from threading import Thread
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CollectorRegistry

from model.tracing import SILENT, Attributes, trace_with
from model.version import TOOL_VERSION
from service.integrations.otel.metrics import metrics_data
from service.integrations.otel.variables import Wanted

_CLOSES_WITHIN_SECONDS: Final = 1.0
_NAME: Final = "tlsprobe"


class Export:
    """Sends what is ``wanted``: the spans of this process, and the metrics of ``registry``, if it has one.

    A receiver that is slow or down delays nothing: exporters send in threads of their own, which end with the process.
    """

    def __init__(self, registry: CollectorRegistry | None, wanted: Wanted) -> None:
        self._registry = registry
        self._wanted = wanted
        self._resource = _resource()
        self._began = time.time_ns()
        self._metrics = OTLPMetricExporter() if wanted.metrics else None
        self._sending: Thread | None = None
        self._traces: TracerProvider | None = None
        if wanted.traces:
            self._traces = TracerProvider(resource=self._resource, shutdown_on_exit=False)
            self._traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
            trace_with(_OtelTracer(self._traces.get_tracer(_NAME, TOOL_VERSION)))

    async def run(self) -> None:
        """Sends metrics until cancelled."""
        while True:
            await asyncio.sleep(self._wanted.interval_seconds)
            self._send_metrics()

    def close(self) -> None:
        """Sends the rest, for at most two seconds."""
        trace_with(SILENT)
        self._send_metrics()
        if self._traces is not None:
            closing = Thread(target=self._traces.shutdown, daemon=True)
            closing.start()
            closing.join(_CLOSES_WITHIN_SECONDS)
        if self._sending is not None:
            self._sending.join(_CLOSES_WITHIN_SECONDS)

    def _send_metrics(self) -> None:
        """Reads the metrics in the event loop, where their parts live, and sends them in a thread."""
        if self._metrics is None or self._registry is None:
            return
        if self._sending is not None and self._sending.is_alive():
            return
        data = metrics_data(self._registry, self._resource, self._began, time.time_ns())
        self._sending = Thread(target=self._metrics.export, args=(data,), daemon=True)
        self._sending.start()


class _OtelTracer:
    """Records spans with OpenTelemetry."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[object]:
        return self._tracer.start_as_current_span(name, attributes=dict(attributes))

    def annotate(self, attributes: Attributes) -> None:
        trace.get_current_span().set_attributes(dict(attributes))


def _resource() -> Resource:
    """The resource of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES; without a name it is tlsprobe."""
    found = Resource.create({SERVICE_VERSION: TOOL_VERSION})
    is_named = not str(found.attributes[SERVICE_NAME]).startswith("unknown_service")
    return found if is_named else found.merge(Resource({SERVICE_NAME: _NAME}))
