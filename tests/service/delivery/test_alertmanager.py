"""A real Alertmanager has an alert while the problem exists, and none afterwards."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import SqlStore
from tests.service.delivery.alert_samples import finding, of
from tests.service.delivery.real_servers import alertmanager
from tests.service.delivery.test_forms import HOSTILE
from tests.service.delivery.test_notifying import HandClock, desk_of
from tests.service.delivery.waiting import until_holds
from tests.support.ports import free_port

pytestmark = pytest.mark.integration


async def alerts(url: str) -> list[dict[str, Any]]:
    """The alerts, as amtool shows them."""
    amtool = await asyncio.create_subprocess_exec(
        "amtool",
        f"--alertmanager.url={url}",
        "alert",
        "query",
        "--output=json",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await amtool.communicate()
    assert amtool.returncode == 0
    found: list[dict[str, Any]] = json.loads(output)
    return found


async def test_alertmanager_has_the_active_alerts(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    settings: dict[str, Any] = {"type": "alertmanager", "kinds": ["finding"]}
    async with (
        alertmanager(tmp_path, free_port()) as url,
        await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as store,
        desk_of(store, HandClock(at=now), url=url, **settings) as desk,
    ):
        await desk.look(of(finding("a", violation=HOSTILE), finding("b"), at=now))
        shown = {alert["labels"]["rule"]: alert for alert in await alerts(url)}
        assert shown.keys() == {"a", "b"}
        assert shown["b"]["labels"] == {
            "alertname": "TlsprobeFinding",
            "severity": "warning",
            "finding_severity": "high",
            "target": "www.example:443",
            "policy": "intermediate",
            "rule": "b",
            "rule_id": "TP-TLS-001",
            "team": "web",
        }
        assert shown["b"]["annotations"]["summary"] == "www.example:443: TLS 1.0 is offered"
        assert "Only TLS 1.2 and 1.3" in shown["b"]["annotations"]["description"]
        assert "\\x0d\\x0aBcc" in shown["a"]["annotations"]["summary"]
        until_when = shown["b"]["endsAt"]
        desk.clock.advance(61)
        await desk.look(of(finding("a"), finding("b"), at=desk.clock.now()))
        again = {alert["labels"]["rule"]: alert for alert in await alerts(url)}
        assert again["b"]["endsAt"] > until_when
        assert again["a"]["annotations"]["summary"] == "www.example:443: TLS 1.0 is offered"
        await desk.look(of(finding("b"), at=datetime.now(UTC)))

        async def only_one_remains() -> bool:
            return [alert["labels"]["rule"] for alert in await alerts(url)] == ["b"]

        await until_holds(only_one_remains)
