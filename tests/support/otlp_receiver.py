"""A receiver of OpenTelemetry's protocol (OTLP over HTTP) on loopback, which decodes what it gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Receiver(ThreadingHTTPServer):
    """An OTLP receiver that also takes the messages of a notifier."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.changed = threading.Condition()
        self.spans_of: dict[str, list[Span]] = {}
        """By the name of the service that sent them."""

        self.metrics: dict[str, Metric] = {}
        self.services: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def spans(self) -> list[Span]:
        return [one for some in self.spans_of.values() for one in some]

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.spans}

    def take(self, path: str, body: bytes) -> None:
        """Decodes a request, whose path is that of the specification."""
        with self.changed:
            if path == "/v1/traces":
                traces = ExportTraceServiceRequest.FromString(body)
                for of_resource in traces.resource_spans:
                    (name,) = names_in(of_resource.resource)
                    self.services.add(name)
                    for scope in of_resource.scope_spans:
                        self.spans_of.setdefault(name, []).extend(scope.spans)
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
