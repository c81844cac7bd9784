"""The HTTP server through ASGI: the response of each path, and its format."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from exporters.prometheus import PageWriter
from model.clock import SystemClock
from model.snapshot import Snapshot
from service.http.app import inventory_route, make_app
from service.http.fleet import fleet_route
from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.guard.principal import Principal
from service.inventory.metrics_page import InventoryPage

EMPTY = Snapshot(taken_at=datetime(2026, 1, 1, tzinfo=UTC), endpoints=())


def inventory_page(snapshot: Callable[[], Snapshot]) -> InventoryPage:
    return InventoryPage(snapshot, PageWriter(), SystemClock(), lambda _: None)


class Readiness:
    """Whether the service reports that it is ready."""

    now = True
    fault: str | None = None

    async def reload(self, _: Principal) -> str | None:
        return self.fault

    async def enumerate_soon(self, wanted: str | None, _: Principal) -> bool:
        return wanted in {None, "a.test:443"}


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
async def client(readiness: Readiness) -> AsyncIterator[httpx.AsyncClient]:
    registry = CollectorRegistry()
    Gauge("tlsprobe_store_up", "up", registry=registry).set(1)
    app = make_app(
        service_registry=registry,
        more=[inventory_route(inventory_page(lambda: EMPTY)), fleet_route(lambda: EMPTY)],
        is_ready=lambda: readiness.now,
        status=lambda: {"targets": 7},
        reload=readiness.reload,
        enumerate_soon=readiness.enumerate_soon,
    )
    guarded = Guard(app, Access(hosts=frozenset({"service"})))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(guarded), base_url="http://service"
    ) as client:
        yield client


async def test_the_service_has_its_own_metrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert (answer.status_code, "tlsprobe_store_up 1.0" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 202), ("?target=a.test:443", 202), ("?target=nobody.test:443", 404)],
)
async def test_all_endpoints_or_one_can_be_enumerated_again(
    path: str, status: int, client: httpx.AsyncClient
) -> None:
    assert (await client.post(f"/-/enumerate{path}")).status_code == status


async def test_the_inventory_is_a_separate_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics/endpoints")
    assert ("# HELP tlsprobe_up" in answer.text, "store_up" in answer.text) == (True, False)


@pytest.mark.parametrize(
    ("accepted", "content_type"),
    [
        ("text/plain", "text/plain"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text"),
    ],
)
async def test_the_scraper_chooses_the_format(
    client: httpx.AsyncClient, accepted: str, content_type: str
) -> None:
    answer = await client.get("/metrics/endpoints", headers={"accept": accepted})
    assert answer.headers["content-type"].startswith(content_type)


async def test_large_pages_are_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics/endpoints", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


async def test_readiness_follows_the_service(
    client: httpx.AsyncClient, readiness: Readiness
) -> None:
    ready = await client.get("/-/ready")
    readiness.now = False
    unready = await client.get("/-/ready")
    healthy = await client.get("/-/healthy")
    assert [ready.status_code, unready.status_code, healthy.status_code] == [200, 503, 200]


async def test_other_paths_and_methods_are_refused(client: httpx.AsyncClient) -> None:
    missing, posted = await client.get("/probe"), await client.post("/metrics")
    assert (missing.status_code, posted.status_code) == (404, 405)


async def test_a_reload_is_requested_by_post_and_a_failed_one_gives_the_reason(
    client: httpx.AsyncClient, readiness: Readiness
) -> None:
    assert (await client.get("/-/reload")).status_code == 405
    good = await client.post("/-/reload")
    readiness.fault = "tlsprobe.yml, line 1: fix it"
    bad = await client.post("/-/reload")
    assert (good.status_code, bad.status_code, bad.text) == (200, 400, f"{readiness.fault}\n")


async def test_the_status_is_json(client: httpx.AsyncClient) -> None:
    assert (await client.get("/-/status")).json() == {"targets": 7}


@pytest.mark.parametrize(
    ("accepted", "end"),
    [("text/plain", "failures gauge\n"), ("application/openmetrics-text", "# EOF\n")],
)
async def test_the_fleet_is_summed_up(accepted: str, end: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics/fleet", headers={"accept": accepted})
    assert (answer.status_code, answer.text.endswith(end)) == (200, True)
    assert 'tlsprobe_fleet_leaf_expiry{within="expired"} 0\n' in answer.text


@pytest.mark.parametrize("shard", ["0/1", "0/16", "15/16", "63/64"])
async def test_a_part_of_the_endpoints_is_answered(shard: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/metrics/endpoints?shard={shard}")
    assert (answer.status_code, "tlsprobe_snapshot_age_seconds" in answer.text) == (200, True)


@pytest.mark.parametrize(
    "shard", ["", "3", "16/16", "0/0", "0/65", "-1/16", "1/-16", "1/2/3", "a/b", "²/4", "1 /4"]
)
async def test_a_part_that_cannot_exist_is_refused(shard: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics/endpoints", params={"shard": shard})
    assert (answer.status_code, answer.text.startswith("shard must be INDEX/TOTAL")) == (400, True)
