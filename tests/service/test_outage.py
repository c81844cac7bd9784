"""While the database is gone, scrapes are answered as before, and say of when their facts are."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from service.demo import DemoFleet
from tests.postgresql import postgres_server
from tests.service.processes import PATIENCE_SECONDS, running
from tests.service.test_daemon import Service, facts_of, write_targets

pytestmark = pytest.mark.integration


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
