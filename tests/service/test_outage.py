"""During a database outage, scrapes are answered as before, and show the age of their facts."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from service.demo import DemoFleet
from storage import StoreError, open_reader
from tests.service.processes import PATIENCE_SECONDS, running
from tests.service.test_daemon import Service, facts_of, write_targets
from tests.support.postgresql import PostgresServer, postgres_server
from tests.support.small_disk import small_disk

pytestmark = [pytest.mark.integration, pytest.mark.process]


async def test_a_scrape_during_an_outage_has_the_last_facts_and_their_age(
    fleet: DemoFleet, tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    with postgres_server() as server:
        arguments = ["serve", "--listen", "127.0.0.1:0", "--database", server.url("postgres")]
        with running(*arguments, "--targets", targets) as process:
            service = Service(process)
            await service.start()
            await service.wait_for_visits(6)
            before = (await service.get("/metrics/endpoints")).text
            await asyncio.to_thread(server.stop)
            metrics = ""
            async with asyncio.timeout(PATIENCE_SECONDS):
                while "\ntlsprobe_store_up 0.0" not in metrics:
                    metrics = (await service.get("/metrics")).text
            during = await service.get("/metrics/endpoints")
            page = await service.get("/")
            await asyncio.to_thread(server.start)
            assert await service.stop() == 0
    assert (during.status_code, page.status_code) == (200, 200)
    assert during.text.count("\ntlsprobe_up{") == 6
    assert facts_of(during.text) == facts_of(before)
    assert re.search(r"^tlsprobe_snapshot_age_seconds \d", during.text, re.MULTILINE)


async def test_a_full_postgresql_disk_stops_no_visit_and_all_is_stored_when_there_is_space(
    fleet: DemoFleet, tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    config = tmp_path / "often.yml"
    config.write_text("interval_seconds: 1\nprobe: {checks: [versions]}\n")
    with small_disk(80) as disk, postgres_server(wal_on=disk.path) as server:
        arguments = ["serve", "--listen", "127.0.0.1:0", "--database", server.url("postgres")]
        with running(*arguments, "--targets", targets, "--config", config) as process:
            service = Service(process)
            await service.start()
            await service.wait_for_visits(6)
            await asyncio.to_thread(disk.fill)
            await asyncio.to_thread(write_much, server)
            waiting = await service.wait_for(lambda event: "waits to be stored" in event["event"])
            assert waiting["level"] == "warning"
            await service.wait_for_visits(6)
            assert (await service.get("/-/healthy")).status_code == 200
            await asyncio.to_thread(disk.free)
            freed_at = datetime.now(UTC)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await all_probed_since(server, freed_at):
                    await asyncio.to_thread(server.start_if_ended)
            assert await service.stop() == 0


def write_much(server: PostgresServer) -> None:
    """More than the log's disk can hold: the server terminates."""
    with suppress(psycopg.OperationalError):
        server.execute(
            "CREATE TABLE much AS SELECT repeat(n::text, 99) FROM generate_series(1, 500000) n"
        )


async def all_probed_since(server: PostgresServer, moment: datetime) -> bool:
    try:
        async with await open_reader(server.url("postgres")) as store:
            kept = await store.statuses()
    except StoreError:
        return False
    return len(kept) == 6 and all(status.last_probe_at > moment for status in kept)
