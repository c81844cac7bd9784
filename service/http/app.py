"""The HTTP side: metrics, health, and the routes of other parts of the service."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from exporters.prometheus.shard import MOST_SHARDS, WHOLE, Shard
from service.http.guard.bodies import Body, body_of, respond, takes_gzip
from service.http.guard.principal import Principal, principal_of
from service.http.guard.query import Query, QueryError, route
from service.http.guard.turns import Shared
from service.http.not_served import not_served
from service.http.scrape_format import content_type, wants_openmetrics
from service.http.text_answers import text_answer
from service.inventory.compressed_page import decompressed
from service.inventory.metrics_page import InventoryPage, NoSnapshotError, TooManyTotalsError
from service.setting_types.roles import Role

_SHARD: Final = re.compile(r"[0-9]{1,2}/[0-9]{1,2}")


def make_app(
    *,
    service_registry: CollectorRegistry,
    is_ready: Callable[[], bool],
    status: Callable[[], Mapping[str, Any]],
    reload: Callable[[Principal], Awaitable[str | None]],
    enumerate_soon: Callable[[str | None, Principal], Awaitable[bool]],
    more: Sequence[Route] = (),
) -> Starlette:
    """The application, to be wrapped by ``service.http.guard.guard``.

    Args:
        service_registry: the metrics that ``/metrics`` shows.
        is_ready: decides the answer of ``/-/ready``.
        status: the answer of ``/-/status``, as JSON values.
        reload: reads the configuration again for a client; returns the reason if it failed.
        enumerate_soon: probes a target, or all targets, in full soon; returns whether there is any.
        more: routes of other parts of the service.
    """
    routes = [
        _metrics_route(service_registry),
        *_health_routes(is_ready),
        _status_route(status),
        *_admin_routes(reload, enumerate_soon),
        *more,
    ]
    app = Starlette(routes=routes, exception_handlers={404: not_served, 405: not_served})
    # Starlette would redirect a client to the host of its own Host header.
    app.router.redirect_slashes = False
    return app


def _metrics_route(registry: CollectorRegistry) -> Route:
    # Its gauges read parts of the service that live in the event loop, and the page is short.
    async def as_text() -> Body:
        return await body_of(generate_latest(registry))

    async def as_openmetrics() -> Body:
        return await body_of(generate_openmetrics(registry))

    shared = {False: Shared(as_text), True: Shared(as_openmetrics)}

    async def service_metrics(request: Request, _: Query) -> Response:
        is_open = wants_openmetrics(request)
        headers = {"content-type": content_type(is_openmetrics=is_open)}
        return respond(request, await shared[is_open].get(), headers)

    return route("/metrics", service_metrics)


def _health_routes(is_ready: Callable[[], bool]) -> tuple[Route, ...]:
    async def healthy(_: Request, __: Query) -> Response:
        return text_answer("healthy")

    async def ready(_: Request, __: Query) -> Response:
        if is_ready():
            return text_answer("ready")
        return text_answer("not ready", status_code=503)

    return route("/-/healthy", healthy), route("/-/ready", ready)


def _status_route(status: Callable[[], Mapping[str, Any]]) -> Route:
    async def written() -> Body:
        return await body_of(json.dumps(status(), separators=(",", ":")).encode())

    shared = Shared(written)

    async def running_status(request: Request, _: Query) -> Response:
        return respond(request, await shared.get(), {"content-type": "application/json"})

    return route("/-/status", running_status)


def _admin_routes(
    reload: Callable[[Principal], Awaitable[str | None]],
    enumerate_soon: Callable[[str | None, Principal], Awaitable[bool]],
) -> tuple[Route, ...]:
    async def read_again(request: Request, _: Query) -> Response:
        reason = await reload(principal_of(request))
        if reason is None:
            return text_answer("reloaded")
        return text_answer(reason, status_code=400)

    async def ask_all_again(request: Request, query: Query) -> Response:
        wanted = query.get("target")
        if await enumerate_soon(wanted, principal_of(request)):
            return text_answer("soon", status_code=202)
        reason = f"unknown target {wanted!r}: use a name from the metrics, such as a.test:443"
        return text_answer(f"{reason if wanted else 'there are no targets yet'}\n", status_code=404)

    return (
        route("/-/reload", read_again, method="POST"),
        route("/-/enumerate", ask_all_again, method="POST", once=("target",), role=Role.OPERATOR),
    )


def inventory_route(inventory_page: InventoryPage) -> Route:
    """The route ``/metrics/endpoints``."""

    async def endpoint_metrics(request: Request, query: Query) -> Response:
        shard = _shard(query.get("shard"))
        is_open = wants_openmetrics(request)
        headers = {
            "content-type": content_type(is_openmetrics=is_open),
            "vary": "Accept, Accept-Encoding",
        }
        try:
            pieces = await inventory_page.compressed(is_openmetrics=is_open, shard=shard)
        except (NoSnapshotError, TooManyTotalsError) as error:
            return text_answer(error, status_code=503)
        if takes_gzip(request):
            length = {"content-encoding": "gzip", "content-length": str(sum(map(len, pieces)))}
            return StreamingResponse(_as_stream(pieces), headers=headers | length)
        return StreamingResponse(_as_stream(decompressed(pieces)), headers=headers)

    return route("/metrics/endpoints", endpoint_metrics, once=("shard",))


def _shard(text: str | None) -> Shard:
    if text is None:
        return WHOLE
    index, _, total = text.partition("/")
    is_shard = _SHARD.fullmatch(text) is not None
    if not is_shard or not int(index) < int(total) <= MOST_SHARDS:
        raise QueryError(
            "shard must be INDEX/TOTAL, as in 0/4, 1/4, 2/4 and 3/4, with a total of at most "
            f"{MOST_SHARDS}, not {text[:20]!r}"
        )
    return Shard(int(index), int(total))


async def _as_stream(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        # Let other tasks run between the pieces, however fast the client reads.
        await asyncio.sleep(0)
