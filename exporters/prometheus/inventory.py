"""A Snapshot as metric families, made anew for each scrape.

What leaves the inventory leaves the page at once, and no sample has a time of its own. A certificate
that two chains share is one series.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporters.prometheus.certificate_families import CERTIFICATE_FAMILIES
from exporters.prometheus.endpoint_families import ENDPOINT_FAMILIES
from exporters.prometheus.family import (
    IDENTITY,
    LONGEST_KEY,
    MOST_SERIES,
    PREFIX,
    Family,
    label_value,
)
from exporters.prometheus.protocol_families import PROTOCOL_FAMILIES
from model.snapshot import EndpointStatus, Snapshot

FAMILIES: Final = (*ENDPOINT_FAMILIES, *PROTOCOL_FAMILIES, *CERTIFICATE_FAMILIES)
LABELS_FAMILY: Final = f"{PREFIX}endpoint_labels"
DROPPED_FAMILY: Final = f"{PREFIX}series_dropped"
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]")


def inventory_registry(snapshot: Snapshot) -> CollectorRegistry:
    """A registry that holds the facts of ``snapshot`` and nothing else, to be written out once."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(InventoryCollector(lambda: snapshot))
    return registry


class InventoryCollector(Collector):
    """Every family over all endpoints of the Snapshot that ``snapshot`` gives at each scrape."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """The families in the order of the catalogue."""
        endpoints = [
            _Shown(status=status, identity=_identity(status))
            for status in self._snapshot().endpoints
        ]
        for family in FAMILIES:
            yield _written(family, endpoints)
        yield _endpoint_labels(endpoints)
        yield _dropped(endpoints)


@dataclass(slots=True, kw_only=True)
class _Shown:
    """An endpoint on one page; ``dropped`` counts the series that found no room on it."""

    status: EndpointStatus
    identity: tuple[str, str]
    dropped: int = 0


def _identity(status: EndpointStatus) -> tuple[str, str]:
    endpoint = status.observation.endpoint
    return label_value(endpoint.target.key, LONGEST_KEY), label_value(endpoint.address or "")


def _written(family: Family, endpoints: Sequence[_Shown]) -> Metric:
    metric = GaugeMetricFamily(
        f"{PREFIX}{family.name}", family.help, labels=(*IDENTITY, *family.labels)
    )
    for endpoint in endpoints:
        # Two values may differ only in what is cut, and a page must not have a series twice.
        samples = {
            tuple(map(label_value, labels)): number
            for labels, number in family.samples(endpoint.status)
        }
        for labels, number in islice(samples.items(), MOST_SERIES):
            metric.add_metric((*endpoint.identity, *labels), number)
        endpoint.dropped += max(0, len(samples) - MOST_SERIES)
    return metric


def _endpoint_labels(endpoints: Sequence[_Shown]) -> Metric:
    """The owner's labels, each as ``label_<name>``: their names differ between endpoints."""
    metric = GaugeMetricFamily(LABELS_FAMILY, "1, with the labels that the inventory gives.")
    for endpoint in endpoints:
        given = endpoint.status.observation.endpoint.target.labels
        if given:
            own = {_label_name(name): label_value(text) for name, text in given.items()}
            identity = dict(zip(IDENTITY, endpoint.identity, strict=True))
            metric.add_sample(LABELS_FAMILY, identity | own, 1.0)
    return metric


def _dropped(endpoints: Sequence[_Shown]) -> Metric:
    """A gauge, for it is of this page: what a server no longer sends is no longer left out."""
    metric = GaugeMetricFamily(
        DROPPED_FAMILY,
        "How many series of the endpoint are left out, because it has too many of a kind.",
        labels=IDENTITY,
    )
    for endpoint in endpoints:
        metric.add_metric(endpoint.identity, float(endpoint.dropped))
    return metric


def _label_name(name: str) -> str:
    """The owner's label as Prometheus takes it (as kube-state-metrics does)."""
    return f"label_{_NOT_IN_A_NAME.sub('_', name)}"
