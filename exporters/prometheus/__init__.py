"""Prometheus metrics: the inventory's facts from a Snapshot, and the service's own numbers.

``FAMILIES`` is the catalogue of the facts; to add one is one entry there and one row in
``docs/metrics.md``. Names and labels follow Prometheus' rules for exporters. A fact that is unknown has
no series: it is counted in ``tlsprobe_check_unknown`` instead.
"""

from __future__ import annotations

from exporters.prometheus.inventory import FAMILIES, InventoryCollector, inventory_registry
from exporters.prometheus.service import ServiceMetrics

__all__ = ["FAMILIES", "InventoryCollector", "ServiceMetrics", "inventory_registry"]
