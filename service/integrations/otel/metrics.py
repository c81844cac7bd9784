"""The service's own metrics in the form of OpenTelemetry.

Counters are monotonic sums without the suffix ``_total``, which receivers of Prometheus add again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

from model.version import TOOL_VERSION

_CUMULATIVE = AggregationTemporality.CUMULATIVE


def metrics_data(
    registry: CollectorRegistry, resource: Resource, began: int, now: int
) -> MetricsData:
    """All metrics of ``registry``; counters count since ``began``; times in nanoseconds since 1970."""
    scope = ScopeMetrics(
        scope=InstrumentationScope("tlsprobe", TOOL_VERSION),
        metrics=[one for family in registry.collect() for one in _metrics(family, began, now)],
        schema_url="",
    )
    return MetricsData([ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")])


def _metrics(family: Family, began: int, now: int) -> Iterator[Metric]:
    if family.type == "histogram":
        points = list(_histogram_points(family, began, now))
        if points:
            yield Metric(family.name, family.documentation, "", Histogram(points, _CUMULATIVE))
        return
    is_counter = family.type == "counter"
    wanted = f"{family.name}_total" if is_counter else None
    samples: dict[str, list[Sample]] = {}
    for sample in family.samples:
        if wanted in (None, sample.name):
            samples.setdefault(sample.name, []).append(sample)
    for name, some in samples.items():
        numbers = [NumberDataPoint(one.labels, began, now, one.value) for one in some]
        data = Sum(numbers, _CUMULATIVE, is_monotonic=True) if is_counter else Gauge(numbers)
        yield Metric(family.name if is_counter else name, family.documentation, "", data)


def _histogram_points(family: Family, began: int, now: int) -> Iterator[HistogramDataPoint]:
    series: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for sample in family.samples:
        labels = tuple(sorted((key, text) for key, text in sample.labels.items() if key != "le"))
        series.setdefault(labels, []).append(sample)
    for labels, samples in series.items():
        yield _histogram_point(family.name, dict(labels), samples, began, now)


def _histogram_point(
    name: str, labels: Mapping[str, str], samples: Iterable[Sample], began: int, now: int
) -> HistogramDataPoint:
    values = {one.name: one.value for one in samples}
    below = [
        (float(one.labels["le"]), int(one.value)) for one in samples if one.name == f"{name}_bucket"
    ]
    counts = [0, *(count for _, count in sorted(below))]
    return HistogramDataPoint(
        attributes=labels,
        start_time_unix_nano=began,
        time_unix_nano=now,
        count=counts[-1],
        sum=values[f"{name}_sum"],
        bucket_counts=[after - before for before, after in pairwise(counts)],
        explicit_bounds=[bound for bound, _ in sorted(below)][:-1],
        min=float("inf"),
        max=float("-inf"),
    )
