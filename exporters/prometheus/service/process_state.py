"""The service's own numbers about the state of its process."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from exporters.prometheus.service.service_families import described


def show_process_state(
    registry: CollectorRegistry, *, tasks: Callable[[], int], cached_bytes: Callable[[], int]
) -> None:
    """Adds the number of tasks and the size of the caches to ``registry``; both are asked at each scrape."""
    for name, ask in (("tasks", tasks), ("cached_bytes", cached_bytes)):
        gauge = Gauge(f"tlsprobe_{name}", described(name).help, registry=registry)
        gauge.set_function(ask)
