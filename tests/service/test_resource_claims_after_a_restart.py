"""A running service shows claims about resources without a target, and a new one shows them until its source answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from service.config.settings import ServiceSettings
from service.daemon.build import Parts, build
from service.sources.remembered_targets import remembered
from storage import SqlStore
from tests.discovery.test_scanner_findings import BALANCER, ocsf
from tests.service.delivery.waiting import until, until_holds


@asynccontextmanager
async def service(settings: ServiceSettings) -> AsyncIterator[Parts]:
    """The parts of a service that follows its sources, with what the database has of them."""
    async with await SqlStore.open(settings.database) as store:
        parts = build(settings, store, ())
        parts.targets.sources.begin_with(remembered((), await store.resource_claims()))
        watching = asyncio.create_task(parts.targets.sources.watch())
        yield parts
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def shown(parts: Parts) -> list[str]:
    return [one.resource for one in parts.inventory.snapshot().resource_claims]


async def is_stored(parts: Parts) -> bool:
    return bool(await parts.store.resource_claims())


async def test_a_claim_lasts_while_its_source_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "prowler.json"
    file.write_text(json.dumps([ocsf("elbv2_ssl_listeners")]))
    settings = ServiceSettings.model_validate(
        {
            "database": f"sqlite:///{tmp_path / 'store.db'}",
            "discovery": [{"type": "scanner_findings", "paths": [str(file)]}],
        }
    )
    async with service(settings) as parts:
        await until_holds(lambda: is_stored(parts))
        assert shown(parts) == [BALANCER]
    file.unlink()
    async with service(settings) as parts:
        await until(lambda: bool(shown(parts) and parts.targets.sources.current.errors))
        assert shown(parts) == [BALANCER]
