"""docs/metrics.md names exactly what is emitted, and dashboards ask for nothing else."""

from __future__ import annotations

import re

import pytest

from exporters.prometheus import FAMILIES, ServiceMetrics
from exporters.prometheus.family import IDENTITY, Family
from exporters.prometheus.inventory import LABELS_FAMILY
from tests.deploy.files import DASHBOARDS, ROOT, expressions

REFERENCE = (ROOT / "docs/metrics.md").read_text()
ROWS = dict(re.findall(r"^\| `(tlsprobe_\w+)` \|([^|]*)\|", REFERENCE, re.MULTILINE))


def service_names() -> set[str]:
    metrics = ServiceMetrics(
        queue_length=lambda: 0,
        visits_in_flight=lambda: 0,
        schedule_lag_seconds=lambda: 0,
        store_up=lambda: True,
    )
    suffix = {"counter": "_total", "info": "_info"}
    return {
        family.name + suffix.get(family.type, "")
        for family in metrics.registry.collect()
        if family.name.startswith("tlsprobe_")
    }


def inventory_names() -> set[str]:
    return {f"tlsprobe_{family.name}" for family in FAMILIES} | {LABELS_FAMILY}


def test_the_reference_names_every_metric_and_no_other() -> None:
    assert set(ROWS) == service_names() | inventory_names()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_reference_has_the_labels(family: Family) -> None:
    told = re.findall(r"`(\w+)`", ROWS[f"tlsprobe_{family.name}"])
    assert tuple(told) == (*IDENTITY, *family.labels)


def test_dashboards_ask_for_what_is_there() -> None:
    asked = {
        name
        for path in DASHBOARDS
        for expression in expressions(path)
        for name in re.findall(r"tlsprobe_\w+", expression)
    }
    histograms = {
        f"tlsprobe_probe_run_duration_seconds{end}" for end in ("_bucket", "_sum", "_count")
    }
    assert asked <= service_names() | inventory_names() | histograms
