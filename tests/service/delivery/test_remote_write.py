"""A real Prometheus has exactly the pushed series, and vanished series end."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from exporters.prometheus import PageWriter
from exporters.prometheus.service.delivery import DeliveryMetrics
from pki.net_guard.gate import SocketGate
from service.integrations.remote_write.protobuf import _varint
from service.integrations.remote_write.series import labels_of, samples_of
from service.integrations.remote_write.settings import RemoteWriteSettings
from service.integrations.remote_write.writer import RemoteWriter
from tests.exporters.test_inventory import snapshot
from tests.service.delivery.real_servers import prometheus, query
from tests.service.delivery.waiting import until, until_holds
from tests.service.samples import legacy, modern
from tests.support.ports import free_port

LABELS = {"job": "tlsprobe", "instance": "here"}


@given(st.dictionaries(st.sampled_from("abc"), st.text(min_size=1), min_size=1))
def test_a_series_is_read_as_the_client_library_writes_it(labels: dict[str, str]) -> None:
    registry = CollectorRegistry()
    Gauge("some", "A number.", list(labels), registry=registry).labels(*labels.values()).set(0.5)
    page = generate_latest(registry)
    ((series, value),) = samples_of(gzip.compress(page))
    assert (dict(labels_of(series, {})), value) == ({"__name__": "some", **labels}, "0.5")


def test_every_line_of_the_inventory_is_read_as_the_client_library_reads_it() -> None:
    page = "".join(PageWriter().write(snapshot(modern(), legacy())))
    read = [
        (labels_of(one, {}), float(value))
        for one, value in samples_of(gzip.compress(page.encode()))
    ]
    expected = [
        (sorted({"__name__": sample.name, **sample.labels}.items()), sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    ]
    assert read == [([(k, v) for k, v in labels if v], value) for labels, value in expected]


def test_a_label_of_the_series_wins_over_a_common_one() -> None:
    assert labels_of('up{job="own"}', {"job": "common"}) == [("__name__", "up"), ("job", "own")]


@pytest.mark.parametrize(
    ("number", "encoded"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\1"), (300, b"\xac\2")]
)
def test_numbers_are_encoded_as_in_protobuf(number: int, encoded: bytes) -> None:
    assert _varint(number) == encoded


class Pushed:
    """A RemoteWriter with a page that the test chooses."""

    def __init__(self, url: str) -> None:
        self.registry = CollectorRegistry()
        self.page = b""
        settings = RemoteWriteSettings(
            url=f"{url}/api/v1/write", interval_seconds=1, labels=LABELS, timeout_seconds=5
        )
        self.writer = RemoteWriter(
            settings, SocketGate(), self._facts, self.registry, DeliveryMetrics(self.registry)
        )

    async def _facts(self) -> bytes:
        return self.page

    def show(self, page: str) -> None:
        self.page = gzip.compress(page.encode())

    def number(self, name: str) -> float:
        return self.registry.get_sample_value(name, {"sink": "remote_write"}) or 0.0


@pytest.mark.integration
async def test_prometheus_has_the_pushed_series_and_drops_vanished_ones(tmp_path: Path) -> None:
    whole = "".join(PageWriter().write(snapshot(modern(), legacy())))
    half = "".join(PageWriter().write(snapshot(modern())))
    port = free_port()
    pushed = Pushed(f"http://127.0.0.1:{port}")
    pushed.show(whole)
    pushing = asyncio.create_task(pushed.writer.run())
    try:
        # Nothing listens yet.
        await until(lambda: pushed.number("tlsprobe_delivery_failures_total") >= 1)
        async with prometheus(tmp_path, port) as url:
            await until(lambda: pushed.number("tlsprobe_deliveries_total") >= 1)
            shown = await query(url, '{__name__=~"tlsprobe_.+", target!=""}')
            expected = {
                tuple(sorted({**LABELS, **dict(labels_of(series, {}))}.items())): float(value)
                for series, value in samples_of(gzip.compress(whole.encode()))
            }
            assert shown == expected
            assert await query(url, "tlsprobe_deliveries_total")
            pushed.show(half)

            async def is_gone() -> bool:
                targets = await query(url, "count by (target) (tlsprobe_up)")
                return {dict(labels)["target"] for labels in targets} == {"www.example:443"}

            await until_holds(is_gone)
            still = await query(url, '{__name__=~"tlsprobe_.+", target!=""}')
            assert len(still) == sum(1 for _ in samples_of(gzip.compress(half.encode())))
    finally:
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
