"""A Snapshot as metric families, made anew for each scrape.

What leaves the inventory leaves the page at once, and no sample has a time of its own. A certificate
that two chains share is one series.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporters.prometheus.certificate_families import CERTIFICATE_FAMILIES
from exporters.prometheus.endpoint_families import ENDPOINT_FAMILIES
from exporters.prometheus.family import IDENTITY, LONGEST_KEY, PREFIX, Family, label_value
from exporters.prometheus.protocol_families import PROTOCOL_FAMILIES
from model.snapshot import Snapshot

FAMILIES: Final = (*ENDPOINT_FAMILIES, *PROTOCOL_FAMILIES, *CERTIFICATE_FAMILIES)
LABELS_FAMILY: Final = f"{PREFIX}endpoint_labels"
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]")


def inventory_registry(snapshot: Snapshot) -> CollectorRegistry:
    """A registry that holds the facts of ``snapshot`` and nothing else, to be written out once."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_SnapshotCollector(snapshot))
    return registry


class _SnapshotCollector(Collector):
    """Every family over all endpoints."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._statuses = snapshot.endpoints
        self._identities = [
            (
                label_value(status.observation.endpoint.target.key, LONGEST_KEY),
                status.observation.endpoint.address or "",
            )
            for status in snapshot.endpoints
        ]

    def collect(self) -> Iterator[Metric]:
        """The families in the order of the catalogue."""
        for family in FAMILIES:
            yield self._written(family)
        yield self._endpoint_labels()

    def _written(self, family: Family) -> Metric:
        metric = GaugeMetricFamily(
            f"{PREFIX}{family.name}", family.help, labels=(*IDENTITY, *family.labels)
        )
        for identity, status in zip(self._identities, self._statuses, strict=True):
            for labels, number in dict(family.samples(status)).items():
                metric.add_metric((*identity, *map(label_value, labels)), number)
        return metric

    def _endpoint_labels(self) -> Metric:
        """The owner's labels, each as ``label_<name>``: their names differ between endpoints."""
        metric = GaugeMetricFamily(LABELS_FAMILY, "1, with the labels that the inventory gives.")
        for identity, status in zip(self._identities, self._statuses, strict=True):
            given = status.observation.endpoint.target.labels
            if given:
                own = {_label_name(name): label_value(text) for name, text in given.items()}
                metric.add_sample(
                    LABELS_FAMILY, dict(zip(IDENTITY, identity, strict=True)) | own, 1.0
                )
        return metric


def _label_name(name: str) -> str:
    """The owner's label as Prometheus takes it (as kube-state-metrics does)."""
    return f"label_{_NOT_IN_A_NAME.sub('_', name)}"
