"""A target that a client adds is one of the running service's targets, and is so after a restart too."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.service.processes import running
from tests.service.test_daemon import Service


@pytest.mark.process
async def test_a_target_of_the_api_survives_a_restart(tmp_path: Path, closed_port: int) -> None:
    database = f"sqlite:///{tmp_path / 'tlsprobe.db'}"
    targets = tmp_path / "targets.yml"
    targets.write_text(f"['127.0.0.3:{closed_port}']")
    arguments = ("serve", "--listen", "127.0.0.1:0", "--database", database, "--targets", targets)
    for count, host in enumerate(("127.0.0.1", "127.0.0.2"), start=1):
        with running(*arguments) as process:
            service = Service(process)
            await service.start()
            async with httpx.AsyncClient(base_url=service.url) as client:
                body = {"target": f"{host}:{closed_port}"}
                answer = await client.post("/api/v1/targets", json=body)
                assert answer.status_code == 201, answer.text
                status = (await client.get("/-/status")).json()
            assert await service.stop() == 0
        assert status["sources"]["api"] == count
