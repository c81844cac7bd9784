"""Two versions of the service on one database: the older one ends, and says why."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from service.demo import DemoFleet
from storage.database import connect
from tests.service.processes import PATIENCE_SECONDS, running, tlsprobe_process
from tests.service.test_daemon import Service, write_targets


def upgrade_further(url: str) -> None:
    """Does what a version with one more migration does."""
    database = connect(url, busy_timeout_seconds=5.0)
    with database.writing_in_thread() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9001'")


@pytest.mark.process
async def test_a_service_whose_tables_are_upgraded_meanwhile_stops_and_cannot_restart(
    url: str, fleet: DemoFleet, tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    config = tmp_path / "often.yml"
    config.write_text("interval_seconds: 1\nprobe: {checks: [versions]}\n")
    arguments: list[str | Path] = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--database",
        url,
        "--config",
        config,
    ]
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        await service.wait_for_visits(6)
        await asyncio.to_thread(upgrade_further, url)
        _, said = await asyncio.to_thread(process.communicate, timeout=PATIENCE_SECONDS)
    *events, sentence = said.splitlines()
    assert process.returncode == 2
    assert "was changed by another version of tlsprobe while this one used it" in sentence
    assert sentence.startswith("tlsprobe: the database ")
    assert sentence.endswith(": stop this one, and run one version only")
    assert "Traceback" not in said
    told = [as_event(line) for line in events]
    (stopping,) = [number for number, event in enumerate(told) if event["event"] == "stopping"]
    finished = [event for event in told[stopping:] if event["event"] == "visit finished"]
    assert len(finished) <= told[stopping]["probes_in_flight"], "no visit begins after that"
    again = await asyncio.to_thread(tlsprobe_process, *arguments, "--targets", targets)
    assert again.returncode == 2
    assert "was created by a newer version of tlsprobe" in again.stderr.splitlines()[-1]


def as_event(line: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(line)
    return event
