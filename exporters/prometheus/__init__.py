"""Prometheus metrics: the inventory's facts from a Snapshot, and the service's own numbers.

``FAMILIES`` is the catalogue of the facts; ``docs/reference/metrics.md`` is generated from it. Names and
labels follow Prometheus' rules for exporters. An unknown fact has no series; it is counted in
``tlsprobe_check_unknown`` instead.
"""

from __future__ import annotations

from exporters.prometheus.catalogue import FAMILIES, TARGET_FAMILIES
from exporters.prometheus.options import Detail, MetricOptions
from exporters.prometheus.page import OPENMETRICS_END, OPENMETRICS_TYPE, TEXT_TYPE, PageWriter
from exporters.prometheus.service.service_metrics import ServiceMetrics

__all__ = [
    "FAMILIES",
    "OPENMETRICS_END",
    "OPENMETRICS_TYPE",
    "TARGET_FAMILIES",
    "TEXT_TYPE",
    "Detail",
    "MetricOptions",
    "PageWriter",
    "ServiceMetrics",
]
