from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporters.prometheus.service.delivery import DeliveryMetrics
from service.integrations.textfile import TextFile, replace_file
from tests.service.delivery.waiting import until

pytestmark = pytest.mark.slow


def test_the_file_is_replaced_whole_and_readable_by_all(tmp_path: Path) -> None:
    file = tmp_path / "tlsprobe.prom"
    replace_file(file, gzip.compress(b"one 1\n"))
    with file.open() as reader:
        replace_file(file, gzip.compress(b"two 2\n" * 100_000))
        assert reader.read() == "one 1\n"
    assert file.read_text() == "two 2\n" * 100_000
    assert file.stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["tlsprobe.prom"]


def test_a_failed_write_keeps_the_last_file(tmp_path: Path) -> None:
    file = tmp_path / "tlsprobe.prom"
    file.mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(file, gzip.compress(b"one 1\n"))
    assert os.listdir(tmp_path) == ["tlsprobe.prom"]


async def test_a_fault_is_counted_and_the_file_is_written_as_soon_as_possible(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "collector"
    registry = CollectorRegistry()
    page = gzip.compress(b"one 1\n")

    async def facts() -> bytes:
        return page

    file = directory / "tlsprobe.prom"
    metrics = DeliveryMetrics(registry)
    writing = asyncio.create_task(TextFile(file, facts, metrics).run())
    try:
        failures = ("tlsprobe_delivery_failures_total", {"sink": "textfile"})
        await until(lambda: registry.get_sample_value(*failures) == 1)
        (failed,) = metrics.states
        assert (failed.sink, failed.failures, failed.deliveries) == ("textfile", 1, 0)
        assert failed.error == f"{file} cannot be written (No such file or directory)"
        directory.mkdir()
        await until(lambda: metrics.states[0].deliveries == 1)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    assert file.read_text() == "one 1\n"
    (works,) = metrics.states
    assert (works.failures, works.error) == (0, failed.error)
