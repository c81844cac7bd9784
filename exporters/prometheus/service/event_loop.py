"""The service's own numbers about its event loop."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from exporters.prometheus.service.service_families import described


def show_tasks(registry: CollectorRegistry, count: Callable[[], int]) -> None:
    """Adds the number of tasks to ``registry``; ``count`` is called at each scrape."""
    gauge = Gauge("tlsprobe_tasks", described("tasks").help, registry=registry)
    gauge.set_function(count)
