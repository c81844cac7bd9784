"""What the service logs about visits: a warning says something new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from exporters.prometheus import ServiceMetrics
from model.clock import SystemClock
from model.observation import State
from service.inventory.inventory import Inventory
from service.inventory.service_meter import ServiceMeter
from tests.service.samples import NOW, failed, modern
from tests.service.visits import judged


def test_an_endpoint_without_tls_is_a_warning_once_and_not_at_each_visit() -> None:
    up = modern()
    down = replace(failed(), endpoint=up.endpoint)
    plain = replace(down, state=State.PLAINTEXT, reason="The service answers in plaintext.")
    inventory = Inventory(SystemClock(), lambda: {up.endpoint.key})
    metrics = ServiceMetrics(
        queue_length=int, probes_in_flight=int, schedule_lag_seconds=float, store_up=lambda: True
    )
    meter = ServiceMeter(metrics, inventory)
    visits = [plain, plain, up, up, plain, down, down]
    with structlog.testing.capture_logs() as lines:
        for hour, observation in enumerate(visits):
            at = NOW + timedelta(hours=hour)
            meter.visit_finished(judged(replace(observation, started_at=at)))
    assert [line["log_level"] for line in lines] == [
        *("warning", "info"),
        *("info", "info"),
        *("warning", "warning", "info"),
    ]
