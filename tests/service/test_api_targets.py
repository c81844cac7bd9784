"""A service without a targets file has the targets that clients add, after a restart too."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.service.delivery.waiting import until_holds
from tests.service.processes import running
from tests.service.test_daemon import Service


@pytest.mark.process
async def test_a_target_of_the_api_survives_a_restart(tmp_path: Path, closed_port: int) -> None:
    database = f"sqlite:///{tmp_path / 'tlsprobe.db'}"
    arguments = ("serve", "--listen", "127.0.0.1:0", "--database", database)
    for count, host in enumerate(("127.0.0.1", "127.0.0.2"), start=1):
        with running(*arguments) as process:
            service = Service(process)
            await service.start()
            async with httpx.AsyncClient(base_url=service.url) as client:
                body = {"target": f"{host}:{closed_port}"}
                answer = await client.post("/api/v1/targets", json=body)
                assert answer.status_code == 201, answer.text
                status = (await client.get("/-/status")).json()
                assert (await client.get("/-/ready")).status_code == 200
                await until_holds(partial(_shows, client, host))
            assert await service.stop() == 0
        assert status["sources"] == {"api": count}


async def _shows(client: httpx.AsyncClient, host: str) -> bool:
    """Whether the pages show the visit of the target."""
    return f"{host}:" in (await client.get("/endpoints")).text
